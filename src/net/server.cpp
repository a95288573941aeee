#include "net/server.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>

#include "base/log.h"
#include "net/detail/connection.h"
#include "net/detail/server_state.h"
#include "net/detail/tls.h"

namespace aig::net {

using namespace detail;

bool ByteBudget::Share::grow(int64_t bytes) {
    if (!from_ || bytes < 0) return false;
    int64_t left = from_->left_.load(std::memory_order_relaxed);
    do {
        if (left < bytes) return false;
    } while (!from_->left_.compare_exchange_weak(left, left - bytes, std::memory_order_relaxed));
    bytes_ += bytes;
    return true;
}

namespace {

constexpr int64_t kDefaultBodies = int64_t{256} * 1024 * 1024;
constexpr int kBacklog = 4096;
constexpr auto kCloseWait = std::chrono::seconds(10);

struct Address {
    sockaddr_storage bytes{};
    socklen_t size = 0;
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&bytes); }
    uint16_t port() const {
        const bool v6 = bytes.ss_family == AF_INET6;
        return ntohs(v6 ? reinterpret_cast<const sockaddr_in6&>(bytes).sin6_port
                        : reinterpret_cast<const sockaddr_in&>(bytes).sin_port);
    }
};

Error cannot_listen(const ServerOptions& options, const std::string& why) {
    return Error(ErrorCode::config_invalid,
                 "cannot listen on " + options.host + ":" + std::to_string(options.port) + ": " + why);
}

Result<Address> parse_address(const ServerOptions& options) {
    Address out;
    const std::string host = options.host == "localhost" ? "127.0.0.1" : options.host;
    auto& v4 = reinterpret_cast<sockaddr_in&>(out.bytes);
    auto& v6 = reinterpret_cast<sockaddr_in6&>(out.bytes);
    if (::inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
        v4.sin_family = AF_INET;
        v4.sin_port = htons(options.port);
        out.size = sizeof v4;
        return out;
    }
    if (::inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1) {
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(options.port);
        out.size = sizeof v6;
        return out;
    }
    return cannot_listen(options, "the host must be an IP address or localhost");
}

/// A descriptor that closes itself until it is released.
class OwnedFd {
  public:
    explicit OwnedFd(int fd) : fd_(fd) {}
    OwnedFd(OwnedFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    OwnedFd& operator=(OwnedFd&&) = delete;
    ~OwnedFd() {
        if (fd_ >= 0) ::close(fd_);
    }
    int get() const { return fd_; }
    int release() { return std::exchange(fd_, -1); }

  private:
    int fd_;
};

Result<OwnedFd> bound_socket(const ServerOptions& options, const Address& where, bool share_port) {
    OwnedFd fd(::socket(where.bytes.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    const int one = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (share_port) ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
    if (::bind(fd.get(), where.get(), where.size) != 0) return cannot_listen(options, std::strerror(errno));
    return fd;
}

/// One listener per loop on the same port; the kernel spreads connections over them.
Result<std::vector<OwnedFd>> listeners(const ServerOptions& options, Address where, size_t count) {
    // First without sharing, so that a port another process listens on is found taken instead of silently shared.
    if (options.port != 0) {
        TRY(const OwnedFd probe, bound_socket(options, where, false));
    }
    std::vector<OwnedFd> out;
    for (size_t i = 0; i < count; ++i) {
        TRY(OwnedFd fd, bound_socket(options, where, true));
        if (::listen(fd.get(), kBacklog) != 0) return cannot_listen(options, std::strerror(errno));
        where.size = sizeof where.bytes;
        ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&where.bytes), &where.size);
        out.push_back(std::move(fd));
    }
    return out;
}

/// The file is the owner's alone from its first moment on: bind() takes the descriptor's mode.
Result<std::vector<OwnedFd>> path_listener(const ServerOptions& options) {
    sockaddr_un where{};
    where.sun_family = AF_UNIX;
    const auto failed = [&](const char* why) {
        return Error(ErrorCode::config_invalid, "cannot listen on " + options.unix_path + ": " + why);
    };
    if (options.unix_path.size() >= sizeof where.sun_path) return failed("the path is longer than 107 bytes");
    options.unix_path.copy(where.sun_path, options.unix_path.size());
    ::unlink(where.sun_path);  // left by a process that was killed; the data folder's lock says that none lives
    OwnedFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    ::fchmod(fd.get(), 0600);
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&where), sizeof where) != 0 ||
        ::chmod(where.sun_path, 0600) != 0 || ::listen(fd.get(), kBacklog) != 0)
        return failed(std::strerror(errno));
    std::vector<OwnedFd> out;
    out.push_back(std::move(fd));
    return out;
}

uint16_t port_of(int fd) {
    Address where;
    where.size = sizeof where.bytes;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&where.bytes), &where.size);
    return where.port();
}

class RunningServer final : public Server {
  public:
    RunningServer(std::shared_ptr<ServerState> state, uint16_t port) : state_(std::move(state)), port_(port) {}
    ~RunningServer() override { close(); }

    uint16_t port() const override { return port_; }

    void drain() override {
        state_->draining = true;
        for (auto& part : parts_) part->loop.post([part] { part->drain(); });
    }

    int64_t in_flight() const override {
        int64_t n = 0;
        for (const auto& part : parts_) n += part->in_flight.load(std::memory_order_relaxed);
        return n;
    }

    int64_t connections() const override { return state_->connections.load(std::memory_order_acquire); }

    void close() override {
        if (state_->closing.exchange(true)) return;
        drain();
        for (auto& part : parts_) part->loop.post([part] { part->cut_all(); });
        if (rt::Loop::current()) return;  // waiting here would stop what is waited for
        const auto until = std::chrono::steady_clock::now() + kCloseWait;
        while ((connections() > 0 || listening()) && std::chrono::steady_clock::now() < until) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        if (connections() > 0) log::warn("connections_left_at_close", {{"connections", connections()}});
    }

    bool listening() const {
        return std::any_of(parts_.begin(), parts_.end(),
                           [](const auto& part) { return part->listening.load(std::memory_order_acquire); });
    }

    void add(std::shared_ptr<LoopPart> part) { parts_.push_back(std::move(part)); }

  private:
    std::shared_ptr<ServerState> state_;
    uint16_t port_;
    std::vector<std::shared_ptr<LoopPart>> parts_;
};

}  // namespace

Result<std::unique_ptr<Server>> Server::start(rt::Loops& loops, ServerOptions options, Handler handler) {
    ignore_sigpipe();
    auto state = std::make_shared<ServerState>();
    state->bodies = options.bodies ? options.bodies : std::make_shared<ByteBudget>(kDefaultBodies);
    state->options = std::move(options);
    state->handler = std::move(handler);
    if (!state->options.tls.cert_file.empty()) {
        TRY(state->tls, make_server_tls(state->options.tls));
    }
    const bool local = !state->options.unix_path.empty();
    Address where;
    if (!local) {
        TRY(where, parse_address(state->options));
    }
    TRY(auto fds, local ? path_listener(state->options) : listeners(state->options, where, loops.size()));
    auto server = std::make_unique<RunningServer>(state, local ? uint16_t{0} : port_of(fds[0].get()));
    for (size_t i = 0; i < fds.size(); ++i) {
        auto part = std::make_shared<LoopPart>(loops[i], state, fds[i].release());
        part->start();
        server->add(std::move(part));
    }
    return std::unique_ptr<Server>(std::move(server));
}

}  // namespace aig::net
