#include "dialect/anthropic/write.h"

#include <algorithm>

#include "base/money.h"
#include "dialect/errors.h"

namespace aig::dialect::anthropic {
using namespace canon;

void append_event(std::string& out, std::string_view type, std::string_view data) {
    out.append("event: ").append(type).append("\ndata: ").append(data).append("\n\n");
}

std::string cost_number(const Bill& bill) { return dollars_number(bill.receipt.cost_nanos()); }

void append_usage(std::string& out, const Bill& bill) {
    const Usage& u = bill.usage;
    const int64_t hour = u[Component::cache_write_1h], written = u[Component::cache_write] + hour;
    JsonWriter w(out);
    w.begin_object()
        .field("input_tokens", u[Component::input])
        .field("cache_creation_input_tokens", written)
        .field("cache_read_input_tokens", u[Component::cached_input]);
    if (hour)
        w.key("cache_creation")
            .begin_object()
            .field("ephemeral_5m_input_tokens", u[Component::cache_write])
            .field("ephemeral_1h_input_tokens", hour)
            .end_object();
    w.field("output_tokens", u.output_total());
    if (u[Component::reasoning])
        w.key("output_tokens_details").begin_object().field("thinking_tokens", u[Component::reasoning]).end_object();
    w.field_raw("cost", cost_number(bill));
    if (u.estimated) w.field("estimated", true);
    w.end_object();
}

std::string message_id(const ReplyTerms& terms) {
    const std::string_view id = terms.request_id;
    return "msg_" + std::string(id.starts_with("req_") ? id.substr(4) : id);
}

void append_message_start(std::string& out, const ReplyTerms& terms) {
    // What the provider counted comes last; clients that show the size of the prompt while it runs need a figure now.
    const int64_t input = std::max<int64_t>(1, estimate_tokens(terms.envelope->size, terms.tokenizer));
    std::string data;
    JsonWriter w(data);
    w.begin_object().field("type", "message_start").key("message").begin_object();
    w.field("id", message_id(terms)).field("type", "message").field("role", "assistant");
    w.field("model", terms.public_model).key("content").begin_array().end_array();
    w.field_null("stop_reason").field_null("stop_sequence");
    w.key("usage")
        .begin_object()
        .field("input_tokens", input)
        .field("cache_creation_input_tokens", 0)
        .field("cache_read_input_tokens", 0)
        .field("output_tokens", 1)
        .end_object();
    w.end_object().end_object();
    append_event(out, "message_start", data);
}

void append_message_delta(std::string& out, std::string_view stop_reason, std::string_view stop_sequence,
                          std::string_view more, const Bill& bill) {
    std::string data;
    JsonWriter w(data);
    w.begin_object().field("type", "message_delta").key("delta").begin_object();
    w.field("stop_reason", stop_reason);
    stop_sequence.empty() ? w.field_null("stop_sequence") : w.field("stop_sequence", stop_sequence);
    w.raw_members(more).end_object();
    std::string usage;
    append_usage(usage, bill);
    w.field_raw("usage", usage).end_object();
    append_event(out, "message_delta", data);
}

std::string error_event(const Error& error, const ReplyTerms& terms) {
    std::string out;
    append_event(out, "error", in_band_anthropic_error(error, terms.request_id));
    return out;
}

}  // namespace aig::dialect::anthropic
