#include "records/records_store.h"

#include <algorithm>
#include <tuple>

#include "records/records.h"
#include "store/deferred.h"

namespace aig::records {
namespace {
constexpr int64_t day_us = 86'400'000'000;
constexpr size_t max_text = 512;
constexpr int64_t max_rows = 1'000;

#define CALL_COLUMNS                                                                                                   \
    "request_id, correlation_id, account_id, key_id, sub_account_id, model, provider, upstream_model, operation, "     \
    "tag, error_code, "                                                                                                \
    "losses, "                                                                                                         \
    "stop_reason, started_us, duration_us, first_byte_us, status, attempts, flags, input, cached_input, cache_write, " \
    "output, "                                                                                                         \
    "reasoning, cost_nanos, operator_cost_nanos"
#define CALL_ROW "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
constexpr char call_insert[] = "INSERT INTO call (" CALL_COLUMNS ") VALUES " CALL_ROW;
constexpr size_t rows_at_once = 8;
constexpr char call_insert_8[] = "INSERT INTO call (" CALL_COLUMNS ") VALUES " CALL_ROW ", " CALL_ROW ", " CALL_ROW
                                 ", " CALL_ROW ", " CALL_ROW ", " CALL_ROW ", " CALL_ROW ", " CALL_ROW;
#undef CALL_ROW
constexpr char call_recent[] =
    "SELECT " CALL_COLUMNS " FROM call WHERE account_id = ? ORDER BY started_us DESC, id DESC LIMIT ?";
constexpr char call_recent_sub[] = "SELECT " CALL_COLUMNS
                                   " FROM call WHERE sub_account_id = ? AND sub_account_id <> 0 AND account_id = ? "
                                   "ORDER BY started_us DESC, id DESC LIMIT ?";
constexpr char call_recent_all[] = "SELECT " CALL_COLUMNS " FROM call ORDER BY id DESC LIMIT ?";
#undef CALL_COLUMNS
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
constexpr char call_sum[] =
    "SELECT COALESCE(SUM(cost_nanos), 0), COUNT(*), COALESCE(SUM(input + cached_input + cache_write), 0), "
    "COALESCE(SUM(output + reasoning), 0) FROM call WHERE account_id = ? AND started_us >= ? AND started_us < ?";
constexpr char call_sum_key[] =
    "SELECT COALESCE(SUM(cost_nanos), 0), COUNT(*), COALESCE(SUM(input + cached_input + cache_write), 0), "
    "COALESCE(SUM(output + reasoning), 0) FROM call WHERE account_id = ? AND started_us >= ? AND started_us < ? AND "
    "key_id = ?";
constexpr const char* all_statements[] = {call_insert, call_insert_8, call_recent, call_recent_sub, call_recent_all,
                                          day_add,     day_sum,       day_sum_key, call_sum,        call_sum_key};

std::string_view clip(const std::string& text) { return std::string_view(text).substr(0, max_text); }
int64_t day_of(int64_t us) { return us >= 0 ? us / day_us : (us - day_us + 1) / day_us; }
int64_t input_of(const CallRecord& c) { return c.input + c.cached_input + c.cache_write; }
int64_t flags_of(const CallRecord& c) { return (c.streamed ? 1 : 0) | (c.estimated ? 2 : 0) | (c.lossless ? 4 : 0); }

void bind(store::Query& q, const CallRecord& c) {
    q.bind_ref(clip(c.request_id)).bind_ref(clip(c.correlation_id));
    q.bind(c.account.value).bind(c.key.value).bind(c.sub_account.value);
    for (const auto* text :
         {&c.model, &c.provider, &c.upstream_model, &c.operation, &c.tag, &c.error_code, &c.losses, &c.stop_reason})
        q.bind_ref(clip(*text));
    for (const int64_t v :
         {c.started_us, c.duration_us, c.first_byte_us, int64_t{c.status}, int64_t{c.attempts}, flags_of(c), c.input,
          c.cached_input, c.cache_write, c.output, c.reasoning, c.cost_nanos, c.operator_cost_nanos})
        q.bind(v);
}

/// The calls of one transaction, which live in its Ops: several rows a statement, and one for each row of the daily
/// sums however many of them it counts.
class CallRows final : public store::Deferred {
  public:
    void add(const CallRecord& call) { calls_.push_back(&call); }
    Status flush(store::Db& db) override {
        if (calls_.empty()) return {};
        size_t i = 0;
        for (; calls_.size() - i >= rows_at_once; i += rows_at_once) TRYV(insert(db, call_insert_8, i, rows_at_once));
        for (; i < calls_.size(); ++i) TRYV(insert(db, call_insert, i, 1));
        TRYV(add_to_days(db));
        drop();
        return {};
    }
    void drop() override { calls_.clear(); }

  private:
    using Calls = std::vector<const CallRecord*>;

    Status insert(store::Db& db, const char* sql, size_t from, size_t n) {
        auto q = db.query(sql);
        for (size_t i = 0; i < n; ++i) bind(q, *calls_[from + i]);
        TRYV(q.run());
        return {};
    }
    static auto day_row(const CallRecord& c) {
        return std::tuple(c.account.value, c.key.value, day_of(c.started_us), clip(c.model), clip(c.tag));
    }
    Status add_to_days(store::Db& db) {
        std::sort(calls_.begin(), calls_.end(), [](const auto* a, const auto* b) { return day_row(*a) < day_row(*b); });
        for (auto first = calls_.begin(); first != calls_.end();) {
            const auto last =
                std::find_if(first, calls_.end(), [&](const auto* c) { return day_row(*c) != day_row(**first); });
            TRYV(add_to_day(db, first, last));
            first = last;
        }
        return {};
    }
    static Status add_to_day(store::Db& db, Calls::const_iterator first, Calls::const_iterator last) {
        Spend sum;
        sum.calls = last - first;
        for (auto it = first; it != last; ++it) {
            sum.cost_nanos += (*it)->cost_nanos;
            sum.input += input_of(**it);
            sum.output += (*it)->output + (*it)->reasoning;
        }
        const CallRecord& c = **first;
        auto q = db.query(day_add);
        q.bind(c.account.value).bind(day_of(c.started_us)).bind(c.key.value);
        q.bind_ref(clip(c.model)).bind_ref(clip(c.tag)).bind(c.sub_account.value);
        q.bind(sum.calls).bind(sum.cost_nanos).bind(sum.input).bind(sum.output);
        TRYV(q.run());
        return {};
    }
    Calls calls_;
};

class RecordOp : public store::Op {
  public:
    explicit RecordOp(CallRecord call) : call_(std::move(call)) {}
    Status apply(store::Db&) override {
        store::deferred<CallRows>().add(call_);
        return {};
    }

  private:
    CallRecord call_;
};

CallRecord call_of(const store::Query& q) {
    CallRecord c;
    int i = 0;
    const auto text = [&] { return std::string(q.text(i++)); };
    const auto number = [&] { return q.integer(i++); };
    c.request_id = text();
    c.correlation_id = text();
    c.account.value = number();
    c.key.value = number();
    c.sub_account.value = number();
    for (auto* field :
         {&c.model, &c.provider, &c.upstream_model, &c.operation, &c.tag, &c.error_code, &c.losses, &c.stop_reason})
        *field = text();
    c.started_us = number();
    c.duration_us = number();
    c.first_byte_us = number();
    c.status = static_cast<int>(number());
    c.attempts = static_cast<int>(number());
    const int64_t flags = number();
    c.streamed = flags & 1;
    c.estimated = flags & 2;
    c.lossless = flags & 4;
    for (auto* field :
         {&c.input, &c.cached_input, &c.cache_write, &c.output, &c.reasoning, &c.cost_nanos, &c.operator_cost_nanos})
        *field = number();
    return c;
}

/// Adds the one row of a sum.
Status add_sum(store::Query q, Spend& sum) {
    TRYV(q.step());
    sum.cost_nanos += q.integer(0);
    sum.calls += q.integer(1);
    sum.input += q.integer(2);
    sum.output += q.integer(3);
    return {};
}
Status add_range(store::Db& db, const char* all, const char* of_key, AccountId account, KeyId key, int64_t from,
                 int64_t to, Spend& sum) {
    if (from >= to) return {};
    auto q = db.query(key ? of_key : all);
    q.bind(account.value).bind(from).bind(to);
    if (key) q.bind(key.value);
    return add_sum(std::move(q), sum);
}
}  // namespace

std::unique_ptr<store::Op> record(CallRecord call) { return std::make_unique<RecordOp>(std::move(call)); }

Result<std::vector<CallRecord>> recent(store::Db& db, AccountId account, int64_t limit, SubAccountId sub_account) {
    auto q = db.query(sub_account ? call_recent_sub : account ? call_recent : call_recent_all);
    if (sub_account) q.bind(sub_account.value);
    if (account) q.bind(account.value);
    q.bind(std::clamp<int64_t>(limit, 1, max_rows));
    std::vector<CallRecord> calls;
    for (;;) {
        TRY(const bool row, q.step());
        if (!row) return calls;
        calls.push_back(call_of(q));
    }
}

Result<Spend> spend(store::Db& db, AccountId account, KeyId key, int64_t from_us, int64_t to_us) {
    Spend sum;
    // Whole days from the daily sums, the pieces at both ends call by call.
    const int64_t first_day = day_of(from_us + day_us - 1), last_day = day_of(to_us);
    if (first_day >= last_day) {
        TRYV(add_range(db, call_sum, call_sum_key, account, key, from_us, to_us, sum));
        return sum;
    }
    TRYV(add_range(db, call_sum, call_sum_key, account, key, from_us, first_day * day_us, sum));
    TRYV(add_range(db, day_sum, day_sum_key, account, key, first_day, last_day, sum));
    TRYV(add_range(db, call_sum, call_sum_key, account, key, last_day * day_us, to_us, sum));
    return sum;
}

std::span<const char* const> sql::statements() { return all_statements; }

}  // namespace aig::records
