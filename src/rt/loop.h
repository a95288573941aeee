// Loop: one thread, one io_context, the objects that belong to it. Everything a connection or call touches lives on one
// Loop; other threads reach it only by post(). Loops is the set the server runs on (server.threads of them).
//
// Periodic work goes through the loop's one sweep (100 ms), so a deadline costs an integer, not a timer. Tasks still
// waiting when a Loop is destroyed are destroyed with it. An exception that escapes a task or a callback is logged,
// never fatal.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "rt/task.h"

namespace aig::rt {

class Loop;
namespace detail {
class SuspensionList;
struct Door;
class Poller;
SuspensionList& suspensions(Loop& loop);
std::shared_ptr<Door> door(Loop& loop);
std::shared_ptr<Poller> poller(Loop& loop);
/// Something was put into the queue of this thread's loop, by its io_context: what goes around Loop::post() says so.
void call_this_loop();
}  // namespace detail

class Loop {
  public:
    Loop();
    ~Loop();
    Loop(const Loop&) = delete;

    /// Runs on the calling thread until stop().
    void run();
    /// Thread-safe: run() returns after the handlers already queued.
    void stop();
    /// Thread-safe: runs fn on the loop's thread.
    void post(std::function<void()> fn);
    /// Thread-safe: starts a task on the loop. A Task that throws is logged and dropped (the last catch).
    void spawn(std::function<Task<>()> make);
    /// Loop thread only: every `period_ms` (rounded to the 100 ms sweep) until the returned handle is destroyed.
    [[nodiscard]] std::shared_ptr<void> every(int64_t period_ms, std::function<void()> fn);
    /// Loop thread only. Precision 1 ms; for the few places that wait by intent (back-off, shaping), not for deadlines.
    Task<> sleep_ms(int64_t ms);

    boost::asio::io_context& io();
    /// The loop whose run() is on this thread, or null.
    static Loop* current();

  private:
    friend detail::SuspensionList& detail::suspensions(Loop& loop);
    friend std::shared_ptr<detail::Door> detail::door(Loop& loop);
    friend std::shared_ptr<detail::Poller> detail::poller(Loop& loop);
    friend void detail::call_this_loop();
    friend bool put_off_quiet();
    struct Inside;
    std::unique_ptr<Inside> in_;
};

class Loops {
  public:
    /// Starts n threads (0 = one per core), each running a Loop.
    explicit Loops(size_t n);
    ~Loops();
    size_t size() const { return loops_.size(); }
    Loop& operator[](size_t i) { return *loops_[i]; }
    void stop_and_join();

  private:
    struct Threads;
    std::vector<std::unique_ptr<Loop>> loops_;
    std::unique_ptr<Threads> threads_;
};

}  // namespace aig::rt
