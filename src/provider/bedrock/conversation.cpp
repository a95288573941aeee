// Messages: system text hoisted or kept in place, turns merged, results matched with their calls.
#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "base/json.h"
#include "canon/state.h"
#include "provider/base64.h"
#include "provider/bedrock/bedrock.h"
#include "provider/bedrock/encode.h"
#include "provider/bedrock/state.h"

namespace aig::provider::bedrock {
namespace {

using canon::Message;
using canon::Part;
using canon::Role;

bool is_system(const Message& m) { return m.role == Role::system || m.role == Role::developer; }
bool blank(std::string_view s) { return s.find_first_not_of(" \t\r\n") == std::string_view::npos; }

std::string text_block(std::string_view text) {
    std::string out;
    JsonWriter(out).begin_object().field("text", text).end_object();
    return out;
}

Error unmatched(std::string where, std::string why) {
    return Error(ErrorCode::bad_param, fmt::format("{}: {}", where, why)).param(std::move(where));
}

class Builder {
  public:
    Builder(const Job& job, CachePoints& points) : job_(job), points_(points) {}

    Result<Conversation> build() {
        const auto& messages = job_.chat.messages;
        size_t leading = 0;
        while (leading < messages.size() && is_system(messages[leading])) ++leading;
        const bool only_system = leading == messages.size() && leading > 0;
        for (at_ = 0; at_ < messages.size(); ++at_) {
            const Message& m = messages[at_];
            if (!m.name.empty()) job_.lose(where() + ".name");
            job_.lose_extras(m.extras, where(), "cache_control");
            if (only_system && at_ + 1 == messages.size()) {
                job_.lose(where() + ".role");
                TRYV(parts(m, turn("user").blocks));
            } else if (at_ < leading) {
                TRYV(parts(m, done_.system));
            } else {
                TRYV(message(m));
            }
        }
        merge_turns();
        if (done_.turns.empty())
            return Error(ErrorCode::bad_param, "messages: at least one message must have content").param("messages");
        if (done_.turns.front().role != "user")
            done_.turns.insert(done_.turns.begin(), Turn{"user", {}, {text_block(job_.opening())}, {}, {}});
        TRYV(match_results());
        return std::move(done_);
    }

  private:
    std::string where() const { return fmt::format("messages[{}]", at_); }
    std::string where(size_t part) const { return fmt::format("messages[{}].content[{}]", at_, part); }

    /// Roles alternate: neighbours of one role are one turn.
    Turn& turn(std::string_view role) {
        if (done_.turns.empty() || done_.turns.back().role != role) done_.turns.push_back({role, {}, {}, {}, {}});
        return done_.turns.back();
    }

    void merge_turns() {
        std::vector<Turn> kept;
        const auto append = [](auto& to, auto& from) { std::move(from.begin(), from.end(), std::back_inserter(to)); };
        for (Turn& t : done_.turns) {
            if (t.results.empty() && t.blocks.empty()) continue;
            if (kept.empty() || kept.back().role != t.role) {
                kept.push_back(std::move(t));
                continue;
            }
            append(kept.back().results, t.results);
            append(kept.back().blocks, t.blocks);
            append(kept.back().calls, t.calls);
            append(kept.back().answered, t.answered);
        }
        done_.turns = std::move(kept);
    }

    /// "The number of toolResult blocks … exceeds the number of toolUse blocks of previous turn", "Expected toolResult
    /// blocks … for the following Ids" (ValidationException): said here, before it costs a call.
    Status match_results() const {
        const std::vector<std::string> none;
        for (size_t i = 0; i < done_.turns.size(); ++i) {
            const auto& asked = i > 0 ? done_.turns[i - 1].calls : none;
            auto answered = done_.turns[i].answered;
            for (const auto& id : asked) {
                const auto at = std::find(answered.begin(), answered.end(), id);
                if (at == answered.end())
                    return unmatched("messages", fmt::format("the tool call '{}' has no result in the next turn", id));
                answered.erase(at);
            }
            if (!answered.empty())
                return unmatched("messages", fmt::format("the tool result '{}' answers no call of the turn before it",
                                                         answered.front()));
        }
        if (!done_.turns.back().calls.empty())
            return unmatched("messages", "the conversation ends with a tool call that has no result");
        return {};
    }

    Status message(const Message& m) {
        if (is_system(m)) return later_system(m);
        return parts(m, turn(m.role == Role::assistant ? "assistant" : "user").blocks);
    }

    /// As in the Anthropic wire: hoisting would rewrite the cached prefix.
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
            TRYV(std::visit([&](const auto& value) { return this->one(value, blocks); }, m.parts[part_]));
            mark(last ? whole_mark : std::string_view{}, blocks);
        }
        return {};
    }
    void mark(std::string_view cache_control, std::vector<std::string>& blocks) {
        if (auto point = points_.block(cache_control); !point.empty()) blocks.push_back(std::move(point));
    }
    /// The extras of a part: its cache mark comes behind it, the rest is lost.
    void finish_part(const canon::Extras& extras, std::vector<std::string>& blocks) {
        job_.lose_extras(extras, where(part_), "cache_control");
        const auto cache = find_extra(extras, "cache_control");
        if (nested_)
            nested_mark_ = cache.empty() ? nested_mark_ : cache;
        else
            mark(cache, blocks);
    }

    Status one(const canon::Text& t, std::vector<std::string>& blocks) {
        text(t.text, blocks);
        finish_part(t.extras, blocks);
        return {};
    }
    Status one(const canon::Refusal& r, std::vector<std::string>& blocks) {
        text(r.text, blocks);
        return {};
    }
    /// "The text field in the ContentBlock object … is blank" (ValidationException).
    void text(std::string_view text, std::vector<std::string>& blocks) {
        if (blank(text)) return;
        blocks.push_back(in_place_ ? text_block(fmt::format("<system>\n{}\n</system>", text)) : text_block(text));
    }
    Status one(const canon::Image& image, std::vector<std::string>& blocks) {
        TRY(std::string block, image_block(image, job_, where(part_)));
        blocks.push_back(std::move(block));
        finish_part(image.extras, blocks);
        return {};
    }
    Status one(const canon::File& file, std::vector<std::string>& blocks) {
        TRY(std::string block, document_block(file, job_, where(part_)));
        blocks.push_back(std::move(block));
        finish_part(file.extras, blocks);
        return {};
    }
    Status one(const canon::Audio&, std::vector<std::string>&) { return refuse("input_audio", where(part_)); }
    Status one(const canon::Other& other, std::vector<std::string>&) {
        return refuse(fmt::format("content part '{}'", other.type), where(part_));
    }

    /// Never made up: without its signature reasoning is left out.
    Status one(const canon::Reasoning& r, std::vector<std::string>& blocks) {
        std::string out;
        JsonWriter w(out);
        w.begin_object().key("reasoningContent").begin_object();
        if (r.state.kind == canon::state_kind::signature)
            w.key("reasoningText").begin_object().field("text", r.text).field("signature", r.state.data).end_object();
        else if (r.state.kind == canon::state_kind::redacted)
            w.field("redactedContent", base64_text(r.state.data));
        else if (r.state.kind == redacted_content)
            w.field("redactedContent", r.state.data);
        else
            return job_.lose(where() + ".reasoning"), Status();
        w.end_object().end_object();
        blocks.push_back(std::move(out));
        return {};
    }

    Status one(const canon::ToolCall& call, std::vector<std::string>& blocks) {
        if (call.id.empty()) return unmatched(where() + ".tool_calls", "a tool call has no id");
        const std::string id = tool_id(call.id);
        std::string out;
        JsonWriter w(out);
        w.begin_object().key("toolUse").begin_object().field("toolUseId", id).field("name", call.name);
        w.field_raw("input", arguments(call.arguments_json)).end_object().end_object();
        blocks.push_back(std::move(out));
        done_.turns.back().calls.push_back(id);
        finish_part(call.extras, blocks);
        return {};
    }
    /// An object where other wires carry any text: as in the Anthropic wire.
    std::string arguments(const std::string& json) {
        if (blank(json)) return "{}";
        auto doc = JsonDoc::parse(json);
        if (doc && doc->root().is_object()) return std::string(doc->root().raw());
        job_.lose(where() + ".tool_calls.arguments");
        std::string out;
        JsonWriter(out).begin_object().field("invalid_json", json).end_object();
        return out;
    }

    Status one(const canon::ToolResult& result, std::vector<std::string>&) {
        if (nested_) return refuse("a tool result inside of another", where(part_));
        std::vector<std::string> content;
        nested_ = true;
        nested_mark_ = {};
        for (const Part& p : result.parts) TRYV(std::visit([&](const auto& v) { return this->one(v, content); }, p));
        nested_ = false;
        const std::string id = tool_id(result.call_id);
        std::string out;
        JsonWriter w(out);
        w.begin_object().key("toolResult").begin_object().field("toolUseId", id).key("content").begin_array();
        for (const auto& block : content) w.raw(block);
        w.end_array();
        if (result.is_error) w.field("status", "error");
        w.end_object().end_object();
        if (done_.turns.empty() || done_.turns.back().role != "user")
            return unmatched(where(), "a tool result stands outside of a user's or tool's turn");
        done_.turns.back().results.push_back(std::move(out));
        done_.turns.back().answered.push_back(id);
        // There are no cache points inside of results: one of them stands behind.
        if (find_extra(result.extras, "cache_control").empty()) mark(nested_mark_, done_.turns.back().results);
        finish_part(result.extras, done_.turns.back().results);
        return {};
    }

    const Job& job_;
    CachePoints& points_;
    Conversation done_;
    size_t at_ = 0, part_ = 0;
    std::string_view nested_mark_;
    bool in_place_ = false, nested_ = false;
};

}  // namespace

std::string tool_id(std::string_view id) {
    // toolUseId: [a-zA-Z0-9_.:-]+, at most 64.
    constexpr size_t longest = 64;
    std::string out;
    for (const char c : id) {
        const bool ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                        std::string_view("_.:-").find(c) != std::string_view::npos;
        out += ok ? c : '_';
    }
    if (out == id && id.size() <= longest) return out;
    return fmt::format("{}_{:016x}", out.substr(0, longest - 17), canon::state_print(id));
}

Result<Conversation> conversation(const Job& job, CachePoints& points) { return Builder(job, points).build(); }

}  // namespace aig::provider::bedrock
