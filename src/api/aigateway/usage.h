// What an account's calls cost: /v1/usage and its spellings by tag, by sub-account, by day, and the newest calls. A key
// of a sub-account sees its sub-account's usage only.
#pragma once

#include "api/request.h"

namespace aig::api {

rt::Task<Status> usage(Request& request);
rt::Task<Status> usage_by_tag(Request& request);
rt::Task<Status> usage_by_sub_account(Request& request);
rt::Task<Status> usage_by_day(Request& request);
rt::Task<Status> usage_recent(Request& request);
/// GET /v1/sub-accounts/{id}/usage: for the account's own keys.
rt::Task<Status> sub_account_usage(Request& request);

/// Whole UTC days, both included, as days since 1970.
struct DayRange {
    int64_t first = 0, last = 0;
};
/// month=2026-11, from=2026-11-01&to=2026-11-21, window=30d, or none of them: the month of `now_us`. At most 366 days.
Result<DayRange> asked_days(std::string_view query, int64_t now_us);
/// limit=N within 1 and `most`.
Result<int64_t> asked_limit(std::string_view query, int64_t fallback, int64_t most);

}  // namespace aig::api
