#include "store/outbox.h"

#include "base/time.h"

namespace aig::store {
namespace {
constexpr size_t max_type = 64, max_dedupe = 200, max_data = 16 * 1024;
constexpr char insert[] =
    "INSERT INTO event (type, account_id, dedupe, data, at_us) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
constexpr char of_account[] =
    "SELECT id, type, account_id, dedupe, data, at_us FROM event WHERE account_id = ? AND id > ? ORDER BY id LIMIT ?";
constexpr char of_all[] =
    "SELECT id, type, account_id, dedupe, data, at_us FROM event WHERE id > ? ORDER BY id LIMIT ?";

Status in_bounds(const Event& e) {
    if (e.type.empty() || e.type.size() > max_type || e.dedupe.size() > max_dedupe || e.data_json.size() > max_data ||
        e.data_json.empty())
        return Error(ErrorCode::internal, "an event's texts are out of bounds: " + e.type.substr(0, max_type));
    return {};
}

class EventOp : public Op {
  public:
    explicit EventOp(Event e) : event_(std::move(e)) {}
    Status check(Db&) override { return in_bounds(event_); }
    Status apply(Db& db) override { return emit(db, event_); }

  private:
    Event event_;
};

Result<std::vector<StoredEvent>> rows(Query q) {
    std::vector<StoredEvent> out;
    for (;;) {
        TRY(const bool row, q.step());
        if (!row) return out;
        out.push_back({q.integer(0),
                       {std::string(q.text(1)), AccountId{q.integer(2)}, std::string(q.text(3)), std::string(q.text(4)),
                        q.integer(5)}});
    }
}
}  // namespace

std::unique_ptr<Op> event(Event e) { return std::make_unique<EventOp>(std::move(e)); }

Status emit(Db& db, const Event& e) {
    TRYV(in_bounds(e));
    auto q = db.query(insert);
    q.bind(e.type).bind(e.account.value);
    if (e.dedupe.empty())
        q.bind_null();
    else
        q.bind(e.dedupe);
    q.bind(e.data_json).bind(e.at_us ? e.at_us : now_us());
    TRYV(q.run());
    return {};
}

Result<std::vector<StoredEvent>> events(Db& db, AccountId account, int64_t after, int64_t limit) {
    auto q = db.query(of_account);
    q.bind(account.value).bind(after).bind(limit);
    return rows(std::move(q));
}
Result<std::vector<StoredEvent>> all_events(Db& db, int64_t after, int64_t limit) {
    auto q = db.query(of_all);
    q.bind(after).bind(limit);
    return rows(std::move(q));
}

}  // namespace aig::store
