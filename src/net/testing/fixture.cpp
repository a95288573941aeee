#include "net/testing/fixture.h"

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

namespace aig::net::testing {
namespace {

rt::Task<> run_and_tell(std::function<rt::Task<>()> make, std::latch* done) {
    auto task = make();
    co_await std::move(task);
    done->count_down();
}

sockaddr_in loopback(uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

bool readable(int fd, int ms) {
    pollfd p{fd, POLLIN, 0};
    return ::poll(&p, 1, ms) > 0;
}

}  // namespace

void run_on(rt::Loop& loop, std::function<rt::Task<>()> make) {
    std::latch done(1);
    loop.spawn([&] { return run_and_tell(make, &done); });
    done.wait();
}

rt::Task<> echo(Exchange& exchange) {
    const RequestHead& head = exchange.head();
    if (head.path == "/boom") throw std::runtime_error("planted");
    if (head.path == "/silent") co_return;
    if (head.path == "/stream") {
        Headers none;
        auto begun = co_await exchange.begin(200, std::move(none));
        if (!begun) co_return;
        for (int i = 0; i < 5; ++i) {
            const std::string text = "chunk" + std::to_string(i);
            Pieces pieces{text, ";"};
            auto wrote = co_await exchange.write(std::move(pieces));
            if (!wrote) co_return;
        }
        auto ended = co_await exchange.end();
        (void)ended;
        co_return;
    }
    Headers headers;
    headers.add("content-type", "text/plain");
    auto body = co_await exchange.read_body(1 << 20);
    if (!body) {
        const std::string why(body.error().row().name);
        Pieces pieces{why};
        auto sent = co_await exchange.respond(body.error().status(), std::move(headers), std::move(pieces));
        (void)sent;
        co_return;
    }
    const std::string first = head.method + " " + head.target + " " + std::to_string(body->bytes.size()) + " ";
    Pieces pieces{first, body->bytes};
    auto sent = co_await exchange.respond(200, std::move(headers), std::move(pieces));
    (void)sent;
}

TestServer::TestServer(Handler handler, ServerOptions options, size_t n) : loops(n) {
    auto started = Server::start(loops, std::move(options), std::move(handler));
    EXPECT_TRUE(started.ok()) << (started.ok() ? "" : started.error().message());
    if (started.ok()) server = *std::move(started);
}

TestServer::~TestServer() {
    server.reset();
    loops.stop_and_join();
}

std::string TestServer::url() const { return "http://127.0.0.1:" + std::to_string(server->port()); }

std::shared_ptr<const Upstream> TestServer::upstream() const {
    auto parsed = parse_upstream(url());
    parsed->proxy = "none";
    return std::make_shared<Upstream>(*std::move(parsed));
}

RawClient::RawClient(uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const sockaddr_in address = loopback(port);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
}

RawClient::~RawClient() { close(); }

void RawClient::close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

void RawClient::send(std::string_view bytes) { write_bytes(fd_, bytes); }

void RawClient::half_close() { ::shutdown(fd_, SHUT_WR); }

std::string RawClient::receive(int quiet_ms) {
    std::string out = std::exchange(seen_, "");
    char piece[4096];
    while (readable(fd_, quiet_ms)) {
        const ssize_t n = ::recv(fd_, piece, sizeof piece, 0);
        if (n <= 0) break;
        out.append(piece, static_cast<size_t>(n));
    }
    return out;
}

std::string RawClient::receive_until(std::string_view text) {
    char piece[4096];
    size_t at = 0;
    while ((at = seen_.find(text)) == std::string::npos) {
        if (!readable(fd_, 10'000)) return std::exchange(seen_, "");
        const ssize_t n = ::recv(fd_, piece, sizeof piece, 0);
        if (n <= 0) return std::exchange(seen_, "");
        seen_.append(piece, static_cast<size_t>(n));
    }
    std::string out = seen_.substr(0, at + text.size());
    seen_.erase(0, at + text.size());
    return out;
}

bool RawClient::closed_by_peer(int within_ms) {
    char piece[4096];
    while (readable(fd_, within_ms)) {
        if (::recv(fd_, piece, sizeof piece, 0) <= 0) return true;
    }
    return false;
}

RawServer::RawServer(std::function<void(int fd, int nth)> serve)
    : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(fd_, 64), 0);
    ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, serve = std::move(serve)] {
        while (!stopping_) {
            if (!readable(fd_, 20)) continue;
            const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
            if (fd < 0) continue;
            serve(fd, accepted_++);
            ::close(fd);
        }
    });
}

RawServer::~RawServer() {
    stopping_ = true;
    thread_.join();
    ::close(fd_);
}

std::shared_ptr<Upstream> RawServer::upstream() const {
    auto out = std::make_shared<Upstream>();
    out->host = "127.0.0.1";
    out->port = port_;
    out->proxy = "none";
    return out;
}

std::string read_request(int fd) {
    std::string out;
    char piece[4096];
    size_t want = std::string::npos;
    while (out.size() < want) {
        if (!readable(fd, 5'000)) return out;
        const ssize_t n = ::recv(fd, piece, sizeof piece, 0);
        if (n <= 0) return out;
        out.append(piece, static_cast<size_t>(n));
        const size_t end = out.find("\r\n\r\n");
        if (end == std::string::npos) continue;
        const size_t length = out.find("content-length: ");
        want = end + 4 + (length < end ? std::stoul(out.substr(length + 16)) : 0);
    }
    return out;
}

void write_bytes(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n <= 0) return;
        bytes.remove_prefix(static_cast<size_t>(n));
    }
}

rt::Task<Got> call(Client& client, std::shared_ptr<const Upstream> upstream, ClientRequest request, rt::Stop* stop) {
    Got got;
    auto reply = co_await client.send(std::move(upstream), std::move(request), stop);
    if (!reply) {
        got.error = reply.error().code();
        got.why = reply.error().message();
        co_return got;
    }
    got.status = (*reply)->status();
    got.headers = (*reply)->headers();
    auto body = co_await (*reply)->read_all(1 << 24);
    if (!body) {
        got.error = body.error().code();
        got.why = body.error().message();
        co_return got;
    }
    got.body = *std::move(body);
    got.ok = true;
    co_return got;
}

}  // namespace aig::net::testing
