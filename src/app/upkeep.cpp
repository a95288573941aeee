#include "app/upkeep.h"

#include "base/log.h"
#include "base/time.h"
#include "rt/event.h"

namespace aig::app {
namespace {
constexpr int64_t period_ms = 60'000;
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
    if (auto closed = ledger::close_ended_days(store_, key_, now_us()); !closed)
        log::error("ledger_days", {{"why", closed.error().message()}});
    store::Batch batch;
    batch.ops.push_back(book_.expire_bonuses());
    if (auto done = store_.commit_now(std::move(batch)); !done)
        log::error("ledger_expiry", {{"why", done.error().message()}});
}

}  // namespace aig::app
