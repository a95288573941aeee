#include "net/detail/channel.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace aig::net::detail {
namespace {
constexpr size_t kGather = 64;
constexpr size_t kTlsRecord = 16 * 1024;
bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK; }
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

Draft& blank_draft() {
    thread_local Draft draft;
    draft.head.clear();
    draft.pieces.clear();
    return draft;
}

void keep_unsent(const std::vector<iovec>& pieces, bool head_too, std::string& head, std::vector<iovec>& left) {
    left = pieces;
    if (!head_too) return;
    head.assign(static_cast<const char*>(left[0].iov_base), left[0].iov_len);
    left[0].iov_base = head.data();
}

std::string tls_error_text() {
    const unsigned long code = ERR_peek_last_error();
    ERR_clear_error();
    if (code == 0) return "the connection broke";
    const char* reason = ERR_reason_error_string(code);
    return reason ? reason : "unknown";
}

rt::Task<bool> Channel::connect(const sockaddr* address, socklen_t size) {
    ssl_.reset();
    socket_.reset();
    const int fresh = ::socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    no_descriptor_ = fresh < 0 && (errno == EMFILE || errno == ENFILE);
    if (fresh < 0) {
        error_ = std::strerror(errno);
        co_return false;
    }
    const int one = 1;
    ::setsockopt(fresh, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    int failed = ::connect(fresh, address, size) == 0 ? 0 : errno;
    adopt(fresh);  // after connect: an idle socket would report a hang-up
    if (failed == EINPROGRESS) {
        socket_->filled();
        co_await socket_->writable();
        failed = ECANCELED;
        socklen_t length = sizeof failed;
        if (!interrupted()) ::getsockopt(fd(), SOL_SOCKET, SO_ERROR, &failed, &length);
    }
    if (failed != 0) error_ = std::strerror(failed);
    co_return failed == 0;
}

bool Channel::silent() {
    if (!socket_ || socket_->hung_up()) return false;
    char byte;
    if (ssl_) {
        ERR_clear_error();
        const int rc = SSL_peek(ssl_.get(), &byte, 1);
        return rc <= 0 && SSL_get_error(ssl_.get(), rc) == SSL_ERROR_WANT_READ;
    }
    return ::recv(fd(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && would_block();
}

Io Channel::read_now(char* to, size_t n) {
    if (!socket_) return {.failed = true};
    return ssl_ ? read_tls(to, n) : read_plain(to, n);
}

Io Channel::read_plain(char* to, size_t n) {
    if (!socket_) return {.failed = true};
    wants_write_ = false;
    if (!socket_->maybe_readable()) return {.again = true};
    for (;;) {
        const ssize_t got = ::recv(fd(), to, n, MSG_DONTWAIT);
        if (got >= 0) {
            // A short read has emptied the socket; whatever comes later brings its own event.
            if (static_cast<size_t>(got) < n) socket_->drained();
            return {.n = static_cast<size_t>(got)};
        }
        if (errno == EINTR) continue;
        if (!would_block()) return {.failed = true};
        socket_->drained();
        // Hung up, and yet nothing to read: the end was already read.
        return socket_->maybe_readable() ? Io{.failed = true} : Io{.again = true};
    }
}

Io Channel::read_tls(char* to, size_t n) {
    ERR_clear_error();
    const int rc = SSL_read(ssl_.get(), to, static_cast<int>(std::min<size_t>(n, 1 << 30)));
    if (rc > 0) return {.n = static_cast<size_t>(rc)};
    if (SSL_get_error(ssl_.get(), rc) == SSL_ERROR_ZERO_RETURN) return {};
    return tls_again(rc);
}

Io Channel::tls_again(int rc) {
    const int why = SSL_get_error(ssl_.get(), rc);
    wants_write_ = why == SSL_ERROR_WANT_WRITE;
    if (why == SSL_ERROR_WANT_WRITE) {
        socket_->filled();
        return {.again = true};
    }
    if (why != SSL_ERROR_WANT_READ) return {.failed = true};
    socket_->drained();
    return socket_->maybe_readable() ? Io{.failed = true} : Io{.again = true};
}

Io Channel::write_now(std::vector<iovec>& pieces) {
    if (!socket_) return {.failed = true};
    return ssl_ ? write_tls(pieces) : write_plain(pieces);
}

Io Channel::write_soon(std::vector<iovec>& pieces) {
    if (!socket_ || ssl_ || !socket_->write_later(pieces)) return write_now(pieces);
    Io out;
    for (const iovec& piece : pieces) out.n += piece.iov_len;
    pieces.clear();
    return out;
}

Io Channel::write_plain(std::vector<iovec>& pieces) {
    Io out;
    if (const auto debt = socket_->settle_up(); debt != rt::Descriptor::Debt::none) {
        wants_write_ = true;
        out.failed = debt == rt::Descriptor::Debt::broken;
        out.again = !out.failed;
        return out;
    }
    while (!pieces.empty()) {
        msghdr message{};
        message.msg_iov = pieces.data();
        message.msg_iovlen = std::min(pieces.size(), kGather);
        const ssize_t n = ::sendmsg(fd(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0) {
            if (errno == EINTR) continue;
            out.again = would_block();
            out.failed = !out.again;
            wants_write_ = true;
            socket_->filled();
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
            const Io stopped = tls_again(rc);
            return {.failed = stopped.failed, .again = stopped.again, .n = out.n};
        }
        out.n += static_cast<size_t>(rc);
        drop(pieces, static_cast<size_t>(rc));
    }
    return out;
}

rt::Task<Io> Channel::read(char* to, size_t n) {
    for (;;) {
        const Io got = read_now(to, n);
        if (!got.again) co_return got;
        co_await ready();
        if (interrupted()) co_return Io{.failed = true};
    }
}

rt::Task<Io> Channel::read_raw(char* to, size_t n) {
    for (;;) {
        const Io got = read_plain(to, n);
        if (!got.again) co_return got;
        co_await ready();
        if (interrupted()) co_return Io{.failed = true};
    }
}

rt::Task<bool> Channel::write_all(std::vector<iovec> pieces, std::function<void()> progress) {
    for (;;) {
        const Io wrote = write_now(pieces);
        if (wrote.failed) co_return false;
        if (wrote.n > 0 && progress) progress();
        if (pieces.empty()) co_return true;
        co_await ready();
        if (interrupted()) co_return false;
    }
}

rt::Task<bool> Channel::handshake(SslPtr ssl, bool accept) {
    SSL_set_fd(ssl.get(), fd());
    ssl_ = std::move(ssl);
    for (;;) {
        ERR_clear_error();
        const int rc = accept ? SSL_accept(ssl_.get()) : SSL_connect(ssl_.get());
        if (rc == 1) co_return true;
        const Io io = tls_again(rc);
        if (io.failed) {
            error_ = tls_error_text();
            co_return false;
        }
        co_await ready();
        if (interrupted()) co_return false;
    }
}

void Channel::interrupt() {
    if (socket_) socket_->interrupt();
}

void Channel::resume() {
    if (socket_) socket_->clear_interrupt();
}

void Channel::finish_sending() {
    if (!socket_) return;
    (void)socket_->settle_up();
    if (ssl_) {
        ERR_clear_error();
        SSL_shutdown(ssl_.get());
        ERR_clear_error();
    }
    ::shutdown(fd(), SHUT_WR);
}

void Channel::shut() {
    if (!socket_) return;
    (void)socket_->settle_up();
    ::shutdown(fd(), SHUT_RDWR);
    socket_->interrupt();
}

void Channel::close(bool reset) {
    if (!socket_) return;
    if (reset) {
        const linger hard{1, 0};
        ::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    }
    ssl_.reset();
    socket_.reset();
}

}  // namespace aig::net::detail
