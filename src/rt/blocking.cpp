#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "rt/detail/suspension.h"
#include "rt/event.h"

namespace aig::rt {

class Workers::Pool {
  public:
    Pool(size_t threads, size_t queue) : queue_(queue) {
        for (size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
    }
    ~Pool() {
        {
            std::lock_guard lock(mutex_);
            stopping_ = true;
        }
        ready_.notify_all();
        for (auto& thread : threads_) thread.join();
    }
    bool add(std::function<void()> job) {
        {
            std::lock_guard lock(mutex_);
            if (jobs_.size() >= queue_) return false;
            jobs_.push_back(std::move(job));
        }
        ready_.notify_one();
        return true;
    }

  private:
    void work() {
        std::unique_lock lock(mutex_);
        for (;;) {
            ready_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
            if (stopping_) return;
            auto job = std::move(jobs_.front());
            jobs_.pop_front();
            lock.unlock();
            job();
            job = nullptr;
            lock.lock();
        }
    }

    const size_t queue_;
    std::mutex mutex_;
    std::condition_variable ready_;
    std::deque<std::function<void()>> jobs_;
    bool stopping_ = false;
    std::vector<std::thread> threads_;
};

Workers::Workers(size_t threads, size_t queue) : pool_(std::make_unique<Pool>(threads, queue)) {}
Workers::~Workers() = default;

Task<Status> Workers::run(std::function<void()> fn) {
    // The job may outlive the loop (a slow resolver at shutdown), so it answers through the loop's door.
    auto done = std::make_shared<std::function<void()>>();
    bool queued = false;
    auto start = [&](std::function<void()> resume) {
        *done = std::move(resume);
        auto door = detail::door(*Loop::current());
        queued = pool_->add([fn = std::move(fn), door, done] {
            fn();
            door->post([done] { (*done)(); });
        });
        if (!queued) (*done)();
    };
    co_await suspend(start);
    if (!queued) co_return Error(ErrorCode::overloaded, "too much blocking work is queued");
    co_return Status();
}

Task<Status> blocking(std::function<void()> fn) {
    static Workers pool(4, 1'024);
    return pool.run(std::move(fn));
}

}  // namespace aig::rt
