// Reads the messages of a Messages request: turns, blocks, and tool results where the vendor wants them.
#include <fmt/format.h>

#include <set>

#include "sim/detail/anthropic_checks.h"

namespace aig::sim {

namespace {

using namespace anthropic;

class TurnsReader {
  public:
    TurnsReader(Ask& ask, PromptMeter& meter) : ask_(ask), meter_(meter) {}

    Checked read(JsonRef list) {
        if (!given(list)) return required("messages");
        if (!list.is_array()) return refuse("messages: Input should be a valid list");
        if (list.size() == 0) return refuse("messages: at least one message is required");
        for (JsonRef m : list) {
            if (auto r = message(m, fmt::format("messages.{}", message_index_), message_index_ == 0)) return r;
            ++message_index_;
        }
        return owed_results(message_index_ - 1);
    }

  private:
    Checked message(JsonRef m, const std::string& at, bool first) {
        if (!m.is_object()) return refuse(at + ": Input does not match the expected shape.");
        if (auto r = only_known(m, at + ".", std::array<std::string_view, 2>{"role", "content"})) return r;
        if (!m["role"].is_string()) return required(at + ".role");
        const std::string_view role = m["role"].text();
        // Claude Opus 4.8 was the first to take system turns inside messages (recorded); the others refuse them.
        const bool system_turn = role == "system" && !first && ask_.model.find("opus-4-8") != std::string::npos;
        if (role != "user" && role != "assistant" && !system_turn)
            return refuse(at + ".role: Input should be 'user' or 'assistant'");
        if (first && role != "user") return refuse("messages: first message must use the \"user\" role");
        if (role == "user") {
            ask_.prompt.clear();
            ask_.tool_results.clear();
        }
        std::set<std::string_view> answered = std::exchange(owed_, {});
        const JsonRef content = m["content"];
        Checked fault;
        if (content.is_string())
            fault = text(content.text(), role, at);
        else if (content.is_array())
            fault = blocks(content, role, at, answered);
        else
            fault = given(content) ? refuse(at + ".content: Input should be a valid string or list")
                                   : required(at + ".content");
        if (!fault && !answered.empty() && role == "user") fault = unanswered(*answered.begin(), message_index_ - 1);
        if (role != "user" && !answered.empty()) owed_.merge(answered);
        meter_.end_message();
        return fault;
    }

    static Refusal unanswered(std::string_view id, int64_t index) {
        return refuse(fmt::format(
            "messages.{}: `tool_use` ids were found without `tool_result` blocks immediately after: {}. Each "
            "`tool_use` block must have a corresponding `tool_result` block in the next message.",
            index, id));
    }

    Checked owed_results(int64_t last) {
        if (owed_.empty()) return {};
        return unanswered(*owed_.begin(), last);
    }

    Checked blocks(JsonRef list, std::string_view role, const std::string& at, std::set<std::string_view>& answered) {
        int64_t i = 0;
        bool other_seen = false;
        if (list.size() == 0 && role == "user") return refuse(at + ": user messages must have non-empty content");
        for (JsonRef b : list) {
            const std::string here = fmt::format("{}.content.{}", at, i++);
            if (!b["type"].is_string()) return required(here + ".type");
            const std::string_view type = b["type"].text();
            if (type == "tool_result" && role == "user") {
                if (other_seen && !answered.empty()) return unanswered(*answered.begin(), message_index_ - 1);
                if (auto r = tool_result(b, here, answered)) return r;
                mark(b, meter_);
                continue;
            }
            other_seen = true;
            if (auto r = block(b, type, role, here)) return r;
            mark(b, meter_);
        }
        return {};
    }

    Checked block(JsonRef b, std::string_view type, std::string_view role, const std::string& here) {
        if (type == "text") {
            if (!b["text"].is_string()) return required(here + ".text.text");
            return text(b["text"].text(), role, here);
        }
        if (role == "user" && type == "image") return source(b, here + ".image", true);
        if (role == "user" && type == "document") return source(b, here + ".document", false);
        if (role == "assistant" && type == "tool_use") return tool_use(b, here + ".tool_use");
        if (role == "assistant" && type == "thinking") return thinking_block(b, here);
        if (type == "tool_use" || type == "tool_result" || type == "image" || type == "thinking" || type == "document")
            return refuse(fmt::format("{}: `{}` blocks can not be in `{}` messages", here, type, role));
        for (const std::string_view foreign :
             {"image_url", "input_text", "output_text", "input_audio", "file", "function"})
            if (type == foreign)
                return refuse(
                    fmt::format("{}: Input tag '{}' found using 'type' does not match any of the expected tags: "
                                "'document', 'image', 'redacted_thinking', 'search_result', 'text', 'thinking', "
                                "'tool_result', 'tool_use'",
                                here, type));
        return {};  // server tool blocks and what the vendor adds later
    }

    Checked tool_use(JsonRef b, const std::string& here) {
        if (!b["id"].is_string()) return required(here + ".id");
        for (const char c : b["id"].text())
            if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '-')
                return refuse(here + ".id: String should match pattern '^[a-zA-Z0-9_-]+$'");
        if (!b["name"].is_string()) return required(here + ".name");
        if (!b["input"]) return required(here + ".input");
        if (!b["input"].is_object()) return refuse(here + ".input: Input should be a valid dictionary");
        if (!owed_.insert(b["id"].text()).second) return refuse(here + ": `tool_use` ids must be unique");
        meter_.text(b["name"].text());
        meter_.text(b["input"].raw());
        return {};
    }

    /// A signature that was not minted for this very text and account is refused; leaving the whole block out is fine.
    Checked thinking_block(JsonRef b, const std::string& here) {
        if (!b["signature"].is_string()) return required(here + ".thinking.signature");
        if (b["signature"].text() != thinking_signature(b["thinking"].text(), ask_.account))
            return refuse(here + ": Invalid `signature` in `thinking` block");
        ++ask_.states;
        return {};
    }

    Checked tool_result(JsonRef b, const std::string& here, std::set<std::string_view>& answered) {
        if (!b["tool_use_id"].is_string()) return required(here + ".tool_result.tool_use_id");
        if (!answered.erase(b["tool_use_id"].text()))
            return refuse(fmt::format(
                "{}: unexpected `tool_use_id` found in `tool_result` blocks: {}. Each `tool_result` block must "
                "have a corresponding `tool_use` block in the previous message.",
                here, b["tool_use_id"].text()));
        std::string said(b["content"].text());
        for (JsonRef part : b["content"]) {
            if (!said.empty()) said += '\n';
            said += part["text"].text();
            if (part["type"].text() == "image") meter_.image(765);
        }
        meter_.text(said);
        ask_.tool_results.push_back(std::move(said));
        return {};
    }

    Checked source(JsonRef b, const std::string& here, bool image) {
        const JsonRef s = b["source"];
        if (!s.is_object()) return required(here + ".source");
        const std::string_view type = s["type"].text();
        if (type == "base64") {
            if (!s["data"].is_string()) return required(here + ".source.base64.data");
            const std::string_view media = s["media_type"].text();
            if (image && media != "image/jpeg" && media != "image/png" && media != "image/gif" && media != "image/webp")
                return refuse(here +
                              ".source.base64.media_type: Input should be 'image/jpeg', 'image/png', 'image/gif' or "
                              "'image/webp'");
        } else if (type == "url") {
            if (!s["url"].is_string()) return required(here + ".source.url.url");
        } else if (type != "file" && (image || (type != "text" && type != "content"))) {
            return refuse(
                fmt::format("{}.source: Input tag '{}' found using 'type' does not match any of the expected tags: "
                            "'base64', 'file', 'url'",
                            here, type));
        }
        if (image)
            meter_.image(765);
        else
            meter_.tokens(500);
        return {};
    }

    Checked text(std::string_view text, std::string_view role, const std::string& at) {
        if (text.empty())
            return at.find(".content.") == std::string::npos && role == "user"
                       ? refuse(at + ": user messages must have non-empty content")
                       : refuse("messages: text content blocks must be non-empty");
        meter_.text(text);
        if (role != "user") return {};
        if (!ask_.prompt.empty()) ask_.prompt += '\n';
        ask_.prompt += text;
        return {};
    }

    Ask& ask_;
    PromptMeter& meter_;
    int64_t message_index_ = 0;
    std::set<std::string_view> owed_;  ///< tool_use ids without a result yet
};

}  // namespace

Checked read_anthropic_turns(JsonRef list, Ask& ask, PromptMeter& meter) {
    TurnsReader reader(ask, meter);
    return reader.read(list);
}

}  // namespace aig::sim
