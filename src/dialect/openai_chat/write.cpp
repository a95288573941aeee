#include "dialect/openai_chat/write.h"

#include <algorithm>

#include "base/money.h"

namespace aig::dialect::openai {
using namespace canon;

std::string cost_number(const Bill& bill) { return dollars_number(bill.receipt.cost_nanos()); }

void append_usage(std::string& out, const Bill& bill, bool embedding) {
    const Usage& u = bill.usage;
    JsonWriter w(out);
    w.begin_object().field("prompt_tokens", u.input_total());
    if (!embedding) w.field("completion_tokens", u.output_total());
    w.field("total_tokens", u.input_total() + u.output_total());
    if (!embedding) {
        w.key("prompt_tokens_details").begin_object().field("cached_tokens", u[Component::cached_input]);
        const int64_t written = u[Component::cache_write] + u[Component::cache_write_1h];
        if (written) w.field("cache_write_tokens", written);
        w.end_object();
        w.key("completion_tokens_details")
            .begin_object()
            .field("reasoning_tokens", u[Component::reasoning])
            .end_object();
    }
    w.field_raw("cost", cost_number(bill));
    if (u.estimated) w.field("estimated", true);
    w.end_object();
}

void append_chunk(std::string& out, const ChunkHead& head, std::string_view choices, std::string_view usage) {
    out += "data: ";
    JsonWriter w(out);
    w.begin_object()
        .field("id", head.id)
        .field("object", head.completion ? "text_completion" : "chat.completion.chunk")
        .field("created", head.created)
        .field("model", head.model);
    w.key("choices").begin_array().raw_members(choices).end_array();
    if (!usage.empty()) w.field_raw("usage", usage);
    w.end_object();
    out += "\n\n";
}

std::string flat(std::string_view json) {
    std::string out(json);
    std::replace_if(
        out.begin(), out.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
    return out;
}

bool is_native_signature(const Event& state) { return state.name == state_kind::thought; }

std::string reasoning_detail(const Event& state, size_t index) {
    if (state.name == state_kind::details) return flat(state.text);
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("type", "reasoning.encrypted").field("data", state.text);
    state.id.empty() ? w.field_null("id") : w.field("id", state.id);
    w.field("format", "aigateway-v1").field("index", static_cast<int64_t>(index)).end_object();
    return out;
}

std::string extra_content(std::string_view signature) {
    std::string out;
    JsonWriter w(out);
    w.begin_object().key("google").begin_object().field("thought_signature", signature).end_object().end_object();
    return out;
}

std::string annotation(std::string_view json) {
    const auto doc = JsonDoc::parse(json);
    const JsonRef a = doc ? doc->root() : JsonRef();
    const auto type = a["type"].text();
    if (type.empty() || a[type]) return flat(json);
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("type", type).key(type).begin_object();
    for (const JsonRef m : a)
        if (m.key() != "type") w.field_raw(m.key(), flat(m.raw()));
    w.end_object().end_object();
    return out;
}

std::string image_entry(const Event& media, size_t index) {
    std::string url(media.id);
    if (url.empty()) url.append("data:").append(media.name).append(";base64,").append(media.text);
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("type", "image_url").field("index", static_cast<int64_t>(index));
    w.key("image_url").begin_object().field("url", url).end_object().end_object();
    return out;
}

std::string audio_value(const Event& media, std::string_view id) {
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("id", id).field("data", media.text).field("transcript", "").end_object();
    return out;
}

std::string ending_choice(int index, std::string_view finish_reason, bool completion) {
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("index", index);
    completion ? w.field("text", "") : w.key("delta").begin_object().end_object();
    w.field_null("logprobs").field("finish_reason", finish_reason).end_object();
    return out;
}

}  // namespace aig::dialect::openai
