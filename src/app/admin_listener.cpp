#include "app/admin_listener.h"

#include <openssl/crypto.h>

#include "api/idempotent.h"
#include "api/surface.h"
#include "base/json.h"
#include "base/metrics.h"
#include "dialect/errors.h"

namespace aig::app {
namespace {

rt::Task<> reply(net::Exchange& http, int status, std::string type, std::string body, bool replayed = false) {
    net::Headers h;
    if (replayed) h.add("idempotent-replayed", "true");
    h.add("content-type", std::move(type));
    h.add("cache-control", "no-store");
    if (status == 401) h.add("www-authenticate", "Bearer");
    net::Pieces pieces{body};
    auto sent = co_await http.respond(status, std::move(h), std::move(pieces));
    if (!sent) http.abort();
}

rt::Task<> reply_error(net::Exchange& http, Error error) {
    auto rendered = dialect::render_error(error, canon::Surface::aigate, "", http.head().path);
    co_await reply(http, rendered.status, "application/json", std::move(rendered.body));
}
}  // namespace

Result<std::unique_ptr<AdminListener>> AdminListener::start(rt::Loops& loops, AdminDoor door, api::Admin& admin) {
    std::unique_ptr<AdminListener> l(new AdminListener(std::move(door), admin));
    net::ServerOptions tcp;
    tcp.host = l->door_.host;
    tcp.port = l->door_.port;
    TRY(l->tcp_, net::Server::start(loops, std::move(tcp),
                                    [p = l.get()](net::Exchange& http) { return p->handle(http, false); }));
    net::ServerOptions local;
    local.unix_path = l->door_.socket_path;
    TRY(l->local_, net::Server::start(loops, std::move(local),
                                      [p = l.get()](net::Exchange& http) { return p->handle(http, true); }));
    return l;
}

void AdminListener::close() {
    if (tcp_) tcp_->close();
    if (local_) local_->close();
}

bool AdminListener::allowed(const net::Exchange& http) const {
    const auto given = api::presented_key(http.head().headers);
    return given.size() == door_.token.size() &&
           CRYPTO_memcmp(given.data(), door_.token.data(), door_.token.size()) == 0;
}

rt::Task<> AdminListener::handle(net::Exchange& http, bool trusted) {
    const auto& head = http.head();
    if (head.path == "/healthz" || head.path == "/readyz") {
        const bool ok = head.path == "/healthz" || door_.ready();
        const int status = ok ? 200 : 503;
        std::string body = ok ? R"({"status":"ok"})" : R"({"status":"not ready"})";
        co_await reply(http, status, "application/json", std::move(body));
        co_return;
    }
    if (!trusted && !allowed(http)) {
        co_await reply_error(http, Error(ErrorCode::auth_invalid, "the admin token is missing or wrong"));
        co_return;
    }
    if (head.path == "/metrics") {
        co_await reply(http, 200, "text/plain; version=0.0.4", metrics::expose());
        co_return;
    }
    Result<std::string> key = std::string();
    if (head.headers.has("idempotency-key")) key = api::idempotency_key(head.headers);
    if (!key) {
        co_await reply_error(http, std::move(key).error());
        co_return;
    }
    auto body = co_await http.read_body(api::most_admin_body(head.path));
    if (!body) {
        co_await reply_error(http, std::move(body).error());
        co_return;
    }
    // The pool's thread may outlive this task when the loops end first: what it touches is its own.
    struct Work {
        api::AdminRequest request;
        api::AdminReply reply;
    };
    auto work = std::make_shared<Work>();
    work->request = {head.method,
                     std::string(head.path),
                     std::string(head.query),
                     std::move(body->bytes),
                     trusted ? "operator:socket" : "operator:token",
                     trusted ? "admin.sock" : http.peer(),
                     *std::move(key)};
    std::function<void()> run = [work, admin = &admin_] { work->reply = admin->answer(work->request); };
    auto ran = co_await rt::blocking(std::move(run));
    if (!ran) {
        co_await reply_error(http, std::move(ran).error());
        co_return;
    }
    const int status = work->reply.status;
    std::string json = std::move(work->reply.json);
    co_await reply(http, status, "application/json", std::move(json), work->reply.replayed);
}

}  // namespace aig::app
