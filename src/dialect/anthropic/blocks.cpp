#include "dialect/anthropic/blocks.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/json.h"
#include "canon/anthropic/shape.h"
#include "dialect/anthropic/anthropic.h"
#include "dialect/anthropic/write.h"

namespace aig::dialect::anthropic {
using namespace canon;
using Kind = Event::Kind;
namespace {

constexpr size_t most_blocks = 4'096;

/// Blocks that only Messages have: what the provider's own tools did. Docs: "Server tools", "Compaction" (2026).
constexpr std::array<std::string_view, 16> own_blocks{"server_tool_use",
                                                      "web_search_tool_result",
                                                      "web_fetch_tool_result",
                                                      "code_execution_tool_result",
                                                      "bash_code_execution_tool_result",
                                                      "text_editor_code_execution_tool_result",
                                                      "tool_search_tool_result",
                                                      "tool_reference",
                                                      "mcp_tool_use",
                                                      "mcp_tool_result",
                                                      "container_upload",
                                                      "advisor_tool_result",
                                                      "compaction",
                                                      "fallback",
                                                      "search_result",
                                                      "document"};
constexpr std::array<std::string_view, 5> own_citations{"char_location", "page_location", "content_block_location",
                                                        "web_search_result_location", "search_result_location"};

template <size_t N>
bool in(const std::array<std::string_view, N>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

/// A line end between two tokens of raw JSON would end the SSE line.
std::string one_line(std::string_view json) {
    std::string out(json);
    std::replace_if(
        out.begin(), out.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
    return out;
}

/// A web page that was cited, as Anthropic's own search names it. The index that only its search can read back stays
/// empty.
std::string page_citation(JsonRef annotation) {
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("type", "web_search_result_location").field("cited_text", "");
    w.field("url", annotation["url"].text()).field("title", annotation["title"].text()).field("encrypted_index", "");
    w.end_object();
    return out;
}
}  // namespace

void ObjectEnd::add(std::string_view json) {
    for (const char c : json) {
        if (in_string_) {
            if (escaped_)
                escaped_ = false;
            else if (c == '\\')
                escaped_ = true;
            else if (c == '"')
                in_string_ = false;
        } else if (c == '"') {
            in_string_ = true;
        } else if (c == '{' || c == '[') {
            begun_ = true;
            ++depth_;
        } else if ((c == '}' || c == ']') && depth_ > 0) {
            --depth_;
        }
    }
}

std::string call_id(std::string_view id) {
    std::string out;
    uint32_t hash = 2166136261u;
    bool changed = false;
    for (const char c : id) {
        const bool ok =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
        out += ok ? c : '_';
        changed |= !ok;
        hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
    }
    return changed ? fmt::format("{}_{:08x}", out, hash) : out;
}

std::string input_object(const Block& call) {
    std::string out;
    if (call.custom) {
        JsonWriter(out).begin_object().field("input", call.text).end_object();
        return out;
    }
    if (call.text.find_first_not_of(" \t\r\n") == std::string::npos) return "{}";
    const auto doc = JsonDoc::parse(call.text);
    if (doc && doc->root().is_object()) return std::string(doc->root().raw());
    // Models do write broken arguments; what they wrote is shown, not hidden.
    JsonWriter(out).begin_object().field("invalid_json", call.text).end_object();
    return out;
}

void ReplyBlocks::pop_front() {
    list_.pop_front();
    ++popped_;
}

void ReplyBlocks::lose(std::string_view name) {
    if (std::find(losses_.begin(), losses_.end(), name) == losses_.end()) losses_.emplace_back(name);
}

Losses ReplyBlocks::losses() const {
    Losses all = losses_;
    if (!waiting_.empty()) all.emplace_back("state of the answer's text");
    return all;
}

Block& ReplyBlocks::append(BlockKind kind) {
    for (auto& data : waiting_) {
        Block& b = list_.emplace_back();
        b.kind = BlockKind::redacted;
        b.text = std::move(data);
        b.sealed = true;
    }
    waiting_.clear();
    Block& b = list_.emplace_back();
    b.kind = kind;
    return b;
}

/// The last block when it is of that kind and still open, else a new one.
Block& ReplyBlocks::last_of(BlockKind kind) {
    const bool full = list_.size() >= most_blocks;
    if (!list_.empty() && list_.back().kind == kind && (!list_.back().sealed || full)) return list_.back();
    return append(kind);
}

void ReplyBlocks::event(const Event& e) {
    if (e.choice != 0) return;
    switch (e.kind) {
        case Kind::text:
            if (!e.text.empty()) last_of(BlockKind::text).text += e.text;
            return;
        case Kind::refusal:
            if (e.text.empty()) return;
            // Callers show what a reply says; that it is a refusal is said at its end.
            last_of(BlockKind::text).text += e.text;
            refused_ = true;
            return;
        case Kind::reasoning:
            return reasoning(e);
        case Kind::state:
            return state(e);
        case Kind::tool_begin:
            call(e);
            return;
        case Kind::tool_arguments:
            return arguments(e);
        case Kind::annotation:
            return annotation(e.raw);
        case Kind::block:
            return raw_block(e);
        case Kind::media:
            return lose("output media");
        case Kind::logprobs:
            return lose("logprobs");
        case Kind::extra:
            if (e.name == "stop_details") ending_members_ = "\"stop_details\":" + one_line(e.raw);
            return;
        case Kind::finish:
            if (finished_) return;  // some say "tool_calls" and then "stop": the first word counts
            finished_ = true;
            stop_ = e.stop;
            stop_sequence_ = e.text;
            return;
        default:
            return;  // no place in this dialect, or written with the receipt
    }
}

void ReplyBlocks::reasoning(const Event& e) {
    if (e.text.empty()) return;
    Block& b = last_of(BlockKind::thinking);
    if (b.part && *b.part != e.index) b.text += "\n\n";
    b.part = e.index;
    b.text += e.text;
}

/// The block of a call, which begins with its first event of either kind; null when it is written and gone.
Block* ReplyBlocks::call(const Event& e) {
    const auto known = place_of_call_.find(e.index);
    if (known != place_of_call_.end()) return known->second < popped_ ? nullptr : &list_[known->second - popped_];
    if (place_of_call_.size() >= most_blocks) return nullptr;
    Block& b = append(BlockKind::tool);
    place_of_call_.emplace(e.index, popped_ + list_.size() - 1);
    b.custom = e.custom;
    b.name = e.name;
    b.id =
        distinct(e.id.empty() ? fmt::format("toolu_{}_{}", message_id(terms_).substr(4), ids_made_++) : call_id(e.id));
    return &b;
}

/// A client gives each call its result by its id; some servers give one id twice.
std::string ReplyBlocks::distinct(const std::string& id) {
    std::string out = id;
    for (size_t n = 2; !call_ids_.insert(out).second; ++n) out = fmt::format("{}_{}", id, n);
    return out;
}

void ReplyBlocks::arguments(const Event& e) {
    Block* const b = call(e);
    // Behind a complete object there is nothing that a caller could use.
    if (!b || e.text.empty() || (!b->custom && b->arguments.complete())) return;
    b->has_arguments = true;
    b->text += e.text;
    if (!b->custom) b->arguments.add(e.text);
}

void ReplyBlocks::state(const Event& e) {
    if (e.text.empty()) return;
    const bool open_thought = !list_.empty() && list_.back().kind == BlockKind::thinking && !list_.back().sealed;
    const bool signature = e.name == state_kind::signature;
    if (!e.id.empty() || e.name == state_kind::redacted || (!open_thought && !signature))
        return add_redacted(e.text, e);
    // A signature without a thought before it belongs to one whose text is not shown.
    Block& b = last_of(BlockKind::thinking);
    b.signature = e.text;
    b.sealed = true;
}

/// Behind the call it belongs to, where that one is still here; else at the end, or in front of what follows the text.
void ReplyBlocks::add_redacted(std::string_view data, const Event& e) {
    if (list_.size() + waiting_.size() >= most_blocks) return;
    size_t place = list_.size();
    for (size_t i = 0; !e.id.empty() && i < list_.size(); ++i)
        if (list_[i].kind == BlockKind::tool && list_[i].id == call_id(e.id)) place = i + 1;
    if (place > 0 && place == list_.size() && list_.back().kind == BlockKind::text) {
        waiting_.emplace_back(data);
        return;
    }
    Block b;
    b.kind = BlockKind::redacted;
    b.text = data;
    b.sealed = true;
    list_.insert(list_.begin() + static_cast<std::ptrdiff_t>(place), std::move(b));
    for (auto& [index, at] : place_of_call_)
        if (at >= popped_ + place) ++at;
}

void ReplyBlocks::annotation(std::string_view raw) {
    const auto doc = JsonDoc::parse(raw);
    if (!doc || !doc->root().is_object()) return;
    const JsonRef a = doc->root();
    const auto type = a["type"].text();
    const bool own = in(own_citations, type);
    if (!own && type != "url_citation") return lose("annotations");
    const auto text =
        std::find_if(list_.rbegin(), list_.rend(), [](const Block& b) { return b.kind == BlockKind::text; });
    if (text == list_.rend()) return lose("annotations");  // its text is written and closed
    if (!text->citations.empty()) text->citations += ',';
    text->citations += own ? one_line(a.raw()) : page_citation(a);
}

void ReplyBlocks::raw_block(const Event& e) {
    const auto doc = JsonDoc::parse(e.raw);
    if (!doc || !in(own_blocks, doc->root()["type"].text())) return lose(e.name.empty() ? "output items" : e.name);
    if (list_.size() >= most_blocks) return;
    Block& b = append(BlockKind::raw);
    b.text = one_line(e.raw);
    b.sealed = true;
}

std::string_view ReplyBlocks::stop_reason(StopReason unfinished) const {
    const StopReason stop = finished_ ? stop_ : unfinished;
    const bool plain = stop == StopReason::end || stop == StopReason::none || stop == StopReason::other;
    if (stop == StopReason::tool_calls || plain) {
        // Whoever reads tool_use looks for a call, and whoever finds a call must answer it.
        if (!place_of_call_.empty()) return "tool_use";
        return refused_ ? "refusal" : "end_turn";
    }
    return canon::anthropic::stop_word(stop);
}

std::unique_ptr<Renderer> Messages::renderer(const ReplyTerms& terms) const {
    return terms.envelope && terms.envelope->stream ? stream_renderer(terms) : body_renderer(terms);
}

}  // namespace aig::dialect::anthropic
