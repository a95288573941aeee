// Ways for a task to wait for something another task or thread will say. All are single-loop objects except Answer's
// deliver side, which any thread may use.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "rt/loop.h"

namespace aig::rt {

/// Suspends the calling task until `fn`'s callback is invoked; the callback must be invoked once, on the loop's thread
/// (further calls do nothing). The task goes on from the loop's queue, never inside the callback.
Task<> suspend(std::function<void(std::function<void()> resume)> fn);

/// One value handed from another thread to a waiting task. deliver() may be called before or after wait(), from any
/// thread, at most once; it posts to the loop. For bulk delivery (the writer's completions) see Postbox.
template <class T>
class Answer {
  public:
    explicit Answer(Loop& loop) : state_(std::make_shared<State>()) { state_->loop = &loop; }
    /// Copyable handle for the delivering side.
    std::function<void(T)> deliverer() const {
        return
            [s = state_](T v) { s->loop->post([s, v = std::make_shared<T>(std::move(v))] { s->set(std::move(*v)); }); };
    }
    /// For a deliverer that already runs on the loop's thread (Postbox).
    std::function<void(T)> local_deliverer() const {
        return [s = state_](T v) { s->set(std::move(v)); };
    }
    Task<T> wait() {
        auto s = state_;
        if (!s->value) co_await suspend([s](std::function<void()> resume) { s->resume = std::move(resume); });
        co_return std::move(*s->value);
    }

  private:
    struct State {
        Loop* loop = nullptr;
        std::optional<T> value;
        std::function<void()> resume;
        void set(T v) {
            value.emplace(std::move(v));
            if (resume) std::exchange(resume, nullptr)();
        }
    };
    std::shared_ptr<State> state_;
};

/// Collects functions for several loops and posts each loop's share as one handler: one wake-up per loop and batch.
class Postbox {
  public:
    void add(Loop* loop, std::function<void()> fn);
    void send();

  private:
    std::vector<std::pair<Loop*, std::vector<std::function<void()>>>> per_loop_;
};

/// Stop: "the client is gone" or "the deadline passed", told to whatever a call is waiting on. One loop only.
class Stop {
  public:
    /// Who is told; unregisters with its end. It may outlive the stop.
    class Listener {
      public:
        Listener() = default;
        Listener(const Listener&) = delete;
        ~Listener() { forget(); }

      private:
        friend class Stop;
        void forget() {
            if (of_) of_->listener_ = nullptr;
            of_ = nullptr;
        }
        Stop* of_ = nullptr;
        std::function<void()> fn_;
    };

    Stop() = default;
    Stop(const Stop&) = delete;
    ~Stop() {
        if (listener_) listener_->of_ = nullptr;
    }
    /// As new; whoever listened is forgotten.
    void reset() {
        if (listener_) listener_->forget();
        stopped_ = false;
        why_ = ErrorCode::client_gone;
    }
    bool stopped() const { return stopped_; }
    ErrorCode why() const { return why_; }
    /// First call wins; runs and forgets the listener.
    void stop(ErrorCode why);
    /// At most one listener at a time (the pending upstream operation): a new one takes the place of the one before.
    /// When the stop has already fired, fn runs at once.
    void tell(Listener& listener, std::function<void()> fn);

  private:
    bool stopped_ = false;
    ErrorCode why_ = ErrorCode::client_gone;
    Listener* listener_ = nullptr;
};

/// A few threads for work that blocks, and a bounded queue before them.
class Workers {
  public:
    Workers(size_t threads, size_t queue);
    /// Waits for the jobs that run; queued ones are dropped, their tasks never resume: end the loops first.
    ~Workers();
    /// Runs fn on one of the threads and resumes on the calling loop; `overloaded` when the queue is full. `fn` must
    /// not throw and must own what it touches (at shutdown it may outlive the waiting task).
    Task<Status> run(std::function<void()> fn);

  private:
    class Pool;
    std::unique_ptr<Pool> pool_;
};

/// Runs fn on a small pool of threads kept for blocking work (DNS, database readers, files): Workers with 4 threads and
/// a queue of 1,024.
Task<Status> blocking(std::function<void()> fn);

}  // namespace aig::rt
