#include "records/margin.h"

#include <fmt/format.h>

#include <map>
#include <tuple>

#include "records/detail/call_pages.h"
#include "records/records_store.h"

namespace aig::records {
namespace {
constexpr int64_t day_us = 86'400'000'000;

// The log's index is by account and time: the accounts in it are found by skipping from one to the next, and of each
// only the days that are asked for are read.
#define ACCOUNTS_IN_LOG                                                                                            \
    "WITH RECURSIVE who(id) AS (SELECT MIN(account_id) FROM call UNION ALL SELECT (SELECT MIN(n.account_id) FROM " \
    "call n WHERE n.account_id > who.id) FROM who WHERE who.id IS NOT NULL) "
#define OF_THE_DAYS \
    "c.account_id IN (SELECT id FROM who WHERE id IS NOT NULL) AND c.started_us >= ?1 AND c.started_us < ?2"
// A wallet's currency is fixed, so that of the account's main wallet is the one of every charge.
#define MARGIN_COLUMNS \
    "c.request_id, c.account_id, c.model, c.provider, c.started_us, c.error_code, c.cost_nanos, c.operator_cost_nanos"
constexpr char margin_calls[] = ACCOUNTS_IN_LOG
    "SELECT l.request_id, l.account_id, l.model, l.provider, l.started_us, l.error_code, l.cost_nanos, "
    "l.operator_cost_nanos, COALESCE(w.currency, 'USD') FROM (SELECT " MARGIN_COLUMNS " FROM call c WHERE " OF_THE_DAYS
    " UNION ALL SELECT " MARGIN_COLUMNS " FROM " CALLS_IN_PAGES
    ") l LEFT JOIN wallet w ON w.account_id = l.account_id AND w.kind = 0";
constexpr char cost_calls[] =
    ACCOUNTS_IN_LOG "SELECT c.request_id, c.started_us, c.cost_nanos FROM call c WHERE " OF_THE_DAYS
                    " UNION ALL SELECT c.request_id, c.started_us, c.cost_nanos FROM " CALLS_IN_PAGES;
#undef ACCOUNTS_IN_LOG
#undef OF_THE_DAYS
#undef MARGIN_COLUMNS
constexpr const char* all_statements[] = {margin_calls, cost_calls};

using Key = std::tuple<int64_t, std::string, std::string, int64_t, std::string>;

/// Sums that must fit: money is never wrapped.
struct Sums {
    MarginRow& row;
    bool fits = true;
    void add(int64_t& sum, int64_t v) { fits = !__builtin_add_overflow(sum, v, &sum) && fits; }
};

/// The USD of what was paid of a charge: all of it, or the paid share of it, rounded down.
int64_t paid_usd(int64_t usd, int64_t cost, int64_t overage) {
    if (overage == 0 || cost == 0) return usd;
    return static_cast<int64_t>(static_cast<__int128>(usd) * (cost - overage) / cost);
}

bool add(MarginRow& row, const store::Query& q, const BeyondByRequest& beyond) {
    Sums sums{row};
    const auto found = beyond.find(std::string(q.text(0)));
    const Beyond b = found == beyond.end() ? Beyond{} : found->second;
    const int64_t cost = q.integer(6), operator_cost = q.integer(7);
    ++row.calls;
    row.failed += !q.text(5).empty();
    sums.add(row.charged_nanos, cost - b.overage_nanos);
    sums.add(row.overage_nanos, b.overage_nanos);
    if (row.currency != "USD" && !b.usd_nanos && cost > 0)
        ++row.without_rate;
    else
        sums.add(row.charged_usd_nanos, paid_usd(b.usd_nanos.value_or(cost), cost, b.overage_nanos));
    sums.add(row.operator_cost_nanos, operator_cost);
    sums.add(row.operator_loss_nanos, b.loss_nanos);
    return sums.fits;
}
}  // namespace

Result<std::vector<MarginRow>> margin(store::Db& db, int64_t from_us, int64_t to_us, MarginBy by,
                                      const BeyondByRequest& beyond, size_t most) {
    std::map<Key, MarginRow> rows;
    auto q = db.query(margin_calls);
    q.bind(from_us).bind(to_us).bind(end_of_hour(to_us - 1));
    while (true) {
        TRY(const bool more, q.step());
        if (!more) break;
        Key key{by.day ? q.integer(4) / day_us : -1, by.model ? q.text(2) : "", by.provider ? q.text(3) : "",
                by.account ? q.integer(1) : 0, q.text(8)};
        auto [at, made] = rows.try_emplace(std::move(key));
        auto& row = at->second;
        if (made) std::tie(row.day, row.model, row.provider, row.account.value, row.currency) = at->first;
        if (rows.size() > most)
            return Error(ErrorCode::bad_param,
                         fmt::format("The report would have more than {} rows: choose fewer days or columns.", most))
                .param("by");
        if (!add(row, q, beyond)) return Error(ErrorCode::internal, "the sums of the report do not fit 64 bits");
    }
    std::vector<MarginRow> out;
    for (auto& [key, row] : rows) out.push_back(std::move(row));
    return out;
}

Status each_cost(store::Db& db, int64_t from_us, int64_t to_us, const std::function<void(const LoggedCost&)>& see) {
    auto q = db.query(cost_calls);
    q.bind(from_us).bind(to_us).bind(end_of_hour(to_us - 1));
    while (true) {
        TRY(const bool more, q.step());
        if (!more) return {};
        see({q.text(0), q.integer(1), q.integer(2)});
    }
}

namespace sql {
std::span<const char* const> margin_statements() { return all_statements; }
}  // namespace sql
}  // namespace aig::records
