// The charges of an account one by one, from the request log, for its list of transactions: newest first, in pages.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "store/db.h"

namespace aig::records {

/// Where a page ended: the next one begins behind it. {0, 0} = the newest.
struct ChargeCursor {
    int64_t started_us = 0, id = 0;
};
struct Charged {
    ChargeCursor at;
    KeyId key;
    std::string request_id, model, tag;
    int64_t cost_nanos = 0;
};
/// Calls that cost something.
Result<std::vector<Charged>> charges(store::Db& db, AccountId account, ChargeCursor behind, int64_t limit);

}  // namespace aig::records
