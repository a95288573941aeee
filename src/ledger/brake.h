// The brake: a key that spends faster than it may is stopped. The book sees it first, refuses the key's further holds
// from memory at once, and tells whoever keeps keys to freeze it durably; unfreezing there gives it free here.
#pragma once

#include <cstdint>
#include <string>

#include "base/ids.h"

namespace aig::ledger {

struct Braked {
    KeyId key;
    AccountId account;
    int64_t nanos_per_minute = 0;
    int64_t at_us = 0;
};

}  // namespace aig::ledger
