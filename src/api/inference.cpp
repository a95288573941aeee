#include "api/inference.h"

#include <algorithm>

#include <fmt/format.h>

#include "api/idempotent.h"

namespace aig::api {
namespace {

constexpr size_t max_tag = 64, max_quote = 64;

/// The gateway's view of an HTTP exchange.
class ExchangeSink final : public gateway::Sink {
  public:
    explicit ExchangeSink(Request& request, Rewrite rewrite) : request_(request), rewrite_(std::move(rewrite)) {}
    rt::Task<Status> whole(int status, net::Headers headers, net::Pieces body) override {
        if (rewrite_) return rewritten(status, std::move(headers), std::move(body));
        return respond(status, std::move(headers), std::move(body));
    }
    rt::Task<Status> begin(net::Headers headers) override {
        add_surface_headers(headers, request_);
        request_.status = 200;
        return request_.http.begin(200, std::move(headers));
    }
    rt::Task<Status> write(net::Pieces pieces) override {
        if (request_.once) keep_streamed(*request_.once, pieces);
        return request_.http.write(std::move(pieces));
    }
    rt::Task<Status> end() override { return request_.http.end(); }
    void abort() override { request_.http.abort(); }
    rt::Stop& stop() override { return request_.http.stop(); }
    /// The call went well, and yet there is no reply: nothing was answered.
    const Status& unanswered() const { return unanswered_; }

  private:
    rt::Task<Status> respond(int status, net::Headers headers, net::Pieces body) {
        add_surface_headers(headers, request_);
        request_.status = status;
        return request_.http.respond(status, std::move(headers), std::move(body));
    }
    rt::Task<Status> rewritten(int status, net::Headers headers, net::Pieces body) {
        std::string whole;
        for (const auto piece : body) whole += piece;
        auto made = rewrite_(whole);
        if (!made) {
            unanswered_ = std::move(made).error();
            co_return Status{};
        }
        net::Pieces pieces{*made};
        auto sent = co_await respond(status, std::move(headers), std::move(pieces));
        co_return sent;
    }
    Request& request_;
    const Rewrite rewrite_;
    Status unanswered_;
};

/// The caller's tag, else the key's own. One too long to keep is refused, not cut: cut tags would silently merge cost
/// reports.
Result<std::string> cost_tag(const net::Headers& headers, const identity::Principal& principal) {
    const auto tag = headers.get("x-aig-tag");
    if (tag.empty()) return principal.tag;
    const bool visible = std::all_of(tag.begin(), tag.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
    if (tag.size() > max_tag || !visible)
        return Error(ErrorCode::bad_param,
                     fmt::format("x-aig-tag must be visible ASCII, at most {} characters", max_tag))
            .param("x-aig-tag");
    return std::string(tag);
}

Status known_word(const net::Headers& headers, std::string_view name, std::initializer_list<std::string_view> words) {
    const auto value = headers.get(name);
    if (value.empty()) return {};
    std::string list;
    for (const auto w : words) {
        if (value == w) return {};
        list.append(list.empty() ? "" : ", ").append(w);
    }
    return Error(ErrorCode::bad_param, fmt::format("{} must be one of {}", name, list)).param(std::string(name));
}
}  // namespace

/// curl -d without a header says form-urlencoded and sends JSON all the same.
Status json_body(const net::Headers& headers) {
    const auto type = headers.get("content-type");
    const auto media = type.substr(0, type.find(';'));
    if (type.empty() || media.find("json") != std::string_view::npos || media.starts_with("text/plain") ||
        media == "application/octet-stream" || media == "application/x-www-form-urlencoded")
        return {};
    return Error(ErrorCode::media_type, fmt::format("this route does not take '{}'", media.substr(0, 80)));
}

Status fill_call(gateway::Call& call, Request& request, const canon::Dialect& dialect, canon::Incoming in) {
    const auto& headers = request.http.head().headers;
    TRYV(json_body(headers));
    TRYV(known_word(headers, "x-cache", {"auto", "force", "skip"}));
    TRYV(known_word(headers, "x-routing", {"auto", "cost", "speed", "quality"}));
    TRYV(known_word(headers, "x-aig-explain", {"true", "false"}));
    TRYV(known_word(headers, "x-aig-strict", {"true", "false"}));
    TRY(call.tag, cost_tag(headers, *request.principal));
    call.dialect = &dialect;
    call.in = in;
    for (const auto name : dialect.forwards())
        if (const auto value = headers.get(name); !value.empty()) call.forward.emplace_back(name, value);
    call.surface = request.surface;
    call.principal = request.principal;
    call.request_id = request.request_id;
    call.correlation_id = request.correlation_id;
    call.quote = headers.get("x-aig-quote").substr(0, max_quote);
    call.explain = headers.get("x-aig-explain") == "true";
    call.strict = headers.get("x-aig-strict") == "true";
    call.started_us = request.started_us;
    call.started_mono_ns = request.started_mono_ns;
    return {};
}

rt::Task<Status> run_call(Request& request, gateway::Call& call, Rewrite rewrite) {
    ExchangeSink sink(request, std::move(rewrite));
    auto done = co_await request.services.gateway->run(call, sink);
    if (done && !sink.unanswered()) co_return sink.unanswered();
    co_return done;
}

rt::Task<Status> infer(Request& request, const canon::Dialect& dialect, canon::Incoming in) {
    gateway::Call call;
    CO_TRYV(fill_call(call, request, dialect, in));
    CO_TRY(const auto body, co_await take_body(request, request.services.max_json_body));
    call.in.body = body.bytes;
    call.keep = keep_call(request);
    auto done = co_await run_call(request, call);
    co_return done;
}

}  // namespace aig::api
