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

LoopPart::LoopPart(rt::Loop& l, std::shared_ptr<ServerState> s, TcpAcceptor acceptor)
    : loop(l), state(std::move(s)), now_ms(mono_ms()), acceptor_(std::move(acceptor)), reserve_fd_(open_reserve()) {}

LoopPart::~LoopPart() {
    if (reserve_fd_ >= 0) ::close(reserve_fd_);
}

void LoopPart::start() {
    loop.post([self = shared_from_this()] {
        self->now_ms = mono_ms();
        self->sweep_handle_ = self->loop.every(kSweepMs, [weak = std::weak_ptr(self)] {
            if (auto part = weak.lock()) part->sweep();
        });
    });
    loop.spawn([self = shared_from_this()] { return self->accept_loop(); });
}

rt::Task<> LoopPart::accept_loop() {
    while (accepting_) {
        auto [ec] = co_await acceptor_.async_wait(TcpAcceptor::wait_read, as_values);
        if (ec || !accepting_) break;
        Accepted last = Accepted::one;
        for (int i = 0; last == Accepted::one && i < kAcceptBurst; ++i) last = accept_one();
        if (last == Accepted::exhausted) {
            answer_with_reserve();
            co_await loop.sleep_ms(kSweepMs);  // no spinning while there is no descriptor
        }
    }
}

LoopPart::Accepted LoopPart::accept_one() {
    const int fd = ::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
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
    TcpSocket socket(loop.io().get_executor());
    error_code ec;
    socket.assign(acceptor_.local_endpoint(ec).protocol(), fd, ec);
    if (ec) ::close(fd);
    const auto peer = ec ? Tcp::endpoint() : socket.remote_endpoint(ec);
    const std::string address = peer.address().is_v6() && peer.address().to_v6().is_v4_mapped()
                                    ? asio::ip::make_address_v4(asio::ip::v4_mapped, peer.address().to_v6()).to_string()
                                    : peer.address().to_string();
    if (ec || !state->admit(address)) {
        state->connections.fetch_sub(1, std::memory_order_relaxed);
        return;
    }
    auto connection = std::make_shared<Connection>(shared_from_this(), std::move(socket), address);
    loop.spawn([connection] { return Connection::run(connection); });
}

/// Out of descriptors: the one kept for this lets a waiting client hear "503" instead of hanging.
void LoopPart::answer_with_reserve() {
    log::warn("descriptors_exhausted");
    if (reserve_fd_ >= 0) ::close(reserve_fd_);
    for (int i = 0; i < kAcceptBurst; ++i) {
        const int fd = ::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) break;
        turn_away(fd);
    }
    reserve_fd_ = open_reserve();
}

/// Connections that finished their handshake in the kernel are still taken, so that closing the listener resets nobody.
void LoopPart::drain() {
    if (!accepting_) return;
    accepting_ = false;
    while (accept_one() == Accepted::one) {
    }
    error_code ec;
    acceptor_.close(ec);
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
    look_for_gone_clients();
}

/// One poll() for all clients that wait for a slow handler: cheaper than an outstanding wait per request.
void LoopPart::look_for_gone_clients() {
    polled_.clear();
    polled_connections_.clear();
    for (Connection* connection : connections_) {
        if (!connection->wants_watching()) continue;
        polled_.push_back({connection->fd(), POLLRDHUP, 0});
        polled_connections_.push_back(connection);
    }
    if (polled_.empty() || ::poll(polled_.data(), polled_.size(), 0) <= 0) return;
    for (size_t i = 0; i < polled_.size(); ++i) {
        if (polled_[i].revents & (POLLRDHUP | POLLHUP | POLLERR)) polled_connections_[i]->client_left();
    }
}

}  // namespace aig::net::detail
