// Messages: system text hoisted or kept in place, turns merged, blocks written.
#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "base/json.h"
#include "provider/anthropic/encode.h"

namespace aig::provider::anthropic {
namespace {

using canon::Message;
using canon::Part;
using canon::Role;

bool is_system(const Message& m) { return m.role == Role::system || m.role == Role::developer; }
bool blank(std::string_view s) { return s.find_first_not_of(" \t\r\n") == std::string_view::npos; }
std::string_view without_trailing_space(std::string_view s) { return s.substr(0, s.find_last_not_of(" \t\r\n") + 1); }

std::string text_block(std::string_view text, std::string_view mark, std::string_view more = {}) {
    std::string out;
    out.reserve(text.size() + text.size() / 8 + mark.size() + more.size() + 64);  // escapes
    JsonWriter w(out);
    w.begin_object().field("type", "text").field("text", text).raw_members(more);
    if (!mark.empty()) w.field_raw("cache_control", mark);
    w.end_object();
    return out;
}

class Builder {
  public:
    explicit Builder(const Job& job) : job_(job), surplus_(surplus_marks(job.chat)) {}

    Result<Conversation> build() {
        const auto& messages = job_.chat.messages;
        size_t leading = 0;
        while (leading < messages.size() && is_system(messages[leading])) ++leading;
        // A conversation needs a turn: of nothing but system messages the last one is asked as the user's.
        const bool only_system = leading == messages.size() && leading > 0;
        for (at_ = 0; at_ < messages.size(); ++at_) {
            const Message& m = messages[at_];
            if (!m.name.empty()) job_.lose(where() + ".name");
            if (!m.extras.empty()) job_.lose_extras(m.extras, where(), "cache_control");
            leading_ = at_ < leading;
            if (only_system && at_ + 1 == messages.size()) {
                job_.lose(where() + ".role");
                TRYV(parts(m, turn("user").blocks));
            } else if (at_ < leading) {
                TRYV(parts(m, done_.system));
            } else {
                TRYV(message(m));
            }
        }
        drop_empty_turns();
        if (done_.turns.empty())
            return Error(ErrorCode::bad_param, "messages: at least one message must have content").param("messages");
        if (done_.turns.front().role != "user")
            done_.turns.insert(done_.turns.begin(), Turn{"user", {}, {text_block(job_.opening(), {})}});
        return std::move(done_);
    }

  private:
    std::string where() const { return fmt::format("messages[{}]", at_); }
    std::string where(size_t part) const { return fmt::format("messages[{}].content[{}]", at_, part); }

    /// Neighbours of one role are one turn (the API would merge them too, but it counts tool results per message).
    Turn& turn(std::string_view role) {
        if (done_.turns.empty() || done_.turns.back().role != role) done_.turns.push_back({role, {}, {}});
        return done_.turns.back();
    }

    /// A turn of blank text alone is nothing; its neighbours, of one role now, become one.
    void drop_empty_turns() {
        std::vector<Turn> kept;
        for (Turn& t : done_.turns) {
            if (t.results.empty() && t.blocks.empty()) continue;
            if (kept.empty() || kept.back().role != t.role) {
                kept.push_back(std::move(t));
                continue;
            }
            std::move(t.results.begin(), t.results.end(), std::back_inserter(kept.back().results));
            std::move(t.blocks.begin(), t.blocks.end(), std::back_inserter(kept.back().blocks));
        }
        done_.turns = std::move(kept);
    }

    Status message(const Message& m) {
        if (is_system(m)) return later_system(m);
        return parts(m, turn(m.role == Role::assistant ? "assistant" : "user").blocks);
    }

    /// Hoisting a later system message would rewrite the cached prefix with every turn, so it stays where it stood: as
    /// a system turn where the model takes one (Claude Opus 4.8 and later), else as marked text of the user's turn.
    Status later_system(const Message& m) {
        if (job_.target.quirks.system_in_messages) return parts(m, turn("system").blocks);
        job_.lose(where() + ".role");
        in_place_ = true;
        auto done = parts(m, turn("user").blocks);
        in_place_ = false;
        return done;
    }

    Status parts(const Message& m, std::vector<std::string>& blocks) {
        const std::string_view whole_mark = find_extra(m.extras, "cache_control");
        for (part_ = 0; part_ < m.parts.size(); ++part_) {
            const bool last = part_ + 1 == m.parts.size();
            last_word_ = last && m.role == Role::assistant && at_ + 1 == job_.chat.messages.size();
            TRYV(part(m.parts[part_], last ? whole_mark : std::string_view{}, blocks));
        }
        return {};
    }

    Status part(const Part& p, std::string_view mark, std::vector<std::string>& blocks) {
        return std::visit([&](const auto& value) { return this->one(value, mark, blocks); }, p);
    }

    /// The part's own mark, else the message's.
    std::string_view mark_of(const canon::Extras& extras, std::string_view mark) {
        if (!extras.empty()) job_.lose_extras(extras, where(part_), "cache_control");
        const auto own = find_extra(extras, "cache_control");
        return spend(own.empty() ? mark : own);
    }
    std::string_view spend(std::string_view mark) {
        int& left = leading_ ? surplus_.system : surplus_.turns;
        if (mark.empty() || left == 0) return mark;
        --left;
        job_.lose(where(part_) + ".cache_control");
        return {};
    }

    Status one(const canon::Text& t, std::string_view mark, std::vector<std::string>& blocks) {
        return text(t.text, mark_of(t.extras, mark), blocks, job_.own_members(t.extras));
    }
    Status one(const canon::Refusal& r, std::string_view mark, std::vector<std::string>& blocks) {
        return text(r.text, spend(mark), blocks);
    }
    Status text(std::string_view text, std::string_view mark, std::vector<std::string>& blocks,
                std::string_view more = {}) {
        // "final assistant content cannot end with trailing whitespace" (Messages API, 400)
        if (last_word_) text = without_trailing_space(text);
        // "text content blocks must contain non-whitespace text" (the same)
        if (blank(text)) return {};
        blocks.push_back(in_place_ ? text_block(fmt::format("<system>\n{}\n</system>", text), mark)
                                   : text_block(text, mark, more));
        return {};
    }
    Status one(const canon::Image& image, std::string_view mark, std::vector<std::string>& blocks) {
        TRY(std::string block, image_block(image, mark_of(image.extras, mark), job_, where(part_)));
        blocks.push_back(std::move(block));
        return {};
    }
    Status one(const canon::File& file, std::string_view mark, std::vector<std::string>& blocks) {
        TRY(std::string block, document_block(file, mark_of(file.extras, mark), job_, where(part_)));
        blocks.push_back(std::move(block));
        return {};
    }
    Status one(const canon::Audio&, std::string_view, std::vector<std::string>&) {
        return refuse("input_audio", where(part_));
    }
    Status one(const canon::Other& other, std::string_view, std::vector<std::string>& blocks) {
        if (job_.own()) {
            blocks.push_back(other.json);
            return {};
        }
        return refuse(fmt::format("content part '{}'", other.type), where(part_));
    }

    /// Signatures are checked by the provider and bound to it: sent back unchanged, or left out. Never made up.
    Status one(const canon::Reasoning& r, std::string_view, std::vector<std::string>& blocks) {
        const bool redacted = r.state.kind == canon::state_kind::redacted;
        if (!redacted && r.state.kind != canon::state_kind::signature) {
            job_.lose(where() + ".reasoning");
            return {};
        }
        std::string out;
        JsonWriter w(out);
        if (redacted)
            w.begin_object().field("type", "redacted_thinking").field("data", r.state.data).end_object();
        else
            w.begin_object()
                .field("type", "thinking")
                .field("thinking", r.text)
                .field("signature", r.state.data)
                .end_object();
        blocks.push_back(std::move(out));
        return {};
    }

    Status one(const canon::ToolCall& call, std::string_view mark, std::vector<std::string>& blocks) {
        if (call.id.empty())
            return Error(ErrorCode::bad_param, where() + ".tool_calls: a tool call has no id")
                .param(where() + ".tool_calls");
        std::string out;
        JsonWriter w(out);
        w.begin_object().field("type", "tool_use").field("id", tool_id(call.id)).field("name", call.name);
        w.field_raw("input", arguments(call.arguments_json)).raw_members(job_.own_members(call.extras));
        const auto cache = mark_of(call.extras, mark);
        if (!cache.empty()) w.field_raw("cache_control", cache);
        w.end_object();
        blocks.push_back(std::move(out));
        return {};
    }

    /// The wire wants an object where other wires carry any text. Models do write broken arguments, and a conversation
    /// that holds one must be able to go on.
    std::string arguments(const std::string& json) {
        if (blank(json)) return "{}";
        auto doc = JsonDoc::parse(json);
        if (doc && doc->root().is_object()) return std::string(doc->root().raw());
        job_.lose(where() + ".tool_calls.arguments");
        std::string out;
        JsonWriter(out).begin_object().field("invalid_json", json).end_object();
        return out;
    }

    Status one(const canon::ToolResult& result, std::string_view mark, std::vector<std::string>& blocks) {
        std::vector<std::string> content;
        for (const Part& p : result.parts) TRYV(part(p, {}, content));
        std::string out;
        out.reserve(128 + size_in_list(content));
        JsonWriter w(out);
        w.begin_object().field("type", "tool_result").field("tool_use_id", tool_id(result.call_id));
        if (!content.empty()) {
            w.key("content").begin_array();
            for (const auto& block : content) w.raw(block);
            w.end_array();
        }
        if (result.is_error) w.field("is_error", true);
        w.raw_members(job_.own_members(result.extras));
        const auto cache = mark_of(result.extras, mark);
        if (!cache.empty()) w.field_raw("cache_control", cache);
        w.end_object();
        // Results stand before anything else of their turn: "tool_result blocks must come first" (tool use guide).
        auto& turns = done_.turns;
        if (!turns.empty() && &blocks == &turns.back().blocks && turns.back().role == "user")
            turns.back().results.push_back(std::move(out));
        else
            blocks.push_back(std::move(out));
        return {};
    }

    const Job& job_;
    Conversation done_;
    SurplusMarks surplus_;
    size_t at_ = 0, part_ = 0;
    bool in_place_ = false, last_word_ = false, leading_ = false;
};

}  // namespace

std::string tool_id(std::string_view id) {
    // ^[a-zA-Z0-9_-]+$ is enforced by the API. Ids of other providers ("functions.get:0") are mapped the same way for a
    // call and its result; the hash keeps two ids apart that differ only in what is replaced.
    std::string out;
    bool changed = false;
    uint32_t hash = 2166136261u;
    for (const char c : id) {
        const bool ok =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
        out += ok ? c : '_';
        changed |= !ok;
        hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
    }
    return changed ? fmt::format("{}_{:08x}", out, hash) : out;
}

Result<Conversation> conversation(const Job& job) { return Builder(job).build(); }

}  // namespace aig::provider::anthropic
