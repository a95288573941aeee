// One TCP connection, plain or TLS: reads what is there, gathers writes into one system call, and can be interrupted
// from the sweep. OpenSSL works straight on the descriptor (no second copy of every buffer). Loop thread only.
#pragma once

#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "rt/descriptor.h"

namespace aig::net::detail {

struct FreeSsl {
    void operator()(SSL* s) const { SSL_free(s); }
    void operator()(SSL_CTX* c) const { SSL_CTX_free(c); }
};
using SslPtr = std::unique_ptr<SSL, FreeSsl>;
using SslContext = std::unique_ptr<SSL_CTX, FreeSsl>;

struct Io {
    bool failed = false;
    bool again = false;  ///< nothing could be done now: co_await channel.ready() and repeat
    size_t n = 0;        ///< a read of 0 bytes that neither failed nor says again is the peer's clean end
};

class Channel {
  public:
    explicit Channel(rt::Loop& loop) : loop_(loop) {}

    /// Takes over a connected non-blocking socket.
    void adopt(int fd) { socket_.emplace(loop_, fd); }
    /// Opens a socket and connects; false: error_text() says why.
    rt::Task<bool> connect(const sockaddr* address, socklen_t size);
    const std::string& error_text() const { return error_; }
    /// The last connect() found this process, or the machine, without a free file descriptor.
    bool no_descriptor() const { return no_descriptor_; }
    bool open() const { return socket_.has_value(); }
    int fd() const { return socket_ ? socket_->fd() : -1; }
    bool hung_up() const { return socket_ && socket_->hung_up(); }
    /// Neither bytes nor an end have come, as far as the loop has heard; costs nothing.
    bool quiet() const { return socket_ && !socket_->hung_up() && !socket_->maybe_readable(); }
    /// How often the loop has asked for events: what was there before is heard when this has grown.
    uint64_t turn() const { return socket_ ? socket_->turn() : 0; }
    /// The same as quiet(), asking the kernel.
    bool silent();

    Io read_now(char* to, size_t n);
    /// Writes what the kernel takes at once; pieces are shortened from the front by what was written. Failed: the peer
    /// is gone.
    Io write_now(std::vector<iovec>& pieces);
    /// The same for what need not have left before the loop's handler ends: it goes out with other connections' writes.
    /// That the peer is gone may show at the next operation only.
    Io write_soon(std::vector<iovec>& pieces);
    /// Until the last again may have passed, or interrupt(). Check interrupted() after.
    rt::Task<> ready() { return wants_write_ ? socket_->writable() : socket_->readable(); }
    rt::Task<> writable() { return socket_->writable(); }

    /// The next bytes, waiting for them; failed when interrupted. Costs a frame: the hot path loops over read_now
    /// itself.
    rt::Task<Io> read(char* to, size_t n);
    /// The same below TLS, to throw away what a closing peer still sends.
    rt::Task<Io> read_raw(char* to, size_t n);
    /// Awaits until everything is written. `progress` (may be null) is called after each part.
    rt::Task<bool> write_all(std::vector<iovec> pieces, std::function<void()> progress);
    /// Takes over TLS on the connected socket; `accept` = server side. Failed: see error_text().
    rt::Task<bool> handshake(SslPtr ssl, bool accept);
    SSL* ssl() { return ssl_.get(); }

    /// Pending and further waits end at once, until resume().
    void interrupt();
    bool interrupted() const { return socket_ && socket_->interrupted(); }
    void resume();
    /// No more sending; TLS says goodbye first.
    void finish_sending();
    /// No more anything, in both directions; waits end.
    void shut();
    /// Closes; `reset` sends RST, so that the peer cannot take it for a clean end.
    void close(bool reset = false);

  private:
    Io read_plain(char* to, size_t n);
    Io read_tls(char* to, size_t n);
    Io write_plain(std::vector<iovec>& pieces);
    Io write_tls(std::vector<iovec>& pieces);
    Io tls_again(int rc);

    rt::Loop& loop_;
    std::optional<rt::Descriptor> socket_;
    SslPtr ssl_;
    std::string error_;
    bool no_descriptor_ = false;
    bool wants_write_ = false;
};

void push(std::vector<iovec>& pieces, std::string_view bytes);
/// Drops `n` bytes from the front.
void drop(std::vector<iovec>& pieces, size_t n);

/// A head and the list of all that is to be sent, made in memory of the thread's that stays in the caches: nearly all
/// messages go out at once. Not kept across a wait.
struct Draft {
    std::string head;
    std::vector<iovec> pieces;
};
Draft& blank_draft();
/// Takes what of a draft is still to be sent. `head_too`: its first piece is the head's, which is copied into `head`.
void keep_unsent(const std::vector<iovec>& pieces, bool head_too, std::string& head, std::vector<iovec>& left);

/// OpenSSL's newest error as text; empties the thread's error queue.
std::string tls_error_text();

}  // namespace aig::net::detail
