#include "dialect/openai_responses/items.h"

namespace aig::dialect::responses {
namespace {

using Kind = OutputItem::Kind;

bool is_summary(const ItemPart& p) { return p.kind == ItemPart::Kind::summary_text; }

void write_parts(JsonWriter& w, std::string_view name, const OutputItem& item, bool summary, bool empty) {
    w.key(name).begin_array();
    if (!empty)
        for (const ItemPart& p : item.parts)
            if (is_summary(p) == summary) write_part(w, p);
    w.end_array();
}

void write_message(JsonWriter& w, const OutputItem& item, std::string_view status, bool empty) {
    w.field("status", status);
    write_parts(w, "content", item, false, empty);
    w.field("role", "assistant");
}

void write_reasoning(JsonWriter& w, const OutputItem& item, bool empty) {
    write_parts(w, "summary", item, true, empty);
    bool content = false;
    for (const ItemPart& p : item.parts) content |= !is_summary(p);
    if (content && !empty) write_parts(w, "content", item, false, false);
    if (!item.sealed.empty() && !empty) w.field("encrypted_content", item.sealed);
}

void write_call(JsonWriter& w, const OutputItem& item, std::string_view status, bool empty) {
    const std::string_view said = empty ? std::string_view() : std::string_view(item.arguments);
    w.field("status", status);
    w.field(item.kind == Kind::custom_call ? "input" : "arguments", said);
    w.field("call_id", item.call_id).field("name", item.name);
    if (!item.space.empty()) w.field("namespace", item.space);
}
}  // namespace

std::string_view OutputItem::word() const {
    switch (kind) {
        case Kind::message:
            return "message";
        case Kind::reasoning:
            return "reasoning";
        case Kind::function_call:
            return "function_call";
        case Kind::custom_call:
            return "custom_tool_call";
        case Kind::image:
            break;
    }
    return "image_generation_call";
}

void write_part(JsonWriter& w, const ItemPart& p) {
    static constexpr std::string_view words[] = {"output_text", "refusal", "reasoning_text", "summary_text"};
    const auto word = words[static_cast<size_t>(p.kind)];
    w.begin_object().field("type", word).field(p.kind == ItemPart::Kind::refusal ? word : "text", p.text);
    if (p.kind == ItemPart::Kind::output_text) {
        w.key("annotations").begin_array().raw_members(p.annotations).end_array();
        w.key("logprobs").begin_array().raw_members(p.logprobs).end_array();
    }
    w.end_object();
}

void write_item(JsonWriter& w, const OutputItem& item, std::string_view status, bool empty) {
    w.begin_object().field("id", item.id).field("type", item.word());
    switch (item.kind) {
        case Kind::message:
            write_message(w, item, status, empty);
            break;
        case Kind::reasoning:
            write_reasoning(w, item, empty);
            break;
        case Kind::function_call:
        case Kind::custom_call:
            write_call(w, item, status, empty);
            break;
        case Kind::image:
            w.field("status", status);
            empty ? w.field_null("result") : w.field("result", item.sealed);
            break;
    }
    w.end_object();
}

}  // namespace aig::dialect::responses
