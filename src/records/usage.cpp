#include "records/usage.h"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "base/time.h"
#include "records/records_store.h"

namespace aig::records {
namespace {
constexpr int64_t day_us = 86'400'000'000;
constexpr int64_t max_rows = 10'000;

// The same question by five things; each a literal, because statements are.
#define SUMS "SUM(calls), SUM(cost_nanos), SUM(input), SUM(output) FROM usage_day "
#define OF_ACCOUNT \
    "WHERE account_id = ? AND day >= ? AND day <= ? AND (? = 0 OR sub_account_id = ?) AND (? = 0 OR key_id = ?) "
#define DEAREST_FIRST "ORDER BY SUM(cost_nanos) DESC, SUM(calls) DESC, 1, 2 LIMIT ?"
constexpr char by_day[] = "SELECT '', day, " SUMS OF_ACCOUNT "GROUP BY day ORDER BY day LIMIT ?";
constexpr char by_model[] = "SELECT model, 0, " SUMS OF_ACCOUNT "GROUP BY model " DEAREST_FIRST;
constexpr char by_tag[] = "SELECT tag, 0, " SUMS OF_ACCOUNT "GROUP BY tag " DEAREST_FIRST;
constexpr char by_key[] = "SELECT '', key_id, " SUMS OF_ACCOUNT "GROUP BY key_id " DEAREST_FIRST;
constexpr char by_sub_account[] =
    "SELECT '', sub_account_id, " SUMS OF_ACCOUNT "GROUP BY sub_account_id " DEAREST_FIRST;
constexpr char in_all[] =
    "SELECT COALESCE(SUM(calls), 0), COALESCE(SUM(cost_nanos), 0), COALESCE(SUM(input), 0), COALESCE(SUM(output), 0) "
    "FROM usage_day " OF_ACCOUNT;
constexpr char of_today[] =
    "SELECT CASE WHEN k.line = 0 THEN k.id ELSE k.line END, SUM(u.calls) FROM api_key k JOIN usage_day u ON "
    "u.account_id = k.account_id AND u.day = ? AND u.key_id = k.id WHERE k.rpd IS NOT NULL GROUP BY 1";
#undef SUMS
#undef OF_ACCOUNT
#undef DEAREST_FIRST
constexpr const char* all_statements[] = {by_day, by_model, by_key, by_tag, by_sub_account, in_all, of_today};
static_assert(static_cast<size_t>(UsageBy::sub_account) == 4, "in the order of UsageBy");

void bind(store::Query& q, const UsageQuery& u) {
    q.bind(u.account.value).bind(u.first_day).bind(u.last_day).bind(u.sub_account.value).bind(u.sub_account.value);
    q.bind(u.key.value).bind(u.key.value);
}

Spend spend_of(const store::Query& q, int first) {
    return {q.integer(first + 1), q.integer(first), q.integer(first + 2), q.integer(first + 3)};
}

Result<int> digits(std::string_view text) {
    int value = 0;
    const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool plain = std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (text.empty() || bad != std::errc{} || end != text.data() + text.size() || !plain)
        return Error(ErrorCode::bad_param);
    return value;
}

Result<std::chrono::year_month> month_of(std::string_view text) {
    Error wrong(ErrorCode::bad_param, "a month is written as in 2026-11");
    if (text.size() != 7 || text[4] != '-') return wrong;
    const auto year = digits(text.substr(0, 4)), month = digits(text.substr(5));
    if (!year || !month || *month < 1 || *month > 12 || *year < 1970) return wrong;
    return std::chrono::year_month(std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)));
}

int64_t days(std::chrono::year_month_day d) { return std::chrono::sys_days(d).time_since_epoch().count(); }
}  // namespace

Result<UsageReport> usage(store::Db& db, const UsageQuery& u) {
    UsageReport report;
    const int64_t limit = std::clamp<int64_t>(u.limit, 1, max_rows);
    auto q = db.query(all_statements[static_cast<size_t>(u.by)]);
    bind(q, u);
    q.bind(limit + 1);
    for (;;) {
        TRY(const bool row, q.step());
        if (!row) break;
        if (static_cast<int64_t>(report.rows.size()) == limit) {
            report.more = true;
            break;
        }
        UsageRow r{std::string(q.text(0)), q.integer(1), spend_of(q, 2)};
        if (u.by == UsageBy::day) r.name = utc_day(std::exchange(r.id, 0) * day_us);
        report.rows.push_back(std::move(r));
    }
    TRY(report.total, usage_total(db, u));
    return report;
}

Result<Spend> usage_total(store::Db& db, const UsageQuery& u) {
    auto sum = db.query(in_all);
    bind(sum, u);
    TRYV(sum.step());
    return spend_of(sum, 0);
}

Result<std::vector<std::pair<KeyId, int64_t>>> requests_today(store::Db& db, int64_t now_us) {
    std::vector<std::pair<KeyId, int64_t>> counts;
    auto q = db.query(of_today);
    q.bind(now_us / day_us);
    for (;;) {
        TRY(const bool row, q.step());
        if (!row) return counts;
        counts.emplace_back(KeyId{q.integer(0)}, q.integer(1));
    }
}

Result<int64_t> parse_day(std::string_view text) {
    Error wrong(ErrorCode::bad_param, "a day is written as in 2026-11-21");
    if (text.size() != 10 || text[7] != '-') return wrong;
    const auto month = month_of(text.substr(0, 7));
    const auto day = digits(text.substr(8));
    if (!month || !day) return wrong;
    const std::chrono::year_month_day date = *month / std::chrono::day(static_cast<unsigned>(*day));
    if (!date.ok()) return wrong;
    return days(date);
}

Result<std::pair<int64_t, int64_t>> parse_month(std::string_view text) {
    TRY(const auto month, month_of(text));
    return std::pair(days(month / std::chrono::day(1)), days(std::chrono::year_month_day(month / std::chrono::last)));
}

std::span<const char* const> sql::usage_statements() { return all_statements; }

}  // namespace aig::records
