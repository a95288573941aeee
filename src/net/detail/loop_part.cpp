#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/log.h"
#include "base/time.h"
#include "net/detail/connection.h"
#include "net/detail/server_state.h"

namespace aig::net::detail {
namespace {

constexpr int64_t kSweepMs = 100;
constexpr int kAcceptBurst = 64;

/// A short refusal straight from the accept loop; whether it arrives is the client's luck.
void turn_away(int fd) {
    static constexpr std::string_view kBody =
        R"({"error":{"code":"overloaded","message":"too many connections; retry after a second"}})";
    static const std::string kReply =
        "HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\nretry-after: 1\r\ncontent-type: application/json\r\n"
        "content-length: " +
        std::to_string(kBody.size()) + "\r\n\r\n" + std::string(kBody);
    (void)!::send(fd, kReply.data(), kReply.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    ::shutdown(fd, SHUT_WR);
    ::close(fd);
}

/// Numbers only; an IPv4 client of an IPv6 socket is shown as IPv4.
std::string peer_address(int fd) {
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &size) != 0) return {};
    char text[INET6_ADDRSTRLEN] = "";
    if (peer.ss_family == AF_UNIX) return "127.0.0.1";
    if (peer.ss_family == AF_INET) {
        ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(peer).sin_addr, text, sizeof text);
        return text;
    }
    const in6_addr& v6 = reinterpret_cast<const sockaddr_in6&>(peer).sin6_addr;
    if (IN6_IS_ADDR_V4MAPPED(&v6)) {
        ::inet_ntop(AF_INET, v6.s6_addr + 12, text, sizeof text);
    } else {
        ::inet_ntop(AF_INET6, &v6, text, sizeof text);
    }
    return text;
}

int open_reserve() { return ::open("/dev/null", O_RDONLY | O_CLOEXEC); }

}  // namespace

bool ServerState::admit(const std::string& address) {
    if (address == "::1" || address.starts_with("127.")) return true;
    std::lock_guard lock(mutex_);
    size_t& n = per_address_[address];
    if (n >= options.max_connections_per_ip) return false;
    ++n;
    return true;
}

void ServerState::release(const std::string& address) {
    if (address == "::1" || address.starts_with("127.")) return;
    std::lock_guard lock(mutex_);
    auto it = per_address_.find(address);
    if (it != per_address_.end() && --it->second == 0) per_address_.erase(it);
}

LoopPart::LoopPart(rt::Loop& l, std::shared_ptr<ServerState> s, int listener)
    : loop(l), state(std::move(s)), now_ms(mono_ms()), listener_(listener), reserve_fd_(open_reserve()) {}

LoopPart::~LoopPart() {
    if (listener_ >= 0) ::close(listener_);
    if (reserve_fd_ >= 0) ::close(reserve_fd_);
}

void LoopPart::start() {
    loop.post([self = shared_from_this()] {
        self->now_ms = mono_ms();
        self->acceptor_.emplace(self->loop, std::exchange(self->listener_, -1));
        self->sweep_handle_ = self->loop.every(kSweepMs, [weak = std::weak_ptr(self)] {
            if (auto part = weak.lock()) part->sweep();
        });
    });
    loop.spawn([self = shared_from_this()] { return self->accept_loop(); });
}

rt::Task<> LoopPart::accept_loop() {
    while (accepting_) {
        Accepted last = Accepted::one;
        for (int i = 0; last == Accepted::one && i < kAcceptBurst; ++i) last = accept_one();
        if (last == Accepted::exhausted) {
            answer_with_reserve();
            co_await loop.sleep_ms(kSweepMs);  // no spinning while there is no descriptor
        }
        if (last != Accepted::none || !accepting_) continue;
        acceptor_->drained();
        co_await acceptor_->readable();
    }
    acceptor_.reset();  // here, because it belongs to this thread
    listening.store(false, std::memory_order_release);
}

LoopPart::Accepted LoopPart::accept_one() {
    const int fd = ::accept4(acceptor_->fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) return Accepted::exhausted;
        return errno == EINTR || errno == ECONNABORTED ? Accepted::one : Accepted::none;
    }
    if (state->connections.fetch_add(1, std::memory_order_relaxed) >=
        static_cast<int64_t>(state->options.max_connections)) {
        state->connections.fetch_sub(1, std::memory_order_relaxed);
        turn_away(fd);
    } else {
        adopt(fd);
    }
    return Accepted::one;
}

void LoopPart::adopt(int fd) {
    const int one = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    const std::string address = peer_address(fd);
    if (address.empty() || !state->admit(address)) {
        turn_away(fd);
        state->connections.fetch_sub(1, std::memory_order_relaxed);
        return;
    }
    auto connection = std::make_shared<Connection>(shared_from_this(), fd, address);
    loop.spawn([connection] { return Connection::run(connection); });
}

/// Out of descriptors: the one kept for this lets a waiting client hear "503" instead of hanging.
void LoopPart::answer_with_reserve() {
    log::warn("descriptors_exhausted");
    if (reserve_fd_ >= 0) ::close(reserve_fd_);
    for (int i = 0; i < kAcceptBurst; ++i) {
        const int fd = ::accept4(acceptor_->fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) break;
        turn_away(fd);
    }
    reserve_fd_ = open_reserve();
}

/// Connections that finished their handshake in the kernel are still taken, so that closing the listener resets nobody.
void LoopPart::drain() {
    if (!accepting_ || !acceptor_) return;
    accepting_ = false;
    while (accept_one() == Accepted::one) {
    }
    acceptor_->interrupt();
    ::shutdown(acceptor_->fd(), SHUT_RDWR);  // stops listening at once; closed with this object
    for (Connection* connection : connections_) connection->drain();
}

void LoopPart::cut_all() {
    for (Connection* connection : connections_) connection->cut();
}

void LoopPart::add(Connection& connection) {
    connection.index = connections_.size();
    connections_.push_back(&connection);
}

void LoopPart::remove(Connection& connection) {
    connections_[connection.index] = connections_.back();
    connections_[connection.index]->index = connection.index;
    connections_.pop_back();
}

void LoopPart::sweep() {
    now_ms = mono_ms();
    for (Connection* connection : connections_) connection->tick(now_ms);
}

}  // namespace aig::net::detail
