#include "rt/event.h"

#include <algorithm>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "rt/detail/suspension.h"

namespace aig::rt {
namespace detail {

void Suspension::unlink() {
    if (!here_) return;
    *here_ = next_;
    if (next_) next_->here_ = here_;
    here_ = nullptr;
    next_ = nullptr;
}

void SuspensionList::add(Suspension& s) {
    s.next_ = first_;
    s.here_ = &first_;
    if (first_) first_->here_ = &s.next_;
    first_ = &s;
}

void SuspensionList::drop_all() {
    while (first_) {
        Suspension* s = first_;
        s->unlink();
        s->drop();
    }
}

void Door::shut() {
    std::lock_guard lock(mutex);
    loop = nullptr;
}

void Door::post(std::function<void()> fn) {
    std::lock_guard lock(mutex);
    if (loop) loop->post(std::move(fn));
}

}  // namespace detail

namespace {

template <class Handler>
class WaitingTask final : public detail::Suspension {
  public:
    explicit WaitingTask(Handler handler) : handler_(std::move(handler)) {}
    /// Posted, never run inline: whoever resumes a task goes on undisturbed, and the task starts on a flat stack.
    void resume() override {
        if (!handler_) return;
        unlink();
        auto handler = std::move(*handler_);
        handler_.reset();
        boost::asio::post(std::move(handler));
        detail::call_this_loop();
    }
    void drop() override {
        auto handler = std::move(handler_);
        handler_.reset();
    }

  private:
    std::optional<Handler> handler_;
};

}  // namespace

Task<> suspend(std::function<void(std::function<void()> resume)> fn) {
    auto start = [&fn](auto handler) {
        auto waiting = std::make_shared<WaitingTask<decltype(handler)>>(std::move(handler));
        detail::suspensions(*Loop::current()).add(*waiting);
        // The frame that holds fn may be gone once fn has resumed it, so fn is moved out first.
        auto local = std::move(fn);
        local([waiting] { waiting->resume(); });
    };
    using Token = boost::asio::use_awaitable_t<Executor>;
    constexpr Token token;
    co_await boost::asio::async_initiate<const Token, void()>(start, token);
}

void Postbox::add(Loop* loop, std::function<void()> fn) {
    auto it = std::find_if(per_loop_.begin(), per_loop_.end(), [&](const auto& entry) { return entry.first == loop; });
    if (it == per_loop_.end()) it = per_loop_.insert(it, {loop, {}});
    it->second.push_back(std::move(fn));
}

void Postbox::send() {
    for (auto& [loop, fns] : per_loop_) {
        if (fns.empty()) continue;
        loop->post([batch = std::move(fns)] {
            for (auto& fn : batch) fn();
        });
        fns.clear();
    }
}

void Stop::stop(ErrorCode why) {
    if (stopped_) return;
    stopped_ = true;
    why_ = why;
    if (!listener_) return;
    const auto fn = std::move(listener_->fn_);  // it may end its listener
    listener_->forget();
    fn();
}

void Stop::tell(Listener& listener, std::function<void()> fn) {
    if (stopped_) return fn();
    if (listener_) listener_->forget();
    listener.forget();
    listener.fn_ = std::move(fn);
    listener.of_ = this;
    listener_ = &listener;
}

}  // namespace aig::rt
