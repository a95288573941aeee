#include "net/server.h"

#include <sys/socket.h>

#include <algorithm>
#include <chrono>
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

Error cannot_listen(const ServerOptions& options, const error_code& ec) {
    return Error(ErrorCode::config_invalid,
                 "cannot listen on " + options.host + ":" + std::to_string(options.port) + ": " + ec.message());
}

/// Without SO_REUSEPORT, so that a port another process listens on is found taken instead of silently shared.
error_code try_port(asio::io_context& io, const Tcp::endpoint& where) {
    error_code ec;
    TcpAcceptor probe(io.get_executor());
    probe.open(where.protocol(), ec);
    if (!ec) probe.set_option(asio::socket_base::reuse_address(true), ec);
    if (!ec) probe.bind(where, ec);
    return ec;
}

Result<TcpAcceptor> listen_on(asio::io_context& io, const Tcp::endpoint& where, const ServerOptions& options) {
    error_code ec;
    TcpAcceptor acceptor(io.get_executor());
    acceptor.open(where.protocol(), ec);
    if (!ec) acceptor.set_option(asio::socket_base::reuse_address(true), ec);
    const int one = 1;
    if (!ec) ::setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
    if (!ec) acceptor.bind(where, ec);
    if (!ec) acceptor.listen(kBacklog, ec);
    if (!ec) acceptor.native_non_blocking(true, ec);
    if (ec) return cannot_listen(options, ec);
    return acceptor;
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
        while (connections() > 0 && std::chrono::steady_clock::now() < until) {
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
        if (connections() > 0) log::warn("connections_left_at_close", {{"connections", connections()}});
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
    error_code ec;
    const auto address =
        asio::ip::make_address(state->options.host == "localhost" ? "127.0.0.1" : state->options.host, ec);
    if (ec) return cannot_listen(state->options, ec);
    Tcp::endpoint where(address, state->options.port);
    if (where.port() != 0) ec = try_port(loops[0].io(), where);
    if (ec) return cannot_listen(state->options, ec);

    std::vector<TcpAcceptor> acceptors;
    for (size_t i = 0; i < loops.size(); ++i) {
        TRY(auto acceptor, listen_on(loops[i].io(), where, state->options));
        where.port(acceptor.local_endpoint(ec).port());
        acceptors.push_back(std::move(acceptor));
    }
    auto server = std::make_unique<RunningServer>(state, where.port());
    for (size_t i = 0; i < loops.size(); ++i) {
        auto part = std::make_shared<LoopPart>(loops[i], state, std::move(acceptors[i]));
        part->start();
        server->add(std::move(part));
    }
    return std::unique_ptr<Server>(std::move(server));
}

}  // namespace aig::net
