#include "provider/bedrock/reply.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "canon/usage_shapes.h"
#include "provider/anthropic/encode.h"
#include "provider/base64.h"
#include "provider/bedrock/state.h"

namespace aig::provider::bedrock {
namespace {

using canon::Event;
using canon::StopReason;
using EventKind = Event::Kind;

constexpr size_t most_blocks = 1024;
constexpr size_t most_kept = 16u << 20;  // of citations, server blocks and images of one reply

Event event(EventKind kind, std::string_view text = {}) {
    Event e{.kind = kind};
    e.text = text;
    return e;
}
Error garbage(const char* why) { return Error(ErrorCode::upstream_garbage, why); }

struct StopWord {
    std::string_view word;
    StopReason reason;
};
constexpr std::array<StopWord, 7> stop_words{{{"end_turn", StopReason::end},
                                              {"tool_use", StopReason::tool_calls},
                                              {"max_tokens", StopReason::length},
                                              {"stop_sequence", StopReason::stop_sequence},
                                              {"guardrail_intervened", StopReason::content_filter},
                                              {"content_filtered", StopReason::content_filter},
                                              {"model_context_window_exceeded", StopReason::context_full}}};
StopReason stop_of(std::string_view word) {
    for (const StopWord& s : stop_words)
        if (s.word == word) return s.reason;
    return StopReason::other;
}

bool printable(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < 0x7f; });
}
bool is_server(JsonRef tool) { return tool["type"].text() == "server_tool_use"; }

}  // namespace

void Reply::start(Events& out) { out.push_back(event(EventKind::started)); }

Reply::Block* Reply::find(int64_t index) {
    for (Block& b : open_)
        if (b.index == index) return &b;
    return nullptr;
}

Status Reply::whole_block(JsonRef block, Events& out) {
    Block b{};
    if (const JsonRef text = block["text"]; text.is_string()) {
        if (!text.text().empty()) out.push_back(event(EventKind::text, text.text()));
    } else if (const JsonRef r = block["reasoningContent"]) {
        b.kind = Kind::reasoning;
        if (const auto said = r["reasoningText"]["text"].text(); !said.empty())
            out.push_back(event(EventKind::reasoning, said));
        b.signature = r["reasoningText"]["signature"].text();
        b.pieces = r["redactedContent"].text();
        state(b, out);
    } else if (const JsonRef tool = block["toolUse"]; tool && !is_server(tool)) {
        tool_begin(b, tool, out);
        const auto input = tool["input"].raw();
        Event e = event(b.kind == Kind::answer ? EventKind::text : EventKind::tool_arguments,
                        input.empty() ? std::string_view("{}") : input);
        e.index = b.ordinal;
        out.push_back(e);
    } else if (const JsonRef cited = block["citationsContent"]) {
        for (const JsonRef c : cited["content"])
            if (!c["text"].text().empty()) out.push_back(event(EventKind::text, c["text"].text()));
        for (const JsonRef c : cited["citations"]) citations_ += (citations_.empty() ? "" : ",") + std::string(c.raw());
    } else if (const JsonRef image = block["image"]) {
        media(image["format"].text(), image["source"]["bytes"].text(), out);
    } else {
        server_block(block.raw(), out);
    }
    return {};
}

Status Reply::block_start(int64_t index, JsonRef start, Events& out) {
    if (open_.size() >= most_blocks) return garbage("the provider opened more than 1,024 content blocks at once");
    block_stop(index, out);
    Block& block = open_.emplace_back(Block{index, Kind::text, 0, false, {}, {}, {}});
    if (const JsonRef tool = start["toolUse"]; tool && !is_server(tool)) {
        tool_begin(block, tool, out);
    } else if (const JsonRef image = start["image"]) {
        block.kind = Kind::image;
        block.start = image["format"].text();
    } else {
        block.kind = Kind::server;
        block.start = start.raw();
    }
    return {};
}

void Reply::tool_begin(Block& block, JsonRef tool, Events& out) {
    if (tool["name"].text() == anthropic::output_tool) {
        block.kind = Kind::answer;
        answered_ = true;
        return;
    }
    block.kind = Kind::tool;
    block.ordinal = tools_++;
    Event e = event(EventKind::tool_begin);
    e.index = block.ordinal;
    e.id = tool["toolUseId"].text();
    e.name = tool["name"].text();
    out.push_back(e);
}

/// Blocks of text and reasoning have no start of their own in a stream.
Status Reply::block_delta(int64_t index, JsonRef delta, Events& out) {
    Block* block = find(index);
    if (!block) {
        if (open_.size() >= most_blocks) return garbage("the provider opened more than 1,024 content blocks at once");
        block = &open_.emplace_back(Block{index, Kind::text, 0, false, {}, {}, {}});
    }
    if (block->kind == Kind::server) return server_delta(*block, delta);
    if (const JsonRef text = delta["text"]) {
        if (!text.text().empty()) out.push_back(event(EventKind::text, text.text()));
    } else if (const JsonRef r = delta["reasoningContent"]) {
        reasoning_delta(*block, r, out);
    } else if (const JsonRef tool = delta["toolUse"]) {
        const auto piece = tool["input"].text();
        if (piece.empty()) return {};
        block->written = true;
        Event e = event(block->kind == Kind::tool ? EventKind::tool_arguments : EventKind::text, piece);
        e.index = block->ordinal;
        out.push_back(e);
    } else if (const JsonRef citation = delta["citation"]) {
        citations_ += (citations_.empty() ? "" : ",") + std::string(citation.raw());
    } else if (const JsonRef image = delta["image"]) {
        block->pieces += image["source"]["bytes"].text();
    }
    if (citations_.size() + block->pieces.size() > most_kept)
        return garbage("the provider's reply has more than 16 MiB of citations, images or reasoning");
    return {};
}

void Reply::reasoning_delta(Block& block, JsonRef delta, Events& out) {
    block.kind = Kind::reasoning;
    if (const auto text = delta["text"].text(); !text.empty()) out.push_back(event(EventKind::reasoning, text));
    block.signature += delta["signature"].text();
    block.pieces += delta["redactedContent"].text();
}

/// Input of a server tool comes in pieces of JSON text, its result as a list of parts.
Status Reply::server_delta(Block& block, JsonRef delta) {
    if (const JsonRef tool = delta["toolUse"]) {
        block.written = true;
        block.pieces += tool["input"].text();
    } else {
        block.pieces += (block.pieces.empty() ? "" : ",") + std::string(delta.raw());
    }
    kept_ += delta.raw().size();
    return kept_ > most_kept ? Status(garbage("the provider's reply has more than 16 MiB of server blocks")) : Status();
}

void Reply::block_stop(int64_t index, Events& out) {
    Block* block = find(index);
    if (!block) return;
    Block ended = std::move(*block);
    std::erase_if(open_, [&](const Block& b) { return b.index == index; });
    end_block(ended, out);
}

void Reply::end_block(Block& block, Events& out) {
    if (block.kind == Kind::reasoning) state(block, out);
    if (block.kind == Kind::image) media(block.start, own(std::move(block.pieces)), out);
    if (block.kind == Kind::server) {
        std::string json;
        JsonWriter w(json);
        w.begin_object().field_raw("start", block.start.empty() ? "{}" : block.start);
        if (block.written)
            w.field("input", block.pieces);
        else
            w.field_raw("deltas", "[" + block.pieces + "]");
        w.end_object();
        server_block(own(std::move(json)), out);
    }
    // A call without arguments streams no piece at all.
    if (block.written || (block.kind != Kind::tool && block.kind != Kind::answer)) return;
    Event e = event(block.kind == Kind::tool ? EventKind::tool_arguments : EventKind::text, "{}");
    e.index = block.ordinal;
    out.push_back(e);
}

/// Signatures are Anthropic's; redacted reasoning is its text in base64, or bytes that only this API knows.
void Reply::state(Block& block, Events& out) {
    if (!block.signature.empty()) {
        Event e = event(EventKind::state, own(std::move(block.signature)));
        e.name = canon::state_kind::signature;
        out.push_back(e);
    }
    if (block.pieces.empty()) return;
    auto text = base64_bytes(block.pieces);
    const bool plain = text && printable(*text);
    Event e = event(EventKind::state, own(plain ? *std::move(text) : std::move(block.pieces)));
    e.name = plain ? canon::state_kind::redacted : redacted_content;
    out.push_back(e);
}

void Reply::media(std::string_view format, std::string_view data, Events& out) {
    if (data.empty()) return;
    Event e = event(EventKind::media, data);
    e.name = own(fmt::format("image/{}", format.empty() ? "png" : format));
    out.push_back(e);
}

void Reply::server_block(std::string_view json, Events& out) {
    Event e = event(EventKind::block);
    e.name = "bedrock";
    e.raw = json;
    out.push_back(e);
}

void Reply::finish(std::string_view word, JsonRef fields, Events& out) {
    if (word.empty() || finished_) return;
    finished_ = true;
    for (Block& b : open_) end_block(b, out);
    open_.clear();
    const auto extra = [&](std::string_view name, std::string_view raw) {
        Event e = event(EventKind::extra);
        e.name = name;
        e.raw = raw;
        out.push_back(e);
    };
    if (!citations_.empty()) extra("citations", own("[" + citations_ + "]"));
    if (fields && !fields.is_null()) extra("additionalModelResponseFields", fields.raw());
    Event e = event(EventKind::finish);
    e.raw = word;
    e.stop = stop_of(word);
    // The stand-in for a schema is an answer, not a call.
    if (e.stop == StopReason::tool_calls && answered_ && tools_ == 0) e.stop = StopReason::end;
    out.push_back(e);
}

void Reply::metadata(JsonRef from, Events& out) {
    if (const JsonRef trace = from["trace"]; trace.is_object()) {
        Event e = event(EventKind::extra);
        e.choice = -1;
        e.name = "trace";
        e.raw = trace.raw();
        out.push_back(e);
    }
    const auto usage = canon::bedrock_usage(from["usage"]);
    if (!usage) return;
    Event e = event(EventKind::usage);
    e.usage = *usage;
    out.push_back(e);
}

}  // namespace aig::provider::bedrock
