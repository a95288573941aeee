#include "rt/loop.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/detail/epoll_reactor.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <latch>
#include <optional>
#include <thread>

#include "base/log.h"
#include "base/time.h"
#include "rt/detail/poller.h"
#include "rt/detail/suspension.h"
#include "rt/quiet.h"

namespace aig::rt {
namespace {

namespace asio = boost::asio;
using Timer =
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, Executor>;

constexpr auto kSweep = std::chrono::milliseconds(100);
constexpr int64_t longest_busy_ns = 1'000'000;
constexpr size_t most_posted = 256;  ///< in one go
thread_local Loop* current_loop = nullptr;

/// The descriptor on which an io_context waits for its sockets and timers. Asio keeps it for itself, so the one way to
/// wait for everything at once is to open that: an explicit instantiation may name what is private.
int descriptor_of(const asio::detail::epoll_reactor& reactor);
template <auto Member>
struct Opened {
    friend int descriptor_of(const asio::detail::epoll_reactor& reactor) { return reactor.*Member; }
};
template struct Opened<&asio::detail::epoll_reactor::epoll_fd_>;
int descriptor_of(asio::io_context& io) { return descriptor_of(asio::use_service<asio::detail::epoll_reactor>(io)); }

/// The last catch of every spawned task. `make` lives in this frame, so it may hold what the task refers to.
Task<> guarded(std::function<Task<>()> make) {
    std::optional<std::string> what;
    try {
        auto task = make();
        co_await std::move(task);
    } catch (const std::exception& e) {
        what = e.what();
    } catch (...) {
        what = "not a std::exception";
    }
    if (what) log::error("task_threw", {{"what", *what}});
    detail::call_this_loop();  // Asio posts the end of a task
}

}  // namespace

struct Loop::Inside {
    struct Periodic {
        int64_t period_ms, due_ms;
        std::weak_ptr<std::function<void()>> fn;
    };

    asio::io_context io{1};
    asio::executor_work_guard<Executor> work{io.get_executor()};
    Timer sweep_timer{io.get_executor()};
    bool sweeping = false;
    std::vector<Periodic> periodics;
    detail::SuspensionList suspended;
    std::shared_ptr<detail::Door> door = std::make_shared<detail::Door>();
    std::shared_ptr<detail::Poller> poller = std::make_shared<detail::Poller>(descriptor_of(io));
    // Each side writes its own before it reads the other's: no call is slept through.
    std::atomic<bool> called{true}, asleep{false};
    bool busy = false;

    /// Something was posted. Thread-safe.
    void call() {
        called.store(true);
        if (asleep.load() && asleep.exchange(false)) poller->wake();
    }

    void arm() {
        sweeping = true;
        sweep_timer.expires_after(kSweep);
        sweep_timer.async_wait([this](const boost::system::error_code& ec) {
            if (!ec) sweep();
        });
    }

    /// Callbacks may add or drop entries, so the list is walked by index and cleaned afterwards.
    void sweep() {
        const int64_t now = mono_ms();
        for (size_t i = 0; i < periodics.size(); ++i) {
            if (periodics[i].due_ms > now) continue;
            periodics[i].due_ms = now + periodics[i].period_ms;
            if (auto fn = periodics[i].fn.lock()) (*fn)();
        }
        std::erase_if(periodics, [](const Periodic& p) { return p.fn.expired(); });
        sweeping = false;
        if (!periodics.empty()) arm();
    }

    void set_busy(bool now) {
        if (busy == now) return;
        busy = now;
        now ? detail::loop_busy() : detail::loop_idle();
    }

    void send_what_was_written() { poller->outbox().send(); }

    /// What was posted, one after the other. False: nothing was.
    bool run_posted() {
        if (!called.load(std::memory_order_relaxed) || !called.exchange(false)) return false;
        size_t ran = 0;
        while (ran < most_posted && io.poll_one() > 0) {
            send_what_was_written();
            ++ran;
        }
        if (ran == most_posted) called.store(true, std::memory_order_relaxed);  // sockets have their turn
        return ran > 0;
    }

    bool hear(bool waits) {
        if (waits) {
            asleep.store(true);
            waits = !called.load();
        }
        const bool heard = poller->hear(waits);
        asleep.store(false, std::memory_order_relaxed);
        poller->dispatch();
        send_what_was_written();
        if (poller->context_called()) called.store(true, std::memory_order_relaxed);
        return heard;
    }

    /// Does what is at hand; `waits`: for something to do, if there is nothing. False: there was nothing.
    bool turn(bool waits) {
        const bool ran = run_posted();
        if (io.stopped()) return ran;
        return hear(waits && !ran) || ran;
    }

    /// That there is nothing left is found out before a wait only where somebody wants to know: it costs a system call.
    void finish_what_is_at_hand() {
        const int64_t until_ns = mono_ns() + longest_busy_ns;
        while (turn(false) && mono_ns() < until_ns) {
        }
    }

    void turns() {
        while (!io.stopped()) {
            if (busy && detail::bell_armed()) finish_what_is_at_hand();
            set_busy(false);
            turn(true);
        }
        send_what_was_written();
    }

    /// A callback that throws must not end the thread; the loop goes on with the next handler.
    void run() {
        for (;;) {
            try {
                turns();
                return set_busy(false);
            } catch (const std::exception& e) {
                log::error("loop_callback_threw", {{"what", e.what()}});
            } catch (...) {
                log::error("loop_callback_threw", {{"what", "not a std::exception"}});
            }
            called.store(true);  // there may be more behind it
        }
    }
};

Loop::Loop() : in_(std::make_unique<Inside>()) { in_->door->loop = this; }

/// Suspended tasks go first: their frames may still reach for the io_context.
Loop::~Loop() {
    in_->door->shut();
    in_->suspended.drop_all();
    in_->periodics.clear();
}

void Loop::run() {
    Loop* before = std::exchange(current_loop, this);
    in_->run();
    current_loop = before;
}

void Loop::stop() {
    post([this] { in_->io.stop(); });
}

void Loop::post(std::function<void()> fn) {
    asio::post(in_->io, std::move(fn));
    in_->call();
}

void Loop::spawn(std::function<Task<>()> make) {
    post([this, make = std::move(make)]() mutable {
        asio::co_spawn(in_->io.get_executor(), guarded(std::move(make)), asio::detached);
    });
}

std::shared_ptr<void> Loop::every(int64_t period_ms, std::function<void()> fn) {
    auto held = std::make_shared<std::function<void()>>(std::move(fn));
    in_->periodics.push_back({period_ms, mono_ms() + period_ms, held});
    if (!in_->sweeping) in_->arm();
    return held;
}

Task<> Loop::sleep_ms(int64_t ms) {
    Timer timer(in_->io.get_executor());
    timer.expires_after(std::chrono::milliseconds(ms));
    constexpr auto token = asio::as_tuple(asio::use_awaitable_t<Executor>());
    auto done = co_await timer.async_wait(token);
    (void)done;
}

asio::io_context& Loop::io() { return in_->io; }

Loop* Loop::current() { return current_loop; }

bool put_off_quiet() {
    if (!current_loop) return false;
    current_loop->in_->set_busy(true);
    return detail::busy_loops() == 1;
}

namespace detail {
SuspensionList& suspensions(Loop& loop) { return loop.in_->suspended; }
std::shared_ptr<Door> door(Loop& loop) { return loop.in_->door; }
std::shared_ptr<Poller> poller(Loop& loop) { return loop.in_->poller; }
void call_this_loop() {
    if (current_loop) current_loop->in_->call();
}
}  // namespace detail

struct Loops::Threads {
    std::vector<std::thread> list;
};

Loops::Loops(size_t n) : threads_(std::make_unique<Threads>()) {
    if (n == 0) n = std::max<size_t>(1, std::thread::hardware_concurrency());
    for (size_t i = 0; i < n; ++i) loops_.push_back(std::make_unique<Loop>());
    for (size_t i = 0; i < n; ++i) {
        threads_->list.emplace_back([loop = loops_[i].get()] { loop->run(); });
        const std::string name = "aig-loop-" + std::to_string(i);
        pthread_setname_np(threads_->list.back().native_handle(), name.c_str());
    }
}

Loops::~Loops() { stop_and_join(); }

void Loops::stop_and_join() {
    for (auto& loop : loops_) loop->stop();
    for (auto& thread : threads_->list) {
        if (thread.joinable()) thread.join();
    }
}

}  // namespace aig::rt
