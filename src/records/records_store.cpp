#include "records/records_store.h"

#include <algorithm>

#include "records/detail/call_pages.h"
#include "records/records.h"
#include "store/deferred.h"

namespace aig::records {
namespace {
constexpr int64_t day_us = 86'400'000'000;
constexpr int64_t max_rows = 1'000;

constexpr char day_add[] =
    "INSERT INTO usage_day (account_id, day, key_id, model, tag, sub_account_id, calls, cost_nanos, input, output) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (account_id, day, key_id, model, tag) DO UPDATE SET "
    "calls = usage_day.calls + excluded.calls, cost_nanos = usage_day.cost_nanos + excluded.cost_nanos, "
    "input = usage_day.input + excluded.input, output = usage_day.output + excluded.output";
constexpr char day_sum[] =
    "SELECT COALESCE(SUM(cost_nanos), 0), COALESCE(SUM(calls), 0), COALESCE(SUM(input), 0), COALESCE(SUM(output), 0) "
    "FROM usage_day "
    "WHERE account_id = ? AND day >= ? AND day < ?";
constexpr char day_sum_key[] =
    "SELECT COALESCE(SUM(cost_nanos), 0), COALESCE(SUM(calls), 0), COALESCE(SUM(input), 0), COALESCE(SUM(output), 0) "
    "FROM usage_day "
    "WHERE account_id = ? AND day >= ? AND day < ? AND key_id = ?";
#define SUM_OF_CALLS                                                                                                \
    "SELECT COALESCE(SUM(c.cost_nanos), 0), COUNT(*), COALESCE(SUM(c.input + c.cached_input + c.cache_write), 0), " \
    "COALESCE(SUM(c.output + c.reasoning), 0) FROM "
#define OF_THE_ACCOUNT "c.account_id = ?1 AND c.started_us >= ?2 AND c.started_us < ?3"
constexpr char call_sum[] = SUM_OF_CALLS "call c WHERE " OF_THE_ACCOUNT;
constexpr char call_sum_key[] = SUM_OF_CALLS "call c WHERE " OF_THE_ACCOUNT " AND c.key_id = ?4";
#define PAGES_OF_THE_ACCOUNT                                                                                  \
    "call_page_account a JOIN call_paged c ON c.page = a.page AND c.sub_account_id = a.sub_account_id WHERE " \
    "a.account_id = ?1 AND a.last_us >= ?2 AND a.last_us < "
constexpr char paged_sum[] = SUM_OF_CALLS PAGES_OF_THE_ACCOUNT "?4 AND " OF_THE_ACCOUNT;
constexpr char paged_sum_key[] = SUM_OF_CALLS PAGES_OF_THE_ACCOUNT "?5 AND " OF_THE_ACCOUNT " AND c.key_id = ?4";
#undef SUM_OF_CALLS
#undef OF_THE_ACCOUNT
#undef PAGES_OF_THE_ACCOUNT
constexpr const char* own_statements[] = {day_add,      day_sum,   day_sum_key,  call_sum,
                                          call_sum_key, paged_sum, paged_sum_key};

int64_t day_of(int64_t us) { return us >= 0 ? us / day_us : (us - day_us + 1) / day_us; }
int64_t input_of(const CallRecord& c) { return c.input + c.cached_input + c.cache_write; }
/// The calls of one transaction, which live in its Ops: a page, and one statement for each row of the daily sums
/// however many of them it counts.
class CallRows final : public store::Deferred {
  public:
    void add(const CallRecord& call) { calls_.push_back(&call); }
    Status flush(store::Db& db) override {
        if (calls_.empty()) return {};
        TRYV(pages_.write(db, calls_));
        TRYV(add_to_days(db));
        calls_.clear();
        return {};
    }
    void drop() override {
        calls_.clear();
        pages_.forget();
    }

  private:
    /// A row of the daily sums, by its first call.
    struct Day {
        const CallRecord* call;
        int64_t day;
        Spend sum;
        bool is_of(const CallRecord& c, int64_t day_of_c) const {
            return call->account == c.account && call->key == c.key && day == day_of_c &&
                   clip(call->model) == clip(c.model) && clip(call->tag) == clip(c.tag);
        }
    };
    Status add_to_days(store::Db& db) {
        days_.clear();
        for (const auto* c : calls_) count(*c);
        for (const auto& d : days_) TRYV(add_to_day(db, d));
        return {};
    }
    void count(const CallRecord& c) {
        const int64_t day = day_of(c.started_us);
        auto it = std::find_if(days_.rbegin(), days_.rend(), [&](const Day& d) { return d.is_of(c, day); });
        if (it == days_.rend()) {
            days_.push_back({&c, day, {}});
            it = days_.rbegin();
        }
        it->sum.calls += 1;
        it->sum.cost_nanos += c.cost_nanos;
        it->sum.input += input_of(c);
        it->sum.output += c.output + c.reasoning;
    }
    static Status add_to_day(store::Db& db, const Day& d) {
        const CallRecord& c = *d.call;
        auto q = db.query(day_add);
        q.bind(c.account.value).bind(d.day).bind(c.key.value);
        q.bind_ref(clip(c.model)).bind_ref(clip(c.tag)).bind(c.sub_account.value);
        q.bind(d.sum.calls).bind(d.sum.cost_nanos).bind(d.sum.input).bind(d.sum.output);
        TRYV(q.run());
        return {};
    }
    std::vector<const CallRecord*> calls_;
    std::vector<Day> days_;
    CallPages pages_;
};

class RecordOp : public store::Op {
  public:
    explicit RecordOp(std::unique_ptr<CallRecord> call) : call_(std::move(call)) {}
    Status apply(store::Db&) override {
        store::deferred<CallRows>().add(*call_);
        return {};
    }

  private:
    std::unique_ptr<CallRecord> call_;  // which was filled in where it is: a dozen texts that never move
};

/// Adds the one row of a sum.
Status add_sum(store::Query q, Spend& sum) {
    TRYV(q.step());
    sum.cost_nanos += q.integer(0);
    sum.calls += q.integer(1);
    sum.input += q.integer(2);
    sum.output += q.integer(3);
    return {};
}
Status add_days(store::Db& db, AccountId account, KeyId key, int64_t from_day, int64_t to_day, Spend& sum) {
    auto q = db.query(key ? day_sum_key : day_sum);
    q.bind(account.value).bind(from_day).bind(to_day);
    if (key) q.bind(key.value);
    return add_sum(std::move(q), sum);
}
Status add_calls(store::Db& db, AccountId account, KeyId key, int64_t from_us, int64_t to_us, Spend& sum) {
    if (from_us >= to_us) return {};
    auto rows = db.query(key ? call_sum_key : call_sum), paged = db.query(key ? paged_sum_key : paged_sum);
    for (auto* q : {&rows, &paged}) {
        q->bind(account.value).bind(from_us).bind(to_us);
        if (key) q->bind(key.value);
    }
    TRYV(add_sum(std::move(rows), sum));
    paged.bind(end_of_hour(to_us - 1));
    return add_sum(std::move(paged), sum);
}
}  // namespace

std::unique_ptr<store::Op> record(std::unique_ptr<CallRecord> call) {
    return std::make_unique<RecordOp>(std::move(call));
}

Result<std::vector<CallRecord>> recent(store::Db& db, AccountId account, int64_t limit, SubAccountId sub_account) {
    const auto most = static_cast<size_t>(std::clamp<int64_t>(limit, 1, max_rows));
    Newest which{account, sub_account};
    which.limit = most;
    TRY(auto stored, account ? newest_calls(db, which) : last_calls(db, most));
    std::vector<CallRecord> calls;
    for (auto& s : stored) calls.push_back(std::move(s.call));
    return calls;
}

Result<Spend> spend(store::Db& db, AccountId account, KeyId key, int64_t from_us, int64_t to_us) {
    Spend sum;
    // Whole days from the daily sums, the pieces at both ends call by call.
    const int64_t first_day = day_of(from_us + day_us - 1), last_day = day_of(to_us);
    if (first_day >= last_day) {
        TRYV(add_calls(db, account, key, from_us, to_us, sum));
        return sum;
    }
    TRYV(add_calls(db, account, key, from_us, first_day * day_us, sum));
    TRYV(add_days(db, account, key, first_day, last_day, sum));
    TRYV(add_calls(db, account, key, last_day * day_us, to_us, sum));
    return sum;
}

std::span<const char* const> sql::statements() { return own_statements; }
std::span<const char* const> sql::call_page_statements() { return records::call_page_statements(); }

}  // namespace aig::records
