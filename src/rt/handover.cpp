#include "rt/handover.h"

#include <algorithm>
#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "rt/detail/post_handler.h"

namespace aig::rt {
namespace {

/// The rest of the task, with the work it waits for.
template <class Handler>
struct GoOn {
    Handler handler;
    HandoverPtr work;
    using executor_type = typename Handler::executor_type;
    executor_type get_executor() const noexcept { return handler.get_executor(); }
    void operator()() { handler(work->take()); }
};

}  // namespace

Task<Status> Handover::wait_for(HandoverPtr work, void (*start)(HandoverPtr work)) {
    using Token = boost::asio::use_awaitable_t<Executor>;
    auto begin = [](auto handler, HandoverPtr w, void (*run)(HandoverPtr)) {
        Handover& self = *w;
        self.task_.park(GoOn<decltype(handler)>{std::move(handler), w});
        detail::suspensions(self.loop_).add(self.task_);
        run(std::move(w));
    };
    return boost::asio::async_initiate<const Token, void(Status)>(begin, Token(), std::move(work), start);
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
