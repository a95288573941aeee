// HTTP/1.1 client with a keep-alive pool per loop. A pooled connection that turns out stale is retried once, and only
// when no byte of a reply had arrived (else a provider could be paid twice). A connection with an unread or broken
// reply is closed, never pooled. Redirects are never followed. Heads of replies obey the same strict framing rules as
// requests.
#pragma once

#include <memory>
#include <string>

#include "net/http.h"
#include "rt/event.h"
#include "rt/loop.h"

namespace aig::net {

struct Timeouts {
    int64_t connect_ms = 2'000, first_byte_ms = 60'000, idle_ms = 60'000,
            total_ms = 600'000;  ///< idle: between two reads
};

/// Where and how to connect; immutable and shared. The pool is keyed by the object, so keep it for as long as it is
/// configured.
struct Upstream {
    bool tls = false;
    std::string host;
    uint16_t port = 80;
    std::string base_path;  ///< "/v1"; put before every target; no trailing slash
    std::string
        proxy;  ///< "" = HTTPS_PROXY / HTTP_PROXY / NO_PROXY of the environment; "none" = direct; else http://host:port
    std::string ca_file;  ///< "" = the system's
    Timeouts timeouts;
    size_t max_reply_head = 64 * 1024;
    size_t max_idle_per_loop = 1'024;  ///< commits let calls end in bursts, so that many are idle at a time
    std::string host_header() const;
};
/// "https://api.example.com/v1" -> Upstream. bad_param for other schemes, userinfo, query, fragment.
Result<Upstream> parse_upstream(std::string_view base_url);

struct ClientRequest {
    std::string method = "POST";
    std::string target;  ///< "/chat/completions", behind base_path
    Headers headers;     ///< host, content-length, connection are added
    Pieces body;         ///< must live until send() returns
};

class ClientReply {
  public:
    virtual ~ClientReply() = default;  ///< a reply not read to its end closes the connection
    virtual int status() const = 0;
    virtual const Headers& headers() const = 0;
    /// The next body bytes, de-chunked and gunzipped; empty at the clean end. The view lives until the next read().
    /// Errors: upstream_truncated, upstream_timeout, upstream_garbage (framing, gzip bomb > 100x), client_gone.
    virtual rt::Task<Result<std::string_view>> read() = 0;
    /// Everything that is left; upstream_garbage beyond `max_bytes`.
    virtual rt::Task<Result<std::string>> read_all(size_t max_bytes) = 0;
    virtual int64_t bytes_received() const = 0;
    virtual bool ended() const = 0;
    /// From here on the stop given to send() is not looked at (it may go), and everything ends within `ms`.
    virtual void detach(int64_t ms) = 0;
};

/// For a caller that has all it needs while the reply's formal end is still on its way: reads on for at most a second,
/// only so that the connection can be kept. Loop thread only.
void finish_later(std::unique_ptr<ClientReply> reply);

/// One per loop; loop thread only.
class Client {
  public:
    static std::unique_ptr<Client> make(rt::Loop& loop);
    virtual ~Client() = default;
    /// Sends and waits for the reply's head. Errors: upstream_unreachable (nothing was processed as far as we know),
    /// upstream_timeout, upstream_truncated, upstream_garbage, client_gone (stop fired). `stop` may be null.
    virtual rt::Task<Result<std::unique_ptr<ClientReply>>> send(std::shared_ptr<const Upstream> upstream,
                                                                ClientRequest request, rt::Stop* stop) = 0;
    virtual size_t idle_connections() const = 0;
};

}  // namespace aig::net
