// One epoll set per loop for its Descriptors, itself watched by the loop's io_context. Loop thread only.
#pragma once

#include <sys/epoll.h>

#include <array>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <memory>

#include "rt/detail/outbox.h"
#include "rt/task.h"

namespace aig::rt {
class Descriptor;
}

namespace aig::rt::detail {

class Poller : public std::enable_shared_from_this<Poller> {
  public:
    explicit Poller(boost::asio::io_context& io);
    /// Before the io_context goes; Descriptors may outlive it.
    void shut();
    void start();

    void add(Descriptor& descriptor);
    /// The descriptor is about to close: events already fetched for it are forgotten.
    void forget(const Descriptor& descriptor);
    uint64_t turn() const { return turn_; }
    Outbox& outbox() { return outbox_; }

  private:
    void arm();
    void dispatch();

    int epoll_;
    std::unique_ptr<boost::asio::posix::basic_stream_descriptor<Executor>> watched_;
    std::array<epoll_event, 256> batch_;
    int next_ = 0, count_ = 0;
    uint64_t turn_ = 0;
    Outbox outbox_;
};

std::shared_ptr<Poller> poller(Loop& loop);

}  // namespace aig::rt::detail
