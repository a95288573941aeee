// Reads the input items of a Responses request: messages, calls and the outputs they are owed, reasoning that comes
// back.
#include <fmt/format.h>

#include <set>

#include "sim/detail/openai_checks.h"

namespace aig::sim {

namespace {

using namespace openai;

class ItemsReader {
  public:
    ItemsReader(Ask& ask, PromptMeter& meter) : ask_(ask), meter_(meter) {}

    Checked read(JsonRef list) {
        int64_t i = 0;
        for (JsonRef item : list) {
            if (auto r = one(item, fmt::format("input[{}]", i++))) return r;
            meter_.end_message();
        }
        if (owed_.empty()) return {};
        return refuse(fmt::format("No tool output found for function call {}.", *owed_.begin()), "input", "");
    }

  private:
    Checked one(JsonRef item, const std::string& at) {
        if (!item.is_object()) return wrong_type(at, "an object", item);
        const std::string_view type = item["type"].text();
        if (type.empty() || type == "message") return message(item, at);
        if (type == "function_call" || type == "custom_tool_call") return call(item, at);
        if (type == "function_call_output" || type == "custom_tool_call_output") return output(item, at);
        if (type == "reasoning") return reasoning(item, at);
        if (type == "item_reference") return not_found(item);
        // Items of the vendor's own tools go through; those of other shapes do not.
        if (type.find("_call") != std::string_view::npos || type.starts_with("mcp_") || type == "compaction") return {};
        return wrong_value(at, type,
                           "'message', 'reasoning', 'function_call', 'function_call_output', 'custom_tool_call', "
                           "'custom_tool_call_output', and 'item_reference'");
    }

    static Refusal not_found(JsonRef item) {
        return {404, "invalid_request_error",
                fmt::format("Item with id '{}' not found. Items are not persisted when `store` is set to false. Try "
                            "again with `store` set to true, or remove this item from your input.",
                            item["id"].text()),
                "input", ""};
    }

    Checked message(JsonRef m, const std::string& at) {
        const std::string_view role = m["role"].text();
        if (role.empty()) return missing(at + ".role");
        if (role != "user" && role != "assistant" && role != "system" && role != "developer")
            return wrong_value(at + ".role", role, "'assistant', 'system', 'developer', and 'user'");
        if (m["name"])
            return refuse(fmt::format("Unknown parameter: '{}.name'.", at), at + ".name", "unknown_parameter");
        if (m["tool_calls"])
            return refuse(fmt::format("Unknown parameter: '{}.tool_calls'.", at), at + ".tool_calls",
                          "unknown_parameter");
        if (role == "user") ask_.prompt.clear(), ask_.tool_results.clear();
        if (role == "assistant") ask_.tool_results.clear();
        const JsonRef content = m["content"];
        if (content.is_string()) return take(content.text(), role), Checked();
        if (!content.is_array()) return wrong_type(at + ".content", "one of an array of objects or string", content);
        int64_t i = 0;
        for (JsonRef p : content)
            if (auto r = part(p, fmt::format("{}.content[{}]", at, i++), role)) return r;
        return {};
    }

    Checked part(JsonRef p, const std::string& at, std::string_view role) {
        const std::string_view type = p["type"].text();
        if (type.empty()) return missing(at + ".type");
        if (role == "assistant") {
            if (type != "output_text" && type != "refusal") return wrong_value(at, type, "'output_text' and 'refusal'");
            meter_.text(p[type == "refusal" ? "refusal" : "text"].text());
            return {};
        }
        return input_part(p, at, role);
    }

    Checked input_part(JsonRef p, const std::string& at, std::string_view role) {
        const std::string_view type = p["type"].text();
        if (type == "input_text") {
            if (!p["text"].is_string()) return missing(at + ".text");
            return take(p["text"].text(), role), Checked();
        }
        if (type == "input_image") return image(p, at);
        if (type == "input_file") {
            if (!given(p["file_data"]) && !given(p["file_id"]) && !given(p["file_url"]))
                return missing(at + ".file_id");
            return meter_.tokens(500), Checked();
        }
        return wrong_value(at, type,
                           "'input_text', 'input_image', 'output_text', 'refusal', 'input_file', "
                           "'computer_screenshot', and 'summary_text'");
    }

    Checked image(JsonRef p, const std::string& at) {
        const JsonRef url = p["image_url"];
        if (given(url) && !url.is_string()) return wrong_type(at + ".image_url", "a string", url);
        if (!given(url) && !given(p["file_id"])) return missing(at + ".image_url");
        const bool good =
            url.text().starts_with("https://") || url.text().starts_with("http://") ||
            (url.text().starts_with("data:image/") && url.text().find(";base64,") != std::string_view::npos);
        if (given(url) && !good)
            return refuse(fmt::format("Invalid '{}.image_url'. Expected a valid URL, but got a value with an invalid "
                                      "format.",
                                      at),
                          at + ".image_url", "invalid_value");
        meter_.image(p["detail"].text() == "low" ? 85 : 765);
        return {};
    }

    Checked call(JsonRef c, const std::string& at) {
        const bool custom = c["type"].text() == "custom_tool_call";
        const std::string_view said = custom ? "input" : "arguments";
        for (const std::string_view name : {std::string_view("call_id"), std::string_view("name"), said})
            if (!c[name].is_string())
                return given(c[name]) ? wrong_type(fmt::format("{}.{}", at, name), "a string", c[name])
                                      : missing(fmt::format("{}.{}", at, name));
        if (c["call_id"].text().size() > 64)
            return refuse(
                fmt::format("Invalid '{}.call_id': string too long. Expected a string with maximum length 64, "
                            "but got a string with length {} instead.",
                            at, c["call_id"].text().size()),
                at + ".call_id", "string_above_max_length");
        ask_.tool_results.clear();
        owed_.insert(c["call_id"].text());
        meter_.text(c["name"].text());
        meter_.text(c[said].text());
        return {};
    }

    Checked output(JsonRef o, const std::string& at) {
        const std::string_view id = o["call_id"].text();
        if (id.empty()) return missing(at + ".call_id");
        if (!owed_.erase(id))
            return refuse(fmt::format("No tool call found for function call output with call_id {}.", id), "input", "");
        const JsonRef said = o["output"];
        if (!said.is_string() && !said.is_array()) return missing(at + ".output");
        ask_.tool_results.emplace_back();
        if (said.is_string()) return take(said.text(), "tool"), Checked();
        int64_t i = 0;
        for (JsonRef p : said)
            if (auto r = input_part(p, fmt::format("{}.output[{}]", at, i++), "tool")) return r;
        return {};
    }

    /// What was not sealed here, or was sealed for another item, is refused; leaving the item out is fine.
    Checked reasoning(JsonRef r, const std::string& at) {
        const JsonRef sealed = r["encrypted_content"], id = r["id"];
        if (!r["summary"].is_array()) return missing(at + ".summary");
        if (!given(sealed)) return not_found(r);
        if (!is_sealed_reasoning(sealed.text(), ask_.account))
            return refuse(
                fmt::format("The encrypted content {}... could not be verified. Reason: Encrypted content could "
                            "not be decrypted or parsed.",
                            sealed.text().substr(0, 4)),
                "", "invalid_encrypted_content");
        if (given(id) && id.text() != sealed_item_id(sealed.text()))
            return refuse(fmt::format("The encrypted content for item {} could not be verified. Reason: Encrypted "
                                      "content item_id did not match the target item id.",
                                      id.text()),
                          "", "invalid_encrypted_content");
        ++ask_.states;
        return {};
    }

    void take(std::string_view text, std::string_view role) {
        meter_.text(text);
        std::string* into = role == "user" ? &ask_.prompt : role == "tool" ? &ask_.tool_results.back() : nullptr;
        if (!into) return;
        if (!into->empty()) *into += '\n';
        *into += text;
    }

    Ask& ask_;
    PromptMeter& meter_;
    std::set<std::string_view> owed_;  ///< call ids without an output yet
};

}  // namespace

Checked read_openai_items(JsonRef list, Ask& ask, PromptMeter& meter) {
    ItemsReader reader(ask, meter);
    return reader.read(list);
}

}  // namespace aig::sim
