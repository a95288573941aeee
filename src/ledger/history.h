// An account's movements but for charges, as its owner sees them: deposits, coupons, refunds, corrections, expired
// bonuses. Newest first, in pages. Charges are in the request log, one row a call, to the nano the same.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "store/db.h"

namespace aig::ledger {

struct Movement {
    int64_t entry = 0;
    std::string_view kind;     ///< "deposit", "coupon", "refund", "adjustment", "expiry", "payout"
    int64_t amount_nanos = 0;  ///< below zero: it left the wallet
    int64_t at_us = 0;
    bool bonus = false;  ///< of a bonus wallet
    std::string ref, memo;
};
/// Entries below `before` (0 = the newest), at most `limit`.
Result<std::vector<Movement>> movements(store::Db& db, AccountId account, int64_t before, int64_t limit);

}  // namespace aig::ledger
