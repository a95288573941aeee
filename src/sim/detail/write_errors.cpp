// What both vendors put around an answer: their headers and their error envelopes.
#include <fmt/format.h>

#include <atomic>

#include "sim/detail/wires.h"

namespace aig::sim {

namespace {

std::string fresh_request_id(WireKind wire) {
    static std::atomic<uint64_t> calls{0};
    const uint64_t n = calls.fetch_add(1, std::memory_order_relaxed);
    return wire == WireKind::openai ? fmt::format("req_51{:030x}", n) : vendor_id("req_011C", 20, n);
}

std::string_view anthropic_type(int status, std::string_view type) {
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

}  // namespace

void vendor_headers(WireKind wire, Reply& reply, std::string_view content_type) {
    const std::string id = fresh_request_id(wire);
    reply.set("content-type", std::string(content_type));
    if (wire == WireKind::openai) {
        reply.set("x-request-id", id);
        reply.set("openai-version", "2020-10-01");
        reply.set("openai-processing-ms", "1");
    } else {
        reply.set("request-id", id);
    }
    if (reply.streamed) reply.set("cache-control", "no-cache");
}

std::string error_body(WireKind wire, const Refusal& r) {
    std::string body;
    JsonWriter w(body);
    auto or_null = [&w](std::string_view name, const std::string& value) {
        if (value.empty())
            w.field_null(name);
        else
            w.field(name, value);
    };
    w.begin_object();
    if (wire == WireKind::openai) {
        w.key("error").begin_object().field("message", r.message).field("type", r.type);
        or_null("param", r.param);
        or_null("code", r.code);
        w.end_object();
    } else {
        w.field("type", "error").key("error").begin_object();
        w.field("type", anthropic_type(r.status, r.type)).field("message", r.message).end_object();
        w.field("request_id", fresh_request_id(wire));
    }
    w.end_object();
    return body;
}

Reply refusal_reply(WireKind wire, const Refusal& r) {
    Reply reply;
    reply.status = r.status;
    reply.body = error_body(wire, r);
    vendor_headers(wire, reply, "application/json");
    return reply;
}

Event error_event(WireKind wire, const Refusal& r, int64_t tokens) {
    const std::string body = error_body(wire, r);
    if (wire == WireKind::openai) return {"data: " + body + "\n\n", tokens};
    return {"event: error\ndata: " + body + "\n\n", tokens};
}

}  // namespace aig::sim
