// One TCP connection, plain or TLS: reads what is there, gathers writes into one system call, and can be cut from the
// sweep. OpenSSL works straight on the descriptor (no second copy of every buffer). Loop thread only. Includes Asio:
// .cpp files only.
#pragma once

#include <openssl/ssl.h>
#include <sys/uio.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>
#include <span>
#include <vector>

#include "net/http.h"
#include "rt/task.h"

namespace aig::net::detail {

namespace asio = boost::asio;
using boost::system::error_code;
using Tcp = asio::ip::tcp;
using TcpSocket = asio::basic_stream_socket<Tcp, rt::Executor>;
using TcpAcceptor = asio::basic_socket_acceptor<Tcp, rt::Executor>;

/// Errors are values in every asynchronous operation of this room.
inline constexpr auto as_values = asio::as_tuple(asio::use_awaitable_t<rt::Executor>());

struct FreeSsl {
    void operator()(SSL* s) const { SSL_free(s); }
    void operator()(SSL_CTX* c) const { SSL_CTX_free(c); }
};
using SslPtr = std::unique_ptr<SSL, FreeSsl>;
using SslContext = std::unique_ptr<SSL_CTX, FreeSsl>;

struct Io {
    bool failed = false;
    size_t n = 0;  ///< a read of 0 bytes that did not fail is the peer's clean end
};

class Channel {
  public:
    explicit Channel(asio::io_context& io) : socket(io.get_executor()) {}

    TcpSocket socket;
    bool plain() const { return !ssl_; }
    int fd() { return socket.native_handle(); }

    /// Takes over TLS on the connected socket; `accept` = server side. Failed: see tls_error().
    rt::Task<bool> handshake(SslPtr ssl, bool accept);
    SSL* ssl() { return ssl_.get(); }
    const std::string& tls_error() const { return tls_error_; }

    /// For callers off the hot path; the hot path awaits socket.async_read_some itself when plain().
    rt::Task<Io> read(char* to, size_t n);
    rt::Task<Io> read_tls(char* to, size_t n);
    /// TLS only: bytes that are decrypted or at least read from the kernel already.
    bool buffered() const { return ssl_ && SSL_has_pending(ssl_.get()); }

    /// Writes what the kernel takes at once; pieces are shortened from the front by what was written. Failed: the peer
    /// is gone.
    Io write_now(std::vector<iovec>& pieces);
    /// Awaits until everything is written. `progress` (may be null) is called after each part.
    rt::Task<bool> write_all(std::vector<iovec> pieces, std::function<void()> progress);

    /// Pending operations fail; the socket stays open.
    void cancel();
    /// No more sending; TLS says goodbye first.
    void finish_sending();
    /// Closes; `reset` sends RST, so that the peer cannot take it for a clean end.
    void close(bool reset = false);

  private:
    Io write_plain(std::vector<iovec>& pieces);
    Io write_tls(std::vector<iovec>& pieces);
    rt::Task<bool> wait_for_tls(int rc);

    SslPtr ssl_;
    std::string tls_error_;
};

void push(std::vector<iovec>& pieces, std::string_view bytes);
/// Drops `n` bytes from the front.
void drop(std::vector<iovec>& pieces, size_t n);
/// OpenSSL's newest error as text; empties the thread's error queue.
std::string tls_error_text();

}  // namespace aig::net::detail
