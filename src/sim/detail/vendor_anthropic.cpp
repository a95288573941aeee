// Anthropic's messages, token counts and models: what stands around the answers of write_anthropic.cpp.
#include <fmt/format.h>

#include "sim/detail/wires.h"

namespace aig::sim {

namespace {

/// The list of models is asked for at one path on both, and only Anthropic's clients send a version.
bool serves(const Request& request, Place& place) {
    const std::string_view path = request.path;
    if (path == "/v1/messages") return true;
    place.task = path == "/v1/messages/count_tokens" ? Task::count : Task::models;
    return place.task == Task::count || (path == "/v1/models" && !request.header("anthropic-version").empty());
}

Checked admit(const Request& request, std::string_view wanted) {
    std::string_view key = request.header("x-api-key");
    if (key.empty()) key = bearer(request);
    if (key.empty()) return Refusal{401, "authentication_error", "x-api-key header is required", "", ""};
    if (!wanted.empty() && key != wanted) return Refusal{401, "authentication_error", "invalid x-api-key", "", ""};
    if (request.path == "/v1/messages" && request.header("anthropic-version").empty())
        return Refusal{400, "invalid_request_error", "anthropic-version: header is required", "", ""};
    return {};
}

Checked read(JsonRef root, const Place&, Ask& ask) { return read_anthropic_messages(root, ask); }

Reply count(JsonRef root, const Place& place) {
    // The route takes no max_tokens, which the reader wants: it is given one.
    std::string body(root.raw());
    if (const size_t open = body.find('{'); open != std::string::npos) body.insert(open + 1, "\"max_tokens\":1000000,");
    const auto doc = JsonDoc::parse(body);
    Ask ask;
    ask.wire = &anthropic_vendor();
    ask.account = place.account;
    if (!doc) return refusal_reply(*ask.wire, {400, "invalid_request_error", "The body is not an object", "", ""});
    if (auto r = read(doc->root(), place, ask)) return refusal_reply(*ask.wire, *r);
    Reply reply;
    reply.body = fmt::format("{{\"input_tokens\":{}}}", ask.input_tokens);
    reply.set("content-type", "application/json");
    return reply;
}

Reply models() {
    static constexpr std::string_view ids[] = {"claude-opus-4-7", "claude-sonnet-4-6"};
    Reply reply;
    JsonWriter w(reply.body);
    w.begin_object().key("data").begin_array();
    for (const std::string_view id : ids)
        w.begin_object()
            .field("type", "model")
            .field("id", id)
            .field("display_name", id)
            .field("created_at", "2026-01-15T00:00:00Z")
            .end_object();
    w.end_array()
        .field("has_more", false)
        .field("first_id", ids[0])
        .field("last_id", ids[std::size(ids) - 1])
        .end_object();
    anthropic_headers(reply, "application/json");
    return reply;
}

std::string_view type_of(int status, std::string_view type) {
    switch (status) {
        case 401:
            return "authentication_error";
        case 402:
            return "billing_error";
        case 403:
            return "permission_error";
        case 404:
            return "not_found_error";
        case 413:
            return "request_too_large";
        case 429:
            return "rate_limit_error";
        case 500:
            return "api_error";
        case 504:
            return "timeout_error";
        case 529:
            return "overloaded_error";
        default:
            break;
    }
    return status > 500 ? "api_error" : type.empty() ? "invalid_request_error" : type;
}

std::string fresh_id() { return vendor_id("req_011C", 20, next_serial()); }

Refusal unknown_model(std::string_view model) {
    return {404, "not_found_error", fmt::format("model: {}", model), "", ""};
}

Event error_event(const Refusal& refusal, int64_t tokens) {
    return {"event: error\ndata: " + anthropic_error_body(refusal) + "\n\n", tokens};
}

Words words() {
    Words w;
    w.not_json = "The request body is not valid JSON";
    w.overloaded = {529, "overloaded_error", "Overloaded", "", ""};
    w.no_quota = {429, "rate_limit_error",
                  "enforced_spend_limit_reached: You have reached your specified API usage limits.", "", ""};
    w.long_context = {400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum", "", ""};
    w.policy = {400, "invalid_request_error", "Your request was rejected by our safety system.", "", ""};
    w.unknown_event = "event: sim_future_event\ndata: {\"type\":\"sim_future_event\",\"detail\":{\"a\":1}}\n\n";
    return w;
}

}  // namespace

std::string anthropic_error_body(const Refusal& r) {
    std::string body;
    JsonWriter w(body);
    w.begin_object().field("type", "error").key("error").begin_object();
    w.field("type", type_of(r.status, r.type)).field("message", r.message).end_object();
    w.field("request_id", fresh_id()).end_object();
    return body;
}

void anthropic_headers(Reply& reply, std::string_view content_type) {
    reply.set("content-type", std::string(content_type));
    reply.set("request-id", fresh_id());
    if (reply.streamed) reply.set("cache-control", "no-cache");
}

const Vendor& anthropic_vendor() {
    static const Vendor vendor = [] {
        Vendor v;
        v.name = "anthropic";
        v.reply_id = {"msg_01", 22};
        v.call_id = {"toolu_01", 22};
        v.words = words();
        v.serves = serves;
        v.admit = admit;
        v.read = read;
        v.write = write_anthropic;
        v.count = count;
        v.models = models;
        v.error_body = anthropic_error_body;
        v.error_event = error_event;
        v.unknown_model = unknown_model;
        v.headers = anthropic_headers;
        return v;
    }();
    return vendor;
}

}  // namespace aig::sim
