#include "rt/descriptor.h"

#include <unistd.h>

#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "rt/detail/poller.h"
#include "rt/detail/post_handler.h"

namespace aig::rt {
namespace detail {

void Parked::end(How how) {
    if (!run_) return;
    unlink();
    auto run = std::exchange(run_, nullptr);
    run(room_, how);
}

Poller::Poller(boost::asio::io_context& io)
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      watched_(std::make_unique<boost::asio::posix::basic_stream_descriptor<Executor>>(io.get_executor(), epoll_)) {}

void Poller::shut() { watched_.reset(); }

void Poller::start() { arm(); }

void Poller::add(Descriptor& descriptor) {
    epoll_event event{};
    event.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
    event.data.ptr = &descriptor;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor.fd(), &event);
}

void Poller::forget(const Descriptor& descriptor) {
    for (int i = next_; i < count_; ++i) {
        auto& event = batch_[static_cast<size_t>(i)];
        if (event.data.ptr == &descriptor) event.data.ptr = nullptr;
    }
}

void Poller::arm() {
    using Wait = boost::asio::posix::descriptor_base;
    watched_->async_wait(Wait::wait_read, [self = shared_from_this()](const boost::system::error_code& ec) {
        if (!ec) self->dispatch();
    });
}

/// Tasks run inside their event; one that ends its connection may destroy descriptors further down the batch.
void Poller::dispatch() {
    ++turn_;
    count_ = ::epoll_wait(epoll_, batch_.data(), static_cast<int>(batch_.size()), 0);
    for (next_ = 0; next_ < count_;) {
        const epoll_event event = batch_[static_cast<size_t>(next_++)];
        if (event.data.ptr) static_cast<Descriptor*>(event.data.ptr)->on_events(event.events);
    }
    count_ = next_ = 0;
    if (watched_) arm();
}

}  // namespace detail

Descriptor::Descriptor(Loop& loop, int fd) : loop_(loop), poller_(detail::poller(loop)), fd_(fd) {
    poller_->add(*this);
}

Descriptor::~Descriptor() {
    poller_->forget(*this);
    ::close(fd_);
}

void Descriptor::on_events(uint32_t events) {
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) hung_up_ = true;
    if (events & EPOLLIN || hung_up_) readable_ = true;
    if (events & EPOLLOUT || hung_up_) writable_ = true;
    // Only one may go on in here: it may end the connection and with it this object.
    const bool reads = readable_ && reader_.waiting();
    if (!writable_ || !writer_.waiting()) {
        if (reads) reader_.resume_now();
        return;
    }
    if (reads) reader_.resume();
    writer_.resume_now();
}

Task<> Descriptor::wait(detail::Parked& parked) {
    using Token = boost::asio::use_awaitable_t<Executor>;
    auto start = [this, &parked](auto handler) {
        parked.park(std::move(handler));
        detail::suspensions(loop_).add(parked);
        const bool ready = &parked == &reader_ ? readable_ : writable_;
        if (ready || interrupted_) parked.resume();
    };
    return boost::asio::async_initiate<const Token, void()>(start, Token());
}

Task<> Descriptor::readable() { return wait(reader_); }

Task<> Descriptor::writable() { return wait(writer_); }

void Descriptor::interrupt() {
    interrupted_ = true;
    writer_.resume();
    reader_.resume();
}

uint64_t Descriptor::turn() const { return poller_->turn(); }

}  // namespace aig::rt
