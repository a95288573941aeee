#include "api/idempotent.h"

#include <algorithm>

#include "base/metrics.h"

namespace aig::api {
namespace {

constexpr std::string_view header = "idempotency-key";
constexpr size_t max_key = 255;

/// Headers that say something about the reply itself; the others are made anew.
constexpr std::string_view kept_headers[] = {"content-type",     "x-cost-cents",   "x-cached-input-units",
                                             "x-aig-request-id", "x-aig-provider", "x-aig-attempts",
                                             "x-aig-loss",       "x-cache",        "x-aig-max-tokens-clamped"};

Error bad_key(std::string message) {
    return Error(ErrorCode::bad_request, std::move(message)).param("Idempotency-Key");
}

std::string head_of(const net::Headers& headers) {
    std::string head;
    for (const auto name : kept_headers)
        if (const auto value = headers.get(name); !value.empty()) head.append(name).append(": ").append(value) += '\n';
    return head;
}

void add_head(net::Headers& headers, std::string_view head) {
    while (!head.empty()) {
        const auto line = head.substr(0, head.find('\n'));
        head.remove_prefix(line.size() + 1);
        if (const auto colon = line.find(": "); colon != std::string_view::npos)
            headers.add_named(line.substr(0, colon), line.substr(colon + 2));
    }
}

rt::Task<Status> replay(Request& request, const records::KeptReply& reply) {
    static auto& replays =
        metrics::counter("aig_idempotent_replays_total", "Replies given again for an Idempotency-Key");
    replays.add();
    net::Headers h;
    add_head(h, reply.head);
    h.add("idempotent-replayed", "true");
    h.add("x-idempotent-replay", "true");
    add_common_headers(h, request);
    request.status = reply.status;
    net::Pieces body{reply.body};
    auto sent = co_await request.http.respond(reply.status, std::move(h), std::move(body));
    co_return sent;
}

records::KeptReply plain_reply(const std::string& request_id, int status, std::string_view body) {
    return {status, request_id, "content-type: application/json\nx-aig-request-id: " + request_id + '\n',
            std::string(body)};
}
}  // namespace

Result<std::string> idempotency_key(const net::Headers& headers) {
    const auto key = headers.get(header);
    if (headers.count(header) > 1) return bad_key("Idempotency-Key was sent more than once");
    const bool printable = std::all_of(key.begin(), key.end(), [](char c) { return c > 0x20 && c < 0x7f; });
    if (key.empty() || key.size() > max_key || !printable)
        return bad_key("Idempotency-Key must be 1 to 255 visible ASCII characters");
    return std::string(key);
}

rt::Task<Status> run_once(Request& request, AccountId scope, std::string_view route, Handler handler) {
    const auto& headers = request.http.head().headers;
    if (!scope) {
        auto done = co_await handler(request);
        co_return done;
    }
    records::Asked asked;
    CO_TRY(asked.key, idempotency_key(headers));
    auto once = std::make_shared<Once>();
    CO_TRY(once->body, co_await request.http.read_body(request.services.max_json_body));
    asked.account = scope;
    asked.route = std::string(request.http.head().method) + ' ' + std::string(route);
    asked.fingerprint =
        records::digest({request.http.head().method, request.path, request.http.head().query, once->body.bytes});
    asked.at_us = request.started_us;
    CO_TRY(auto begun, co_await request.services.idempotency->begin(std::move(asked)));
    if (begun.reply) {
        auto sent = co_await replay(request, *begun.reply);
        co_return sent;
    }
    once->claim = std::move(begun.claim);
    request.once = once;
    auto done = co_await handler(request);
    once->claim->release();
    co_return done;
}

rt::Task<Result<net::Body>> take_body(Request& request, size_t max_bytes) {
    if (request.once) co_return std::move(request.once->body);
    auto body = co_await request.http.read_body(max_bytes);
    co_return body;
}

store::Ops keep_reply(Request& request, int status, std::string_view body) {
    return request.once ? keep_reply(*request.once, request.request_id, status, body) : store::Ops();
}

store::Ops keep_reply(Once& once, const std::string& request_id, int status, std::string_view body) {
    store::Ops ops;
    once.kept = true;
    ops.push_back(records::keep(once.claim, plain_reply(request_id, status, body)));
    return ops;
}

ReplyKeeper reply_keeper(const Request& request) {
    return [once = request.once, id = request.request_id](int status, std::string_view body) {
        return once ? keep_reply(*once, id, status, body) : store::Ops();
    };
}

gateway::KeepReply keep_call(Request& request) {
    if (!request.once) return {};
    request.once->kept = true;
    return [once = request.once, id = request.request_id](store::Db& db, const gateway::FinalReply& reply) {
        records::KeptReply kept{200, id, head_of(reply.headers), {}};
        if (!reply.whole || once->too_long || once->streamed.size() + reply.tail.size() > records::max_kept_reply)
            kept.status = 0;
        else
            kept.body.append(once->streamed).append(reply.tail);
        return once->claim->keep(db, kept);
    };
}

void keep_streamed(Once& once, const net::Pieces& pieces) {
    for (const auto piece : pieces) {
        once.too_long |= once.streamed.size() + piece.size() > records::max_kept_reply;
        if (once.too_long) break;
        once.streamed += piece;
    }
}

}  // namespace aig::api
