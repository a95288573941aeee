// Reads the messages of a Chat Completions request: roles, content parts, tool calls and the results they are owed.
#include <fmt/format.h>

#include <set>

#include "sim/detail/openai_checks.h"

namespace aig::sim {

namespace {

using namespace openai;

class ConversationReader {
  public:
    ConversationReader(Ask& ask, PromptMeter& meter) : ask_(ask), meter_(meter) {}

    Checked read(JsonRef list) {
        if (!given(list)) return missing("messages");
        if (!list.is_array()) return wrong_type("messages", "an array of objects", list);
        if (list.size() == 0)
            return refuse(
                "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array "
                "instead.",
                "messages", "empty_array");
        int64_t i = 0;
        for (JsonRef m : list)
            if (auto r = message(m, fmt::format("messages[{}]", i++))) return r;
        return owed_results();
    }

  private:
    Checked message(JsonRef m, const std::string& at) {
        if (!m.is_object()) return wrong_type(at, "an object", m);
        if (!m["role"].is_string()) return missing(at + ".role");
        const std::string_view role = m["role"].text();
        if (role != "tool")
            if (auto r = owed_results()) return r;
        if (role == "user") {
            ask_.prompt.clear();
            ask_.tool_results.clear();
        }
        Checked fault;
        if (role == "system" || role == "developer")
            fault = content(m, at, role);
        else if (role == "user")
            fault = content(m, at, role);
        else if (role == "assistant")
            fault = assistant(m, at);
        else if (role == "tool")
            fault = tool_result(m, at);
        else if (role != "function")
            return wrong_value(at + ".role", role,
                               "'system', 'assistant', 'user', 'function', 'tool', and 'developer'");
        meter_.end_message();
        return fault;
    }

    Checked assistant(JsonRef m, const std::string& at) {
        ask_.tool_results.clear();
        const JsonRef calls = m["tool_calls"];
        if (given(calls) && !calls.is_array()) return wrong_type(at + ".tool_calls", "an array of objects", calls);
        if (given(calls) && calls.size() == 0)
            return refuse(
                fmt::format("Invalid '{}.tool_calls': empty array. Expected an array with minimum length 1, but got an "
                            "empty array instead.",
                            at),
                at + ".tool_calls", "empty_array");
        int64_t i = 0;
        for (JsonRef c : calls) {
            const std::string here = fmt::format("{}.tool_calls[{}]", at, i++);
            if (!c["id"].is_string()) return missing(here + ".id");
            if (!c["type"].is_string()) return missing(here + ".type");
            if (c["type"].text() == "function") {
                if (!c["function"]["name"].is_string()) return missing(here + ".function.name");
                const JsonRef arguments = c["function"]["arguments"];
                if (!arguments.is_string()) return wrong_type(here + ".function.arguments", "a string", arguments);
                meter_.text(c["function"]["name"].text());
                meter_.text(arguments.text());
            }
            owed_.insert(c["id"].text());
        }
        if (given(m["content"])) return content(m, at, "assistant");
        if (given(calls) || given(m["function_call"]) || given(m["refusal"]) || given(m["audio"])) return {};
        return refuse("Invalid value for 'content': expected a string, got null.",
                      fmt::format("messages.[{}].content", at.substr(9, at.size() - 10)), "");
    }

    Checked tool_result(JsonRef m, const std::string& at) {
        if (!m["tool_call_id"].is_string()) return missing(at + ".tool_call_id");
        if (!owed_.erase(m["tool_call_id"].text()))
            return refuse(
                "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with "
                "'tool_calls'.",
                fmt::format("messages.[{}].role", at.substr(9, at.size() - 10)), "");
        ask_.tool_results.emplace_back();
        return content(m, at, "tool");
    }

    Checked owed_results() {
        if (owed_.empty()) return {};
        return refuse(
            fmt::format("An assistant message with 'tool_calls' must be followed by tool messages responding to each "
                        "'tool_call_id'. The following tool_call_ids did not have response messages: {}",
                        *owed_.begin()),
            "messages", "");
    }

    Checked content(JsonRef m, const std::string& at, std::string_view role) {
        const JsonRef v = m["content"];
        if (v.is_string()) return take_text(v.text(), role), Checked();
        if (!given(v))
            return refuse("Invalid value for 'content': expected a string, got null.",
                          fmt::format("messages.[{}].content", at.substr(9, at.size() - 10)), "");
        if (!v.is_array()) return wrong_type(at + ".content", "one of a string or array of objects", v);
        int64_t i = 0;
        for (JsonRef p : v)
            if (auto r = part(p, fmt::format("{}.content[{}]", at, i++), role)) return r;
        return {};
    }

    Checked part(JsonRef p, const std::string& at, std::string_view role) {
        if (!p.is_object()) return wrong_type(at, "an object", p);
        if (!p["type"].is_string()) return missing(at + ".type");
        const std::string_view type = p["type"].text();
        if (type == "text") {
            if (!p["text"].is_string()) return missing(at + ".text");
            return take_text(p["text"].text(), role), Checked();
        }
        if (type == "refusal" && role == "assistant") return {};
        if (role != "user")
            return wrong_value(at + ".type", type, role == "assistant" ? "'text' and 'refusal'" : "'text'");
        if (type == "image_url") return image(p, at);
        if (type == "input_audio") {
            if (!p["input_audio"]["data"].is_string()) return missing(at + ".input_audio.data");
            if (!p["input_audio"]["format"].is_string()) return missing(at + ".input_audio.format");
            return meter_.tokens(100), Checked();
        }
        if (type == "file") {
            if (!p["file"].is_object()) return missing(at + ".file");
            return meter_.tokens(500), Checked();
        }
        return wrong_value(at + ".type", type, "'text', 'image_url', 'input_audio', 'refusal', 'audio', and 'file'");
    }

    Checked image(JsonRef p, const std::string& at) {
        const JsonRef url = p["image_url"]["url"];
        if (!p["image_url"].is_object()) return wrong_type(at + ".image_url", "an object", p["image_url"]);
        if (!url.is_string()) return missing(at + ".image_url.url");
        const bool data =
            url.text().starts_with("data:image/") && url.text().find(";base64,") != std::string_view::npos;
        if (!data && !url.text().starts_with("https://") && !url.text().starts_with("http://"))
            return refuse(
                "Invalid value for 'image_url.url': expected a base64-encoded data URL with an image MIME type, or an "
                "http(s) URL.",
                at + ".image_url.url", "invalid_image_url");
        meter_.image(p["image_url"]["detail"].text() == "low" ? 85 : 765);
        return {};
    }

    void take_text(std::string_view text, std::string_view role) {
        meter_.text(text);
        std::string* into = role == "user" ? &ask_.prompt : role == "tool" ? &ask_.tool_results.back() : nullptr;
        if (!into) return;
        if (!into->empty()) *into += '\n';
        *into += text;
    }

    Ask& ask_;
    PromptMeter& meter_;
    std::set<std::string_view> owed_;  ///< tool call ids without a result yet
};

}  // namespace

Checked read_openai_messages(JsonRef list, Ask& ask, PromptMeter& meter) {
    ConversationReader reader(ask, meter);
    return reader.read(list);
}

}  // namespace aig::sim
