#include "app/upkeep.h"

#include "base/json.h"
#include "base/log.h"
#include "base/money.h"
#include "base/time.h"
#include "records/usage.h"
#include "rt/event.h"

namespace aig::app {
namespace {
constexpr int64_t period_ms = 60'000;
constexpr int64_t most_rows = 20;

Status write_rows(store::Db& db, JsonWriter& w, records::UsageQuery query, std::string_view list,
                  std::string_view name) {
    TRY(const auto report, records::usage(db, query));
    w.key(list).begin_array();
    for (const auto& row : report.rows) {
        w.begin_object();
        row.name.empty() ? w.field_null(name) : w.field(name, row.name);
        w.field("requests", row.spend.calls).field_raw("cost_cents", cents_number(row.spend.cost_nanos)).end_object();
    }
    w.end_array();
    return {};
}

/// The request log knows them, the ledger does not. Its day is that in which a call began.
Result<std::string> by_model_and_tag(store::Db& db, AccountId account, int64_t day) {
    records::UsageQuery query;
    query.account = account;
    query.first_day = query.last_day = day;
    query.limit = most_rows;
    std::string out;
    JsonWriter w(out);
    w.begin_object();
    query.by = records::UsageBy::model;
    TRYV(write_rows(db, w, query, "by_model", "model"));
    query.by = records::UsageBy::tag;
    TRYV(write_rows(db, w, query, "by_tag", "tag"));
    w.end_object();
    return out.substr(1, out.size() - 2);
}
}  // namespace

void Upkeep::start(rt::Loop& loop) {
    loop.post([this] {
        timer_ = rt::Loop::current()->every(period_ms, [this] {
            if (gate_->running.exchange(true)) return;
            rt::Loop::current()->spawn([this] { return round(this, gate_); });
        });
    });
}

Upkeep::~Upkeep() {
    const std::lock_guard lock(gate_->mutex);
    gate_->open = false;
}

rt::Task<> Upkeep::round(Upkeep* self, std::shared_ptr<Gate> gate) {
    std::function<void()> work = [self, gate] {
        const std::lock_guard lock(gate->mutex);
        if (gate->open) self->run();
        gate->running = false;
    };
    auto ran = co_await rt::blocking(std::move(work));
    if (!ran) gate->running = false;
}

void Upkeep::run() {
    if (auto seen = watch_.step(); !seen) log::error("ledger_watch", {{"why", seen.error().message()}});
    if (auto closed = ledger::close_ended_days(store_, key_, now_us(), by_model_and_tag); !closed)
        log::error("ledger_days", {{"why", closed.error().message()}});
    store::Batch batch;
    batch.ops.push_back(book_.expire_bonuses());
    if (auto done = store_.commit_now(std::move(batch)); !done)
        log::error("ledger_expiry", {{"why", done.error().message()}});
}

}  // namespace aig::app
