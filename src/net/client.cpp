#include "net/client.h"

#include <charconv>

#include "base/time.h"
#include "net/detail/framing.h"
#include "net/detail/header_lines.h"
#include "net/detail/outgoing.h"
#include "net/detail/reply.h"
#include "net/detail/tls.h"

namespace aig::net {

using namespace detail;

namespace {

/// Lines the client writes itself.
bool ours(std::string_view name) {
    switch (name.size()) {
        case 4:
            return iequals(name, "host");
        case 6:
            return iequals(name, "expect");
        case 7:
            return iequals(name, "upgrade");
        case 10:
            return iequals(name, "connection") || iequals(name, "keep-alive");
        case 14:
            return iequals(name, "content-length");
        case 17:
            return iequals(name, "transfer-encoding");
        default:
            return false;
    }
}

Status append_request_head(std::string& out, const Pool& pool, const ClientRequest& request) {
    const Upstream& upstream = *pool.upstream;
    size_t body_size = 0;
    for (const std::string_view piece : request.body) body_size += piece.size();
    if (!is_token(request.method) || !one_line(request.target) || request.target.find(' ') != std::string::npos) {
        return Error(ErrorCode::internal, "the request to the provider has a malformed method or target");
    }
    out += request.method;
    out += ' ';
    if (pool.proxy && !upstream.tls) out += "http://" + pool.host_header;
    out += upstream.base_path;
    out += request.target;
    out += " HTTP/1.1\r\nhost: ";
    out += pool.host_header;
    out += "\r\n";
    if (pool.proxy && !upstream.tls && !pool.proxy->authorization.empty()) {
        out += "proxy-authorization: " + pool.proxy->authorization + "\r\n";
    }
    if (append_lines(out, request.headers, ours) > 0)
        return Error(ErrorCode::internal, "a header for the provider is malformed");
    if (body_size > 0 || request.method == "POST" || request.method == "PUT" || request.method == "PATCH") {
        char digits[24];
        const auto end = std::to_chars(digits, digits + sizeof digits, body_size).ptr;
        out += "content-length: ";
        out.append(digits, static_cast<size_t>(end - digits));
        out += "\r\n";
    }
    out += "\r\n";
    return {};
}

/// `left` is still to be sent; what of it was ours stands in `own`.
Status send_now(const Pool& pool, const ClientRequest& request, Channel& channel, std::string& own,
                std::vector<iovec>& left) {
    auto& [head, pieces] = blank_draft();
    TRYV(append_request_head(head, pool, request));
    push(pieces, head);
    for (const std::string_view piece : request.body) push(pieces, piece);
    const size_t all = pieces.size();
    const Io wrote = channel.write_soon(pieces);
    // A failed write is not the end: the provider may have answered (413) and closed before it read everything.
    if (wrote.failed || pieces.empty()) return {};
    keep_unsent(pieces, pieces.size() == all, own, left);
    return {};
}

class PoolingClient final : public Client {
  public:
    explicit PoolingClient(rt::Loop& loop) : set_(std::make_shared<PoolSet>(loop)) {
        loop.post([set = set_] { set->start(); });
    }

    size_t idle_connections() const override { return set_->idle_connections(); }

    rt::Task<Result<std::unique_ptr<ClientReply>>> send(std::shared_ptr<const Upstream> upstream, ClientRequest request,
                                                        rt::Stop* stop) override {
        std::shared_ptr<PoolSet> set = set_;  // the client may go while this waits
        if (stop && stop->stopped()) co_return Error(stop->why(), "the client left");
        CO_TRY(std::shared_ptr<Pool> pool, set->pool_of(upstream));
        const int64_t total_deadline = mono_ms() + upstream->timeouts.total_ms;
        const bool to_head = request.method == "HEAD";

        for (bool first = true;; first = false) {
            std::unique_ptr<Outgoing> connection;
            if (first) connection = set->take(*pool);
            const bool reused = connection != nullptr;
            if (!reused) {
                auto dialed = co_await dial_new(set, pool, stop);
                CO_TRY(connection, std::move(dialed));
            }
            std::string own;
            std::vector<iovec> left;
            CO_TRYV(send_now(*pool, request, connection->channel, own, left));
            if (!left.empty()) {
                auto sent = co_await send_rest(set, pool, *connection, std::move(left), stop, total_deadline);
                CO_TRYV(std::move(sent));
            }
            auto reply = std::make_unique<Reply>(set, pool, stop, total_deadline);
            auto headed = co_await reply->read_head(std::move(connection), to_head);
            if (headed.ok()) co_return std::unique_ptr<ClientReply>(std::move(reply));
            const bool stale =
                reused && reply->bytes_received() == 0 && headed.error().code() == ErrorCode::upstream_truncated;
            if (!stale) co_return std::move(headed).error();
        }
    }

  private:
    static void listen(rt::Stop* stop, rt::Stop::Listener& listener, Outgoing& connection) {
        if (!stop) return;
        stop->tell(listener, [c = &connection] {
            c->stopped = true;
            c->interrupt();
        });
    }

    /// Apart from send(), whose frame every request pays for.
    static rt::Task<Result<std::unique_ptr<Outgoing>>> dial_new(std::shared_ptr<PoolSet> set,
                                                                std::shared_ptr<Pool> pool, rt::Stop* stop) {
        auto connection = std::make_unique<Outgoing>(*set);
        rt::Stop::Listener listening;
        listen(stop, listening, *connection);
        auto dialed = co_await dial(*set, pool, *connection);
        CO_TRYV(std::move(dialed));
        co_return std::move(connection);
    }

    /// The part of a request that the kernel did not take at once. Only a stop or the clock is an error here.
    static rt::Task<Status> send_rest(std::shared_ptr<PoolSet> set, std::shared_ptr<Pool> pool, Outgoing& connection,
                                      std::vector<iovec> pieces, rt::Stop* stop, int64_t total_deadline) {
        rt::Stop::Listener listening;
        listen(stop, listening, connection);
        const int64_t idle_ms = pool->upstream->timeouts.idle_ms;
        auto progress = [s = set.get(), c = &connection, idle_ms, total_deadline] {
            c->deadline_ms = std::min(s->now_ms + idle_ms, total_deadline);
        };
        progress();
        const bool sent = co_await connection.channel.write_all(std::move(pieces), progress);
        (void)sent;  // see above: the reply decides
        connection.deadline_ms = 0;
        if (connection.stopped) co_return Error(stop->why(), "the client left");
        if (connection.timed_out)
            co_return Error(ErrorCode::upstream_timeout, "the provider does not take the request");
        co_return Status();
    }

    std::shared_ptr<PoolSet> set_;
};

}  // namespace

std::unique_ptr<Client> Client::make(rt::Loop& loop) {
    ignore_sigpipe();
    return std::make_unique<PoolingClient>(loop);
}

}  // namespace aig::net
