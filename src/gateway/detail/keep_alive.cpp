#include "gateway/detail/keep_alive.h"

#include "base/time.h"

namespace aig::gateway {
namespace {
constexpr int64_t first_ping_ms = 10'000, ping_ms = 15'000, tick_ms = 1'000, drain_ms = 120'000;
}  // namespace

struct KeepAlive::State {
    Flow* flow;  ///< null once the call has moved on
    bool waiting = false, writing = false;
    int64_t touched_ms = mono_ms();
    std::function<void()> resume;  ///< whoever awaits quiet()
    std::shared_ptr<void> tick;

    static rt::Task<> write_ping(std::shared_ptr<State> s) {
        Flow& f = *s->flow;  // alive: quiet() is awaited before the flow goes
        const auto ping = f.call.dialect->ping(f.envelope);
        if (!ping.empty()) {
            auto ok = co_await begin_stream(f);
            net::Pieces pieces{ping};
            if (ok) ok = co_await f.sink.write(std::move(pieces));
        }
        s->writing = false;
        s->touched_ms = mono_ms();
        if (s->resume) std::exchange(s->resume, nullptr)();
    }
    static void on_tick(const std::shared_ptr<State>& s) {
        if (!s->flow || !s->waiting || s->writing || s->flow->sink.stop().stopped()) return;
        if (mono_ms() - s->touched_ms < (s->flow->begun ? ping_ms : first_ping_ms)) return;
        s->writing = true;
        rt::Loop::current()->spawn([s] { return write_ping(s); });
    }
};

KeepAlive::KeepAlive(Flow& flow) : state_(std::make_shared<State>()) { state_->flow = &flow; }
KeepAlive::~KeepAlive() {
    state_->flow = nullptr;
    state_->tick.reset();
}
void KeepAlive::waiting(bool yes) {
    state_->waiting = yes;
    if (yes && !state_->tick) {
        std::weak_ptr<State> weak = state_;
        state_->tick = rt::Loop::current()->every(tick_ms, [weak] {
            if (const auto s = weak.lock()) State::on_tick(s);
        });
    }
}
void KeepAlive::touched() { state_->touched_ms = mono_ms(); }
rt::Task<> KeepAlive::quiet() {
    auto s = state_;
    if (s->writing) co_await rt::suspend([s](std::function<void()> resume) { s->resume = std::move(resume); });
}

LateStop::LateStop(rt::Stop& caller) {
    caller.tell(listening_, [this] { caller_left(); });
}

void LateStop::caller_left() {
    left_at_ms_ = mono_ms();
    tick_ = rt::Loop::current()->every(tick_ms, [this] {
        if (mono_ms() - left_at_ms_ >= drain_ms) inner_.stop(ErrorCode::client_gone);
    });
}

}  // namespace aig::gateway
