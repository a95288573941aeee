#include "net/detail/channel.h"

#include <openssl/err.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace aig::net::detail {
namespace {
constexpr size_t kGather = 64;
constexpr size_t kTlsRecord = 16 * 1024;
}  // namespace

void push(std::vector<iovec>& pieces, std::string_view bytes) {
    if (!bytes.empty()) pieces.push_back({const_cast<char*>(bytes.data()), bytes.size()});
}

void drop(std::vector<iovec>& pieces, size_t n) {
    size_t whole = 0;
    while (whole < pieces.size() && n >= pieces[whole].iov_len) n -= pieces[whole++].iov_len;
    pieces.erase(pieces.begin(), pieces.begin() + static_cast<std::ptrdiff_t>(whole));
    if (n == 0) return;
    pieces[0].iov_base = static_cast<char*>(pieces[0].iov_base) + n;
    pieces[0].iov_len -= n;
}

std::string tls_error_text() {
    const unsigned long code = ERR_peek_last_error();
    ERR_clear_error();
    if (code == 0) return "the connection broke";
    const char* reason = ERR_reason_error_string(code);
    return reason ? reason : "unknown";
}

rt::Task<bool> Channel::handshake(SslPtr ssl, bool accept) {
    error_code ec;
    socket.native_non_blocking(true, ec);
    SSL_set_fd(ssl.get(), fd());
    ssl_ = std::move(ssl);
    for (;;) {
        ERR_clear_error();
        const int rc = accept ? SSL_accept(ssl_.get()) : SSL_connect(ssl_.get());
        if (rc == 1) co_return true;
        const bool again = co_await wait_for_tls(rc);
        if (!again) co_return false;
    }
}

/// False: `rc` was no "try again", or the wait was cut.
rt::Task<bool> Channel::wait_for_tls(int rc) {
    const int why = SSL_get_error(ssl_.get(), rc);
    if (why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE) {
        tls_error_ = tls_error_text();
        co_return false;
    }
    const auto what = why == SSL_ERROR_WANT_READ ? TcpSocket::wait_read : TcpSocket::wait_write;
    auto [ec] = co_await socket.async_wait(what, as_values);
    co_return !ec;
}

rt::Task<Io> Channel::read(char* to, size_t n) {
    if (ssl_) {
        auto got = co_await read_tls(to, n);
        co_return got;
    }
    auto [ec, got] = co_await socket.async_read_some(asio::buffer(to, n), as_values);
    co_return Io{ec && ec != asio::error::eof, got};
}

rt::Task<Io> Channel::read_tls(char* to, size_t n) {
    for (;;) {
        ERR_clear_error();
        const int rc = SSL_read(ssl_.get(), to, static_cast<int>(std::min<size_t>(n, 1 << 30)));
        if (rc > 0) co_return Io{false, static_cast<size_t>(rc)};
        if (SSL_get_error(ssl_.get(), rc) == SSL_ERROR_ZERO_RETURN) co_return Io{};
        const bool again = co_await wait_for_tls(rc);
        if (!again) co_return Io{true, 0};
    }
}

Io Channel::write_now(std::vector<iovec>& pieces) { return ssl_ ? write_tls(pieces) : write_plain(pieces); }

Io Channel::write_plain(std::vector<iovec>& pieces) {
    Io out;
    while (!pieces.empty()) {
        msghdr message{};
        message.msg_iov = pieces.data();
        message.msg_iovlen = std::min(pieces.size(), kGather);
        const ssize_t n = ::sendmsg(fd(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0) {
            if (errno == EINTR) continue;
            out.failed = errno != EAGAIN && errno != EWOULDBLOCK;
            return out;
        }
        out.n += static_cast<size_t>(n);
        drop(pieces, static_cast<size_t>(n));
    }
    return out;
}

/// Small pieces are joined, so that a head and its body make one record and one segment.
Io Channel::write_tls(std::vector<iovec>& pieces) {
    Io out;
    std::string joined;
    while (!pieces.empty()) {
        joined.clear();
        for (const iovec& piece : pieces) {
            const size_t take = std::min(piece.iov_len, kTlsRecord - joined.size());
            joined.append(static_cast<const char*>(piece.iov_base), take);
            if (joined.size() == kTlsRecord) break;
        }
        ERR_clear_error();
        const int rc = SSL_write(ssl_.get(), joined.data(), static_cast<int>(joined.size()));
        if (rc <= 0) {
            const int why = SSL_get_error(ssl_.get(), rc);
            out.failed = why != SSL_ERROR_WANT_READ && why != SSL_ERROR_WANT_WRITE;
            return out;
        }
        out.n += static_cast<size_t>(rc);
        drop(pieces, static_cast<size_t>(rc));
    }
    return out;
}

rt::Task<bool> Channel::write_all(std::vector<iovec> pieces, std::function<void()> progress) {
    for (;;) {
        const Io wrote = write_now(pieces);
        if (wrote.failed) co_return false;
        if (wrote.n > 0 && progress) progress();
        if (pieces.empty()) co_return true;
        auto [ec] = co_await socket.async_wait(TcpSocket::wait_write, as_values);
        if (ec) co_return false;
    }
}

void Channel::cancel() {
    error_code ec;
    socket.cancel(ec);
}

void Channel::finish_sending() {
    error_code ec;
    if (ssl_) {
        ERR_clear_error();
        SSL_shutdown(ssl_.get());
        ERR_clear_error();
    }
    socket.shutdown(TcpSocket::shutdown_send, ec);
}

void Channel::close(bool reset) {
    error_code ec;
    if (reset) socket.set_option(asio::socket_base::linger(true, 0), ec);
    socket.close(ec);
}

}  // namespace aig::net::detail
