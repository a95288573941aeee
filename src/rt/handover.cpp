#include "rt/handover.h"

#include <algorithm>
#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace aig::rt {

void Handover::arrive() {
    arrived_ = true;
    task_.resume_now();
}

Task<> Handover::wait() {
    using Token = boost::asio::use_awaitable_t<Executor>;
    auto start = [this](auto handler) {
        task_.park(std::move(handler));
        detail::suspensions(loop_).add(task_);
    };
    return boost::asio::async_initiate<const Token, void()>(start, Token());
}

void Handovers::add(HandoverPtr done) {
    Loop* const loop = &done->loop();
    auto it = std::find_if(per_loop_.begin(), per_loop_.end(), [&](const auto& entry) { return entry.first == loop; });
    if (it == per_loop_.end()) it = per_loop_.insert(it, {loop, {}});
    it->second.push_back(std::move(done));
}

void Handovers::send() {
    for (auto& [loop, group] : per_loop_) {
        // Straight from the loop's queue, whose stack is flat: each task runs until it waits again.
        loop->post([group = std::move(group)] {
            for (const auto& done : group) done->arrive();
        });
    }
    per_loop_.clear();
}

}  // namespace aig::rt
