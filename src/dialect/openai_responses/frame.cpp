#include "dialect/openai_responses/frame.h"

#include <algorithm>
#include <charconv>

#include "base/json.h"
#include "base/money.h"
#include "dialect/errors.h"
#include "dialect/members.h"
#include "dialect/openai_responses/openai_responses.h"

namespace aig::dialect::responses {
using namespace canon;
namespace {

constexpr std::string_view id_prefix = "resp_", request_prefix = "req_";

void repeat(JsonWriter& w, JsonRef root, std::string_view name, std::string_view otherwise) {
    w.field_raw(name, given(root[name]) ? root[name].raw() : otherwise);
}

/// A function with all its members: what the caller left out is null.
void tool(JsonWriter& w, JsonRef t) {
    if (t["type"].text() != "function") {
        w.raw(t.raw());
        return;
    }
    w.begin_object();
    for (const JsonRef m : t) w.field_raw(m.key(), m.raw());
    for (const auto name : {"description", "parameters", "strict"})
        if (!t[name]) w.field_null(name);
    w.end_object();
}

void tools(JsonWriter& w, JsonRef list) {
    w.key("tools").begin_array();
    if (list.is_array())
        for (const JsonRef t : list) tool(w, t);
    w.end_array();
}

void format(JsonWriter& w, JsonRef f) {
    if (f["type"].text() != "json_schema") {
        w.raw(given(f) ? f.raw() : R"({"type":"text"})");
        return;
    }
    w.begin_object().field("type", "json_schema").field("name", f["name"].text());
    w.field_raw("description", given(f["description"]) ? f["description"].raw() : "null");
    w.field_raw("schema", f["schema"].raw()).field("strict", f["strict"].boolean()).end_object();
}

void text(JsonWriter& w, JsonRef t) {
    w.key("text").begin_object().key("format");
    format(w, t["format"]);
    w.field_raw("verbosity", given(t["verbosity"]) ? t["verbosity"].raw() : "\"medium\"").end_object();
}

void reasoning(JsonWriter& w, JsonRef r) {
    w.key("reasoning").begin_object();
    for (const auto name : {"effort", "summary"}) repeat(w, r, name, "null");
    w.end_object();
}

/// The members in front of `output`.
void before(JsonWriter& w, JsonRef root, const ReplyTerms& terms) {
    repeat(w, root, "instructions", "null");
    repeat(w, root, "max_output_tokens", "null");
    repeat(w, root, "max_tool_calls", "null");
    w.field("model", terms.public_model);
}

void behind(JsonWriter& w, JsonRef root) {
    repeat(w, root, "parallel_tool_calls", "true");
    repeat(w, root, "previous_response_id", "null");
    repeat(w, root, "prompt_cache_key", "null");
    reasoning(w, root["reasoning"]);
    repeat(w, root, "safety_identifier", "null");
    // Tiers are a provider's own; a translated request goes out without one.
    w.field("service_tier", "default");
    repeat(w, root, "store", "true");
    repeat(w, root, "temperature", "1.0");
    text(w, root["text"]);
    repeat(w, root, "tool_choice", "\"auto\"");
    tools(w, root["tools"]);
    repeat(w, root, "top_logprobs", "0");
    repeat(w, root, "top_p", "1.0");
    repeat(w, root, "presence_penalty", "0");
    repeat(w, root, "frequency_penalty", "0");
    repeat(w, root, "truncation", "\"disabled\"");
    repeat(w, root, "background", "false");
    repeat(w, root, "metadata", "{}");
    repeat(w, root, "user", "null");
}

/// The inside of an object, without its braces.
template <class Members>
std::string inside(Members members) {
    std::string out;
    JsonWriter w(out);
    w.begin_object();
    members(w);
    w.end_object();
    return on_one_line(std::string_view(out).substr(1, out.size() - 2));
}

void append_error(JsonWriter& w, const Error* error) {
    if (!error) {
        w.field_null("error");
        return;
    }
    w.key("error").begin_object().field("code", error_word(*error)).field("message", public_message(*error));
    w.end_object();
}
}  // namespace

std::string response_id(std::string_view request_id) {
    if (request_id.starts_with(request_prefix)) request_id.remove_prefix(request_prefix.size());
    return std::string(id_prefix).append(request_id);
}

std::string response_of_item(std::string_view item_id, size_t& place) {
    const size_t first = item_id.find('_'), last = item_id.rfind('_');
    if (first == std::string_view::npos || last <= first + 1 || last + 1 >= item_id.size()) return {};
    const auto digits = item_id.substr(last + 1);
    const auto [end, bad] = std::from_chars(digits.data(), digits.data() + digits.size(), place);
    if (bad != std::errc{} || end != digits.data() + digits.size()) return {};
    return std::string(id_prefix).append(item_id.substr(first + 1, last - first - 1));
}

std::string standing_response(const ReplyTerms& terms, std::string_view status, const Error* error) {
    Standing s;
    s.status = status;
    s.error = error;
    return Frame(terms).object(s);
}

std::string_view id_stem(std::string_view id) { return id.starts_with(id_prefix) ? id.substr(id_prefix.size()) : id; }

Frame::Frame(const ReplyTerms& terms) : id_(response_id(terms.request_id)) {
    auto doc = JsonDoc::parse(terms.body);
    if (!doc) doc = JsonDoc::parse("{}");
    const JsonRef root = doc->root();
    head_ = inside(
        [&](JsonWriter& w) { w.field("id", id_).field("object", "response").field("created_at", terms.created_s); });
    tail_ = inside([&](JsonWriter& w) { before(w, root, terms); });
    tail_ += '\x01';
    tail_ += inside([&](JsonWriter& w) { behind(w, root); });
    if (given(root["previous_response_id"])) previous_ = root["previous_response_id"].raw();
    background_ = root["background"].boolean();
}

std::string Frame::object(const Standing& s) const {
    const std::string_view around(tail_);
    const size_t middle = around.find('\x01');
    std::string out;
    JsonWriter w(out);
    w.begin_object().raw_members(head_).field("status", s.status).field_null("completed_at");
    append_error(w, s.error);
    if (s.incomplete_reason.empty())
        w.field_null("incomplete_details");
    else
        w.key("incomplete_details").begin_object().field("reason", s.incomplete_reason).end_object();
    w.raw_members(around.substr(0, middle)).key("output").begin_array().raw_members(s.output).end_array();
    if (s.output_text) w.field("output_text", *s.output_text);
    w.raw_members(around.substr(middle + 1));
    w.field_raw("usage", s.usage.empty() ? "null" : s.usage).end_object();
    return out;
}

std::string cost_number(const Bill& bill) { return dollars_number(bill.receipt.cost_nanos()); }

std::string usage_object(const Bill& bill) {
    const Usage& u = bill.usage;
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("input_tokens", u.input_total());
    w.key("input_tokens_details").begin_object().field("cached_tokens", u[Component::cached_input]);
    const int64_t written = u[Component::cache_write] + u[Component::cache_write_1h];
    if (written) w.field("cache_write_tokens", written);
    w.end_object().field("output_tokens", u.output_total());
    w.key("output_tokens_details").begin_object().field("reasoning_tokens", u[Component::reasoning]).end_object();
    w.field("total_tokens", u.input_total() + u.output_total()).field_raw("cost", cost_number(bill));
    if (u.estimated) w.field("estimated", true);
    w.end_object();
    return out;
}

std::string_view error_word(const Error& error) {
    switch (error.code()) {
        case ErrorCode::rate_limited:
        case ErrorCode::upstream_rate_limited:
            return "rate_limit_exceeded";
        case ErrorCode::context_too_long:
            return "context_length_exceeded";
        case ErrorCode::content_rejected:
        case ErrorCode::upstream_rejected:
            return "invalid_prompt";
        case ErrorCode::no_money:
        case ErrorCode::budget_exceeded:
            return "insufficient_quota";
        default:
            return "server_error";
    }
}

std::string on_one_line(std::string_view json) {
    std::string flat(json);
    std::replace_if(
        flat.begin(), flat.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
    return flat;
}

}  // namespace aig::dialect::responses
