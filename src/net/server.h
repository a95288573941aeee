// HTTP/1.1 server: one acceptor per Loop (SO_REUSEPORT), strict framing (docs/reference/http.md), keep-alive,
// pipelining answered in order, back-pressure by awaiting writes. A handler is a coroutine that gets an Exchange and
// answers it once.
//
// Limits: request line 8 KiB (414), head 32 KiB / 100 headers (431), head within 10 s (408), body progress >= 1 KB/s
// over 20 s (408), keep-alive idle 75 s, no write progress for 60 s -> cut. Bodies in memory count against one global
// budget (503 before reading).
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "net/http.h"
#include "rt/event.h"
#include "rt/loop.h"

namespace aig::net {

/// Bytes of request bodies (and unstreamed replies) in memory, all threads together. A Share gives back when destroyed.
class ByteBudget {
  public:
    explicit ByteBudget(int64_t limit) : left_(limit) {}
    class Share {
      public:
        Share() = default;
        Share(Share&& o) noexcept : from_(std::exchange(o.from_, nullptr)), bytes_(std::exchange(o.bytes_, 0)) {}
        Share& operator=(Share&& o) noexcept {
            std::swap(from_, o.from_);
            std::swap(bytes_, o.bytes_);
            return *this;
        }
        ~Share() {
            if (from_) from_->left_.fetch_add(bytes_, std::memory_order_relaxed);
        }
        /// Takes more; false = the budget is spent and nothing was taken.
        bool grow(int64_t bytes);

      private:
        friend class ByteBudget;
        ByteBudget* from_ = nullptr;
        int64_t bytes_ = 0;
    };
    Share share() {
        Share s;
        s.from_ = this;
        return s;
    }
    int64_t left() const { return left_.load(std::memory_order_relaxed); }

  private:
    std::atomic<int64_t> left_;
};

struct Body {
    std::string bytes;        ///< decoded (chunked undone, gzip undone)
    ByteBudget::Share share;  ///< keeps the budget while the body lives
};

/// One request on one connection. Lives on its loop; the handler's coroutine may use it until it returns.
class Exchange {
  public:
    virtual ~Exchange() = default;
    virtual const RequestHead& head() const = 0;
    virtual std::string peer() const = 0;  ///< address without port
    virtual bool peer_is_loopback() const = 0;
    virtual rt::Loop& loop() = 0;

    /// Reads the whole body. Errors: too_large, overloaded (global budget), request_timeout, media_type (unknown
    /// content-encoding), bad_request (broken framing or gzip), client_gone. "Expect: 100-continue" is answered here.
    virtual rt::Task<Result<Body>> read_body(size_t max_bytes) = 0;

    /// A whole reply. Adds content-length, date, connection. Once per exchange. HEAD sends no body.
    virtual rt::Task<Status> respond(int status, Headers headers, Pieces body) = 0;
    /// A streamed reply: begin once, write any number of times (each returns when the kernel took the bytes:
    /// back-pressure), end once.
    virtual rt::Task<Status> begin(int status, Headers headers) = 0;
    virtual rt::Task<Status> write(Pieces pieces) = 0;
    virtual rt::Task<Status> end() = 0;
    /// Closes the connection without the final chunk, so that the client sees a broken reply.
    virtual void abort() = 0;

    /// Fires when the client closes or resets the connection while the handler still works (within 100 ms).
    virtual rt::Stop& stop() = 0;
    virtual bool started() const = 0;  ///< has begin or respond been called
};

using Handler = std::function<rt::Task<>(Exchange&)>;

/// TLS files for a listener; empty = plain.
struct ServerTls {
    std::string cert_file, key_file;
};

struct ServerOptions {
    std::string host = "127.0.0.1";
    std::string unix_path;  ///< a Unix socket (mode 0600) instead of host and port; peers count as loopback
    uint16_t port = 0;      ///< 0 = any free port
    ServerTls tls;
    size_t max_connections = 10'000;        ///< over all loops
    size_t max_connections_per_ip = 1'000;  ///< loopback is exempt
    int64_t head_timeout_ms = 10'000, idle_timeout_ms = 75'000, write_timeout_ms = 60'000, body_grace_ms = 30'000;
    std::shared_ptr<ByteBudget> bodies;  ///< null = its own of 256 MiB
    /// Renders errors that arise before a handler runs (400, 408, 414, 431, 503): body and content type.
    std::function<std::string(const Error&)> render_error;
};

class Server {
  public:
    /// Binds at once (so that a taken port is an error here) and serves on every loop.
    static Result<std::unique_ptr<Server>> start(rt::Loops& loops, ServerOptions options, Handler handler);
    virtual ~Server() = default;
    virtual uint16_t port() const = 0;
    /// Thread-safe. Stops accepting; requests in flight go on with "connection: close"; idle connections close.
    virtual void drain() = 0;
    /// Requests still running, all loops.
    virtual int64_t in_flight() const = 0;
    virtual int64_t connections() const = 0;
    /// Thread-safe. Cuts what is left; returns when every connection is closed (at once on a loop's thread; after 10 s
    /// it gives up on handlers that ignore their stop). The loops must still run: close, or destroy, the server before
    /// they stop.
    virtual void close() = 0;
};

}  // namespace aig::net
