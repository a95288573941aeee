#include <netinet/in.h>

#include <algorithm>
#include <cstring>

#include "base/time.h"
#include "net/detail/head_parser.h"
#include "net/detail/outgoing.h"
#include "net/detail/tls.h"

namespace aig::net::detail {
namespace {

constexpr int64_t kShortestTryMs = 300;

/// Which of the three reasons ended the wait.
Error dial_error(const Outgoing& connection, const Upstream& upstream, const std::string& what) {
    if (connection.stopped) return Error(ErrorCode::client_gone, "the client left while connecting");
    if (connection.channel.no_descriptor())
        return Error(ErrorCode::overloaded, "no file descriptor is left for a connection to " + upstream.host)
            .retry_after_ms(1'000);
    if (connection.timed_out)
        return Error(ErrorCode::upstream_timeout, "connecting to " + upstream.host + " took too long");
    return Error(ErrorCode::upstream_unreachable, "cannot reach " + upstream.host + ": " + what);
}

struct SocketAddress {
    sockaddr_storage bytes{};
    socklen_t size;
    SocketAddress(const boost::asio::ip::address& address, uint16_t port) {
        if (address.is_v4()) {
            auto& v4 = reinterpret_cast<sockaddr_in&>(bytes);
            v4.sin_family = AF_INET;
            v4.sin_port = htons(port);
            v4.sin_addr.s_addr = htonl(address.to_v4().to_uint());
            size = sizeof v4;
            return;
        }
        auto& v6 = reinterpret_cast<sockaddr_in6&>(bytes);
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        std::memcpy(&v6.sin6_addr, address.to_v6().to_bytes().data(), 16);
        v6.sin6_scope_id = static_cast<uint32_t>(address.to_v6().scope_id());
        size = sizeof v6;
    }
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&bytes); }
};

/// Each address gets a fair part of the time that is left, so that a dead IPv6 route does not eat it all.
rt::Task<Status> connect_any(PoolSet& set, const Upstream& upstream, std::string host, uint16_t port,
                             Outgoing& connection, int64_t until_ms) {
    auto addresses = co_await set.resolver.resolve(host, &connection.wake);
    if (connection.broken_off()) co_return dial_error(connection, upstream, "");
    if (addresses.empty()) co_return dial_error(connection, upstream, "the name " + host + " has no address");
    std::string last;
    for (size_t i = 0; i < addresses.size(); ++i) {
        const int64_t left = until_ms - mono_ms();
        if (left <= 0) break;
        const auto share = left / static_cast<int64_t>(addresses.size() - i);
        connection.deadline_ms = mono_ms() + std::min(left, std::max(kShortestTryMs, share));
        connection.timed_out = false;
        const SocketAddress where(addresses[i], port);
        bool connected = co_await connection.channel.connect(where.get(), where.size);
        if (connection.channel.no_descriptor() && set.let_idle_go())
            connected = co_await connection.channel.connect(where.get(), where.size);
        if (connection.stopped) co_return dial_error(connection, upstream, "");
        if (connected) {
            connection.timed_out = false;
            connection.deadline_ms = until_ms;
            if (i > 0) set.resolver.prefer(host, addresses[i]);
            co_return Status();
        }
        last = connection.channel.error_text();
    }
    co_return dial_error(connection, upstream, last);
}

/// Asks the proxy for a tunnel. Nothing may follow its reply: a TLS server does not speak first.
rt::Task<Status> open_tunnel(const Pool& pool, Outgoing& connection) {
    const Upstream& upstream = *pool.upstream;
    const std::string name = upstream.host.find(':') == std::string::npos ? upstream.host : "[" + upstream.host + "]";
    const std::string target = name + ":" + std::to_string(upstream.port);
    std::string head = "CONNECT " + target + " HTTP/1.1\r\nhost: " + target + "\r\n";
    if (!pool.proxy->authorization.empty()) head += "proxy-authorization: " + pool.proxy->authorization + "\r\n";
    head += "\r\n";
    std::vector<iovec> pieces;
    push(pieces, head);
    const bool sent = co_await connection.channel.write_all(std::move(pieces), nullptr);
    if (!sent) co_return dial_error(connection, upstream, "the proxy closed the connection");

    HeadScanner scanner({.first_line = 8 * 1024, .head = 16 * 1024, .fields = 100});
    std::string got;
    size_t head_size = 0;
    while (head_size == 0) {
        char piece[2048];
        auto io = co_await connection.channel.read(piece, sizeof piece);
        if (io.failed || io.n == 0) co_return dial_error(connection, upstream, "the proxy closed the connection");
        got.append(piece, io.n);
        auto scanned = scanner.scan(got);
        if (!scanned) co_return dial_error(connection, upstream, "the proxy's answer is not HTTP");
        head_size = *scanned;
    }
    ReplyHead reply;
    auto parsed = parse_reply_head(got, scanner.field_lines(), true, reply);
    if (!parsed || head_size != got.size())
        co_return dial_error(connection, upstream, "the proxy's answer is not HTTP");
    if (reply.status / 100 != 2) {
        co_return dial_error(connection, upstream, "the proxy answered " + std::to_string(reply.status));
    }
    co_return Status();
}

}  // namespace

rt::Task<Status> dial(PoolSet& set, std::shared_ptr<Pool> pool, Outgoing& connection) {
    const Upstream& upstream = *pool->upstream;
    const int64_t until_ms = mono_ms() + upstream.timeouts.connect_ms;
    connection.deadline_ms = until_ms;
    std::string host = pool->proxy ? pool->proxy->host : upstream.host;
    const uint16_t port = pool->proxy ? pool->proxy->port : upstream.port;
    auto connected = co_await connect_any(set, upstream, std::move(host), port, connection, until_ms);
    CO_TRYV(std::move(connected));
    if (!upstream.tls) co_return Status();
    if (pool->proxy) {
        auto tunnel = co_await open_tunnel(*pool, connection);
        CO_TRYV(std::move(tunnel));
    }
    SslPtr ssl = make_client_ssl(pool->tls.get(), upstream.host);
    const bool secure = co_await connection.channel.handshake(std::move(ssl), false);
    if (secure) co_return Status();
    const long verify = SSL_get_verify_result(connection.channel.ssl());
    const std::string why =
        verify == X509_V_OK ? connection.channel.error_text() : X509_verify_cert_error_string(verify);
    co_return dial_error(connection, upstream, "TLS: " + why);
}

}  // namespace aig::net::detail
