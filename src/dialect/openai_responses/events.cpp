#include "dialect/openai_responses/events.h"

#include <fmt/format.h>

#include "dialect/errors.h"
#include "dialect/openai_responses/frame.h"

namespace aig::dialect::responses {
namespace {

using Part = ItemPart::Kind;

struct PartWords {
    std::string_view delta, done, member;  ///< member: of the done event
};
constexpr PartWords part_words[] = {
    {"response.output_text.delta", "response.output_text.done", "text"},
    {"response.refusal.delta", "response.refusal.done", "refusal"},
    {"response.reasoning_text.delta", "response.reasoning_text.done", "text"},
    {"response.reasoning_summary_text.delta", "response.reasoning_summary_text.done", "text"},
};
const PartWords& words_of(const ItemPart& p) { return part_words[static_cast<size_t>(p.kind)]; }

/// Parts of a summary are counted by themselves.
int64_t place(const OutputItem& item, size_t part) {
    const bool summary = item.parts[part].kind == Part::summary_text;
    int64_t n = 0;
    for (size_t i = 0; i < part; ++i) n += (item.parts[i].kind == Part::summary_text) == summary;
    return n;
}

std::string_view part_event(const ItemPart& p, bool done) {
    if (p.kind == Part::summary_text)
        return done ? "response.reasoning_summary_part.done" : "response.reasoning_summary_part.added";
    return done ? "response.content_part.done" : "response.content_part.added";
}
}  // namespace

template <class Members>
void EventWriter::event(std::string& out, std::string_view type, Members members) {
    if (muted_) return;
    out.append("event: ").append(type).append("\ndata: ");
    JsonWriter w(out);
    w.begin_object().field("type", type).field("sequence_number", next_++);
    members(w);
    w.end_object();
    out += "\n\n";
}

template <class Members>
void EventWriter::of_part(std::string& out, std::string_view type, size_t index, const OutputItem& item, size_t part,
                          Members members) {
    event(out, type, [&](JsonWriter& w) {
        const bool summary = item.parts[part].kind == Part::summary_text;
        w.field("item_id", item.id).field("output_index", static_cast<int64_t>(index));
        w.field(summary ? "summary_index" : "content_index", place(item, part));
        members(w);
    });
}

void EventWriter::response(std::string& out, std::string_view type, std::string_view object) {
    event(out, type, [&](JsonWriter& w) { w.field_raw("response", object); });
}

void EventWriter::item_added(std::string& out, size_t index, const OutputItem& item) {
    event(out, "response.output_item.added", [&](JsonWriter& w) {
        w.field("output_index", static_cast<int64_t>(index)).key("item");
        write_item(w, item, "in_progress", true);
    });
}

void EventWriter::item_done(std::string& out, size_t index, const OutputItem& item, std::string_view status) {
    event(out, "response.output_item.done", [&](JsonWriter& w) {
        w.field("output_index", static_cast<int64_t>(index)).key("item");
        write_item(w, item, status);
    });
}

void EventWriter::part_added(std::string& out, size_t index, const OutputItem& item, size_t part) {
    const ItemPart& p = item.parts[part];
    of_part(out, part_event(p, false), index, item, part, [&](JsonWriter& w) {
        w.key("part");
        write_part(w, ItemPart{p.kind, {}, {}, {}});
    });
}

void EventWriter::part_delta(std::string& out, size_t index, const OutputItem& item, size_t part,
                             std::string_view text) {
    const ItemPart& p = item.parts[part];
    of_part(out, words_of(p).delta, index, item, part, [&](JsonWriter& w) {
        w.field("delta", text);
        if (p.kind == Part::output_text) w.field_raw("logprobs", "[]");
    });
}

void EventWriter::part_done(std::string& out, size_t index, const OutputItem& item, size_t part) {
    const ItemPart& p = item.parts[part];
    of_part(out, words_of(p).done, index, item, part, [&](JsonWriter& w) {
        w.field(words_of(p).member, p.text);
        if (p.kind == Part::output_text) w.key("logprobs").begin_array().raw_members(p.logprobs).end_array();
    });
    of_part(out, part_event(p, true), index, item, part, [&](JsonWriter& w) {
        w.key("part");
        write_part(w, p);
    });
}

void EventWriter::call_delta(std::string& out, size_t index, const OutputItem& item, std::string_view text) {
    const bool custom = item.kind == OutputItem::Kind::custom_call;
    event(out, custom ? "response.custom_tool_call_input.delta" : "response.function_call_arguments.delta",
          [&](JsonWriter& w) {
              w.field("item_id", item.id).field("output_index", static_cast<int64_t>(index)).field("delta", text);
          });
}

void EventWriter::call_done(std::string& out, size_t index, const OutputItem& item) {
    const bool custom = item.kind == OutputItem::Kind::custom_call;
    event(out, custom ? "response.custom_tool_call_input.done" : "response.function_call_arguments.done",
          [&](JsonWriter& w) {
              w.field("item_id", item.id).field("output_index", static_cast<int64_t>(index));
              if (!custom) w.field("name", item.name);
              w.field(custom ? "input" : "arguments", item.arguments);
          });
}

void EventWriter::annotation(std::string& out, size_t index, const OutputItem& item, size_t part,
                             std::string_view raw) {
    of_part(out, "response.output_text.annotation.added", index, item, part, [&](JsonWriter& w) {
        w.field("annotation_index", item.parts[part].annotation_count).field_raw("annotation", raw);
    });
}

/// Flat as OpenAI documents it, and as an object as OpenAI sends it and Open Responses demands it.
void EventWriter::error(std::string& out, const Error& e) {
    const auto members = [&](JsonWriter& w) {
        w.field("code", error_word(e)).field("message", public_message(e));
        e.param().empty() ? w.field_null("param") : w.field("param", e.param());
    };
    event(out, "error", [&](JsonWriter& w) {
        members(w);
        w.key("error").begin_object().field("type",
                                            e.row().fault == Fault::caller ? "invalid_request_error" : "server_error");
        members(w);
        w.end_object();
    });
}

}  // namespace aig::dialect::responses
