#include <algorithm>

#include <fmt/format.h>

#include "provider/anthropic/decode.h"
#include "provider/anthropic/encode.h"

namespace aig::provider::anthropic {
namespace {

using canon::Event;
using Kind = Event::Kind;
using canon::StopReason;

constexpr size_t max_open_blocks = 1024;
constexpr size_t max_kept = 16u << 20;  // citations and unknown blocks of one reply

Event event(Kind kind, std::string_view text = {}) {
    Event e{.kind = kind};
    e.text = text;
    return e;
}
Event state(std::string_view kind, std::string_view data) {
    Event e = event(Kind::state, data);
    e.name = kind;
    return e;
}
/// Blocks of reasoning are told apart by their number: each signature belongs to one.
Event reasoning(int64_t block, std::string_view text) {
    Event e = event(Kind::reasoning, text);
    e.index = static_cast<int>(block);
    return e;
}
Event tool_event(Kind kind, int ordinal, std::string_view text = {}) {
    Event e = event(kind, text);
    e.index = ordinal;
    return e;
}
Event extra(int choice, std::string_view name, std::string_view raw) {
    Event e = event(Kind::extra);
    e.choice = choice;
    e.name = name;
    e.raw = raw;
    return e;
}
Error garbage(std::string why) { return Error(ErrorCode::upstream_garbage, std::move(why)); }

Error too_much() { return garbage("the provider's reply has more than 16 MiB of citations and server blocks"); }

void append_item(std::string& list, std::string_view json) {
    if (!list.empty()) list += ',';
    list += json;
}

}  // namespace

void Reply::start(JsonRef message, Events& out) {
    Event e = event(Kind::started);
    e.id = message["id"].text();
    e.name = message["model"].text();
    out.push_back(e);
    counts_.read(message["usage"]);
}

Reply::Block* Reply::find(int64_t index) {
    for (Block& b : open_)
        if (b.index == index) return &b;
    return nullptr;
}

Status Reply::block_start(int64_t index, JsonRef json, Events& out) {
    if (open_.size() >= max_open_blocks) return garbage("the provider opened more than 1,024 content blocks at once");
    if (citations_.size() + blocks_.size() > max_kept) return too_much();
    if (Block* again = find(index)) {  // not closed before its number came again
        const Block left = std::move(*again);
        std::erase_if(open_, [&](const Block& b) { return b.index == index; });
        end_block(left, out);
    }
    const auto type = json["type"].text();
    Block& block = open_.emplace_back(Block{index, BlockKind::other, 0, false, {}, {}});
    if (type == "text") {
        block.kind = BlockKind::text;
        citations(json["citations"]);
        if (const auto text = json["text"].text(); !text.empty()) out.push_back(event(Kind::text, text));
    } else if (type == "thinking") {
        block.kind = BlockKind::thinking;
        if (const auto text = json["thinking"].text(); !text.empty()) out.push_back(reasoning(index, text));
        if (const auto sign = json["signature"].text(); !sign.empty())
            out.push_back(state(canon::state_kind::signature, sign));
    } else if (type == "redacted_thinking") {
        block.kind = BlockKind::thinking;
        Event e = state(canon::state_kind::redacted, json["data"].text());
        out.push_back(e);
    } else if (type == "tool_use") {
        tool_start(block, json, out);
    } else {
        block.start = json.raw();
    }
    return {};
}

void Reply::tool_start(Block& block, JsonRef json, Events& out) {
    block.start = json["input"].raw();
    if (json["name"].text() == output_tool) {
        block.kind = BlockKind::answer;
        answered_ = true;
        return;
    }
    block.kind = BlockKind::tool;
    block.ordinal = tools_++;
    Event e = tool_event(Kind::tool_begin, block.ordinal);
    e.id = json["id"].text();
    e.name = json["name"].text();
    out.push_back(e);
}

Status Reply::block_delta(int64_t index, JsonRef delta, Events& out) {
    Block* block = find(index);
    if (!block) return garbage("the provider sent a piece of a content block that it had not begun");
    const auto type = delta["type"].text();
    if (type == "text_delta") {
        out.push_back(event(Kind::text, delta["text"].text()));
    } else if (type == "thinking_delta") {
        out.push_back(reasoning(index, delta["thinking"].text()));
    } else if (type == "signature_delta") {
        out.push_back(state(canon::state_kind::signature, delta["signature"].text()));
    } else if (type == "citations_delta") {
        append_item(citations_, delta["citation"].raw());
    } else if (type == "input_json_delta") {
        const auto piece = delta["partial_json"].text();
        if (piece.empty()) return {};
        block->written = true;
        if (block->kind == BlockKind::tool)
            out.push_back(tool_event(Kind::tool_arguments, block->ordinal, piece));
        else if (block->kind == BlockKind::answer)
            out.push_back(event(Kind::text, piece));
        else
            block->pieces += piece;
    } else if (block->kind == BlockKind::other) {
        append_item(block->pieces, delta.raw());
    }
    if (citations_.size() + blocks_.size() + block->pieces.size() > max_kept) return too_much();
    return {};
}

void Reply::block_stop(int64_t index, Events& out) {
    Block* block = find(index);
    if (!block) return;
    const Block ended = std::move(*block);
    std::erase_if(open_, [&](const Block& b) { return b.index == index; });
    end_block(ended, out);
}

void Reply::end_block(const Block& block, Events& out) {
    if (block.kind == BlockKind::other) return keep_other(block);
    if (block.written || (block.kind != BlockKind::tool && block.kind != BlockKind::answer)) return;
    // A call without arguments streams no piece at all, and a whole reply has its input in the start.
    const auto input = own(block.start.empty() || block.start == "null" ? "{}" : block.start);
    out.push_back(block.kind == BlockKind::tool ? tool_event(Kind::tool_arguments, block.ordinal, input)
                                                : event(Kind::text, input));
}

/// A block this wire does not know (server tools, compaction, fallback): its JSON with the streamed pieces put in
/// place.
void Reply::keep_other(const Block& block) {
    if (block.pieces.empty()) return append_item(blocks_, block.start);
    auto start = JsonDoc::parse(block.start);
    if (!start || !start->root().is_object()) return append_item(blocks_, block.start);
    std::string merged;
    JsonWriter w(merged);
    w.begin_object();
    const bool input = block.written && JsonDoc::parse(block.pieces).ok();
    for (const JsonRef m : start->root())
        if (m.key() != "input" || !input) w.field_raw(m.key(), m.raw());
    if (input)
        w.field_raw("input", block.pieces);
    else if (!block.written)
        w.field_raw("deltas", "[" + block.pieces + "]");
    else
        w.field("input_text", block.pieces);
    w.end_object();
    append_item(blocks_, merged);
}

void Reply::citations(JsonRef list) {
    for (const JsonRef c : list) append_item(citations_, c.raw());
}

void Reply::flush_extras(Events& out) {
    if (!citations_.empty()) out.push_back(extra(0, "citations", own("[" + citations_ + "]")));
    if (!blocks_.empty()) out.push_back(extra(0, "content_blocks", own("[" + blocks_ + "]")));
    citations_.clear();
    blocks_.clear();
}

void Reply::close(Events& out) {
    for (const Block& b : open_) end_block(b, out);
    open_.clear();
    flush_extras(out);
}

void Reply::finish(JsonRef ending, JsonRef usage, Events& out) {
    const auto word = ending["stop_reason"].text();
    if (!word.empty() && !closed_) {
        closed_ = true;
        close(out);
        const JsonRef details = ending["stop_details"];
        if (details.is_object()) {
            if (const auto why = details["explanation"].text(); word == "refusal" && !why.empty())
                out.push_back(event(Kind::refusal, why));
            out.push_back(extra(0, "stop_details", details.raw()));
        }
        Event e = event(Kind::finish, ending["stop_sequence"].text());
        e.stop = canon::anthropic::stop_of(word);
        e.raw = word;
        // The stand-in for a schema is an answer, not a call.
        if (e.stop == StopReason::tool_calls && answered_ && tools_ == 0) e.stop = StopReason::end;
        out.push_back(e);
    }
    if (!usage.is_object()) return;
    counts_.read(usage);
    if (!usage["output_tokens"] || usage["output_tokens"].is_null()) return;
    Event e = event(Kind::usage);
    e.usage = counts_.usage();
    out.push_back(e);
}

}  // namespace aig::provider::anthropic
