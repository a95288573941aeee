#include "rt/descriptor.h"

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>

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

Poller::Poller(int context) : epoll_(::epoll_create1(EPOLL_CLOEXEC)), bell_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    watch(context, EPOLLIN, &context_called_);
    watch(bell_, EPOLLIN | EPOLLET, this);  // each ring is an edge: it is never read
}
Poller::~Poller() {
    ::close(bell_);
    ::close(epoll_);
}

void Poller::watch(int fd, uint32_t events, void* as) const {
    epoll_event event{};
    event.events = events;
    event.data.ptr = as;
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
}

void Poller::wake() const {
    const uint64_t ring = 1;
    [[maybe_unused]] const auto written = ::write(bell_, &ring, sizeof ring);
}

void Poller::add(Descriptor& descriptor) {
    watch(descriptor.fd(), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, &descriptor);
}

void Poller::forget(const Descriptor& descriptor) {
    for (int i = next_; i < count_; ++i) {
        auto& event = batch_[static_cast<size_t>(i)];
        if (event.data.ptr == &descriptor) event.data.ptr = nullptr;
    }
}

bool Poller::hear(bool waits) {
    ++turns_;
    count_ = ::epoll_wait(epoll_, batch_.data(), static_cast<int>(batch_.size()), waits ? -1 : 0);
    return count_ > 0;
}

/// Tasks run inside their event; one that ends its connection may destroy descriptors further down the batch.
void Poller::dispatch() {
    for (next_ = 0; next_ < count_;) {
        const epoll_event event = batch_[static_cast<size_t>(next_++)];
        if (event.data.ptr == &context_called_)
            context_called_ = true;
        else if (event.data.ptr && event.data.ptr != this)
            static_cast<Descriptor*>(event.data.ptr)->on_events(event.events);
    }
    count_ = next_ = 0;
}

constexpr size_t most_letters = 16, kept_capacity = size_t{64} << 10;

void Outbox::add(Descriptor& to, std::span<const iovec> pieces, size_t total) {
    if (letters_.size() >= most_letters) send();
    const size_t at = bytes_.size();
    for (const iovec& piece : pieces) bytes_.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
    if (!letters_.empty() && letters_.back().to == &to)
        letters_.back().size += total;
    else
        letters_.push_back({&to, at, total});
}

bool Outbox::holds_for(const Descriptor& to) const {
    return std::any_of(letters_.begin(), letters_.end(), [&](const Letter& letter) { return letter.to == &to; });
}

void Outbox::send() {
    for (const Letter& letter : letters_)
        letter.to->write_or_owe(std::string_view(bytes_).substr(letter.at, letter.size));
    letters_.clear();
    bytes_.clear();
    if (bytes_.capacity() > kept_capacity) std::string().swap(bytes_);
}

}  // namespace detail

Descriptor::Descriptor(Loop& loop, int fd) : loop_(loop), poller_(detail::poller(loop)), fd_(fd) {
    poller_->add(*this);
}

Descriptor::~Descriptor() {
    if (poller_->outbox().holds_for(*this)) poller_->outbox().send();
    poller_->forget(*this);
    ::close(fd_);
}

void Descriptor::on_events(uint32_t events) {
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) hung_up_ = true;
    if (events & EPOLLIN || hung_up_) readable_ = true;
    if (events & EPOLLOUT || hung_up_) writable_ = true;
    if (writable_ && !owed_.empty()) write_or_owe({});
    // Only one may go on in here: it may end the connection and with it this object.
    const bool reads = readable_ && reader_.waiting();
    if (!writable_ || !writer_.waiting()) {
        if (reads) reader_.resume_now();
        return;
    }
    if (reads) reader_.resume();
    writer_.resume_now();
}

bool Descriptor::write_later(std::span<const iovec> pieces) {
    size_t total = 0;
    for (const iovec& piece : pieces) total += piece.iov_len;
    if (total > detail::Outbox::most_bytes || !writable_ || !owed_.empty() || broken_) return false;
    poller_->outbox().add(*this, pieces, total);
    return true;
}

/// First what is owed, then these; keeps what the kernel does not take.
void Descriptor::write_or_owe(std::string_view bytes) {
    const bool owing = !owed_.empty();
    if (owing) owed_.append(bytes);
    std::string_view left = owing ? owed_ : bytes;
    while (!left.empty() && writable_ && !broken_) {
        const ssize_t n = ::send(fd_, left.data(), left.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n >= 0)
            left.remove_prefix(static_cast<size_t>(n));
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            filled();
        else if (errno != EINTR)
            broken_ = true;
    }
    if (broken_) left = {};
    if (owing)
        owed_.erase(0, owed_.size() - left.size());
    else
        owed_.assign(left);
}

Descriptor::Debt Descriptor::settle_up() {
    auto& outbox = poller_->outbox();
    if (outbox.holds_for(*this)) outbox.send();
    if (!owed_.empty()) write_or_owe({});
    return broken_ ? Debt::broken : owed_.empty() ? Debt::none : Debt::owed;
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

uint64_t Descriptor::turn() const { return poller_->turns(); }

}  // namespace aig::rt
