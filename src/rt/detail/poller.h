// What a loop waits on: one epoll set for its Descriptors, for the io_context (whose own set is watched like one of
// them), and for a call from another thread. Loop thread only, but for wake().
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstdint>
#include <memory>
#include <utility>

#include "rt/detail/outbox.h"

namespace aig::rt {
class Descriptor;
class Loop;
}  // namespace aig::rt

namespace aig::rt::detail {

class Poller {
  public:
    /// `context`: the descriptor on which the io_context waits for its own sockets and timers.
    explicit Poller(int context);
    ~Poller();
    Poller(const Poller&) = delete;

    void add(Descriptor& descriptor);
    /// The descriptor is about to close: events already fetched for it are forgotten.
    void forget(const Descriptor& descriptor);
    /// Asks what has come; `waits`: until something has. False: nothing.
    bool hear(bool waits);
    /// Lets the tasks go on for whose descriptors something was heard, inside this call.
    void dispatch();
    /// Something has come for the io_context since this was last asked.
    bool context_called() { return std::exchange(context_called_, false); }
    /// From any thread: hear() returns.
    void wake() const;
    uint64_t turns() const { return turns_; }
    Outbox& outbox() { return outbox_; }

  private:
    void watch(int fd, uint32_t events, void* as) const;

    int epoll_, bell_;
    std::array<epoll_event, 256> batch_;
    int next_ = 0, count_ = 0;
    uint64_t turns_ = 0;
    bool context_called_ = false;
    Outbox outbox_;
};

std::shared_ptr<Poller> poller(Loop& loop);

}  // namespace aig::rt::detail
