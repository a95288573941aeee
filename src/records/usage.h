// What an account used, summed by one thing over whole UTC days: the reports of /v1/usage, the portal and the CLI.
// They read the daily sums that the log writes with each charge, so they agree with the ledger to the nano.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "records/records.h"

namespace aig::records {

enum class UsageBy : uint8_t { day, model, key, tag, sub_account };

struct UsageQuery {
    AccountId account;
    SubAccountId sub_account;             ///< 0 = all of the account
    KeyId key;                            ///< 0 = all
    int64_t first_day = 0, last_day = 0;  ///< days since 1970, both included
    UsageBy by = UsageBy::day;
    int64_t limit = 1'000;
};
struct UsageRow {
    std::string name;  ///< the day ("2026-11-21"), model or tag ("" = none); "" for keys and sub-accounts
    int64_t id = 0;    ///< key or sub-account (0 = the account itself)
    Spend spend;
};
struct UsageReport {
    std::vector<UsageRow> rows;  ///< days in order; all others by cost, the dearest first
    Spend total;                 ///< of all rows, also those beyond the limit
    bool more = false;
};
Result<UsageReport> usage(store::Db& db, const UsageQuery& query);
/// The sum alone; `by` and `limit` say nothing.
Result<Spend> usage_total(store::Db& db, const UsageQuery& query);

/// The calls of this UTC day by keys that have a daily limit, rotated keys under the first of their line.
Result<std::vector<std::pair<KeyId, int64_t>>> requests_today(store::Db& db, int64_t now_us);

/// "2026-11-21" -> days since 1970; bad_param for what is no day of the calendar.
Result<int64_t> parse_day(std::string_view text);
/// "2026-11" -> its first and last day.
Result<std::pair<int64_t, int64_t>> parse_month(std::string_view text);

}  // namespace aig::records
