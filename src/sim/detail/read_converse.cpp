// Reads a Converse request and refuses what Bedrock refuses (recorded 2025-2026): unknown members, roles that do not
// alternate, tool results that are not exactly the calls of the turn before.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "sim/detail/bedrock.h"

namespace aig::sim::bedrock {
namespace {

Refusal refuse(std::string message) { return {400, "", std::move(message), "", ""}; }

constexpr std::array<std::string_view, 13> request_fields{"messages",        "system",
                                                          "inferenceConfig", "toolConfig",
                                                          "guardrailConfig", "additionalModelRequestFields",
                                                          "promptVariables", "additionalModelResponseFieldPaths",
                                                          "requestMetadata", "performanceConfig",
                                                          "serviceTier",     "outputConfig",
                                                          "modelId"};

bool id_ok(std::string_view id) {
    return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) ||
               std::string_view("_.:-").find(c) != std::string_view::npos;
    });
}

class Reader {
  public:
    Reader(JsonRef root, Ask& ask) : root_(root), ask_(ask), meter_(ask) {}

    Checked read() {
        if (!root_.is_object()) return refuse("STRUCTURE_VALUE or null expected.");
        for (const JsonRef m : root_)
            if (std::find(request_fields.begin(), request_fields.end(), m.key()) == request_fields.end())
                return refuse(fmt::format("#: extraneous key [{}] is not permitted", m.key()));
        for (auto step : {&Reader::tools, &Reader::settings, &Reader::output, &Reader::system, &Reader::messages})
            if (auto r = (this->*step)()) return r;
        return {};
    }

  private:
    Checked settings() {
        const JsonRef c = root_["inferenceConfig"];
        if (c["maxTokens"]) {
            ask_.max_tokens = c["maxTokens"].integer();
            if (ask_.max_tokens.value_or(0) < 1)
                return refuse("Value at 'inferenceConfig.maxTokens' must be at least 1");
        }
        for (const std::string_view name : {"temperature", "topP"})
            if (c[name] && (number_of(c[name]) < 0 || number_of(c[name]) > 1))
                return refuse(fmt::format("Value at 'inferenceConfig.{}' must be between 0 and 1", name));
        for (const JsonRef s : c["stopSequences"]) {
            if (s.text().find_first_not_of(" \t\n") == std::string_view::npos) return refuse("stopSequences: blank");
            ask_.stops.push_back(s.text());
        }
        const JsonRef fields = root_["additionalModelRequestFields"];
        const auto thinking = fields["thinking"]["type"].text();
        ask_.reasoning = thinking == "enabled" || thinking == "adaptive" || fields["reasoning_effort"];
        if (thinking == "enabled" && fields["thinking"]["budget_tokens"].integer().value_or(0) < 1024)
            return refuse("thinking.enabled.budget_tokens: Input should be greater than or equal to 1024");
        return {};
    }

    Checked tools() {
        const JsonRef config = root_["toolConfig"];
        if (config && config["tools"].size() == 0) return refuse("toolConfig.tools: at least 1 is required");
        for (const JsonRef t : config["tools"]) {
            if (t["cachePoint"]) meter_.cache_mark(t["cachePoint"]["ttl"].text() == "1h");
            const JsonRef spec = t["toolSpec"];
            if (!spec) continue;
            const JsonRef schema = spec["inputSchema"]["json"];
            if (spec["name"].text().empty()) return refuse("toolSpec.name: must not be empty");
            if (schema["type"].text() != "object")
                return refuse("The value at toolConfig.tools.toolSpec.inputSchema.json.type must be 'object'");
            ask_.tools.push_back({spec["name"].text(), spec["description"].text(), schema});
            meter_.text(spec["name"].text());
            meter_.text(spec["description"].text());
            meter_.text(schema.raw());
        }
        const JsonRef choice = config["toolChoice"];
        if (choice["any"]) ask_.tool_choice = ToolChoice::required;
        if (const JsonRef tool = choice["tool"]) {
            ask_.tool_choice = ToolChoice::named;
            ask_.chosen_tool = tool["name"].text();
        }
        return {};
    }

    /// The schema is text; the view of it has to outlive this call.
    Checked output() {
        static thread_local JsonDoc schema;
        const JsonRef format = root_["outputConfig"]["textFormat"];
        if (!format) return {};
        auto doc = JsonDoc::parse(format["structure"]["jsonSchema"]["schema"].text());
        if (format["type"].text() != "json_schema" || !doc)
            return refuse("outputConfig.textFormat: Invalid JSON schema");
        schema = *std::move(doc);
        ask_.format = Format::json_schema;
        ask_.schema = schema.root();
        meter_.text(schema.root().raw());
        return {};
    }

    Checked system() {
        for (const JsonRef b : root_["system"]) {
            if (b["cachePoint"]) meter_.cache_mark(b["cachePoint"]["ttl"].text() == "1h");
            if (b["text"] && b["text"].text().empty()) return refuse("system: text must not be blank");
            meter_.text(b["text"].text());
        }
        meter_.end_message();
        return {};
    }

    Checked messages() {
        const JsonRef list = root_["messages"];
        if (!list.is_array() || list.size() == 0) return refuse("messages: at least one message is required");
        std::string_view last;
        for (const JsonRef m : list) {
            const auto role = m["role"].text();
            if (role != "user" && role != "assistant" && role != "system") return refuse("messages.role: unknown");
            if (at_ == 0 && role != "user") return refuse("A conversation must start with a user message.");
            if (role == last)
                return refuse(
                    fmt::format("Messages: roles must alternate between user and assistant, but found multiple \"{}\" "
                                "roles in a row",
                                role));
            last = role;
            if (auto r = message(m["content"], role)) return r;
            ++at_;
        }
        return owed_.empty() ? Checked() : expected(*owed_.begin());
    }

    Refusal expected(std::string_view id) const {
        return refuse(
            fmt::format("Expected toolResult blocks at messages.{}.content for the following Ids: {}", at_, id));
    }

    Checked message(JsonRef content, std::string_view role) {
        if (content.size() == 0)
            return refuse(fmt::format("The content field in the Message object at messages.{} is empty.", at_));
        if (role == "user") {
            ask_.prompt.clear();
            ask_.tool_results.clear();
        }
        auto owed = std::exchange(owed_, {});
        for (const JsonRef b : content)
            if (auto r = block(b, role, owed)) return r;
        if (!owed.empty()) return expected(*owed.begin());
        meter_.end_message();
        return {};
    }

    Checked block(JsonRef b, std::string_view role, std::set<std::string_view>& owed) {
        if (b["cachePoint"]) return meter_.cache_mark(b["cachePoint"]["ttl"].text() == "1h"), Checked();
        if (b["text"]) return text(b["text"].text(), role);
        if (b["image"]) return media(b["image"], true);
        if (b["document"]) return media(b["document"], false);
        if (const JsonRef use = b["toolUse"]) return tool_use(use, role);
        if (const JsonRef result = b["toolResult"]) return tool_result(result, owed);
        if (const JsonRef r = b["reasoningContent"]) return reasoning(r);
        return refuse(fmt::format("Unexpected content block at messages.{}: {}", at_, b.raw().substr(0, 40)));
    }

    Checked text(std::string_view text, std::string_view role) {
        if (text.find_first_not_of(" \t\r\n") == std::string_view::npos)
            return refuse(fmt::format("The text field in the ContentBlock object at messages.{} is blank.", at_));
        meter_.text(text);
        if (role != "user") return {};
        if (!ask_.prompt.empty()) ask_.prompt += '\n';
        ask_.prompt += text;
        return {};
    }
    Checked media(JsonRef m, bool image) {
        const JsonRef source = m["source"];
        if (source["bytes"].text().empty() && !source["s3Location"])
            return refuse("source: bytes or s3Location is needed");
        if (!image && m["name"].text().empty()) return refuse("document.name: must not be empty");
        image ? meter_.image(765) : meter_.tokens(500);
        return {};
    }
    Checked tool_use(JsonRef use, std::string_view role) {
        if (role != "assistant") return refuse("toolUse blocks may only be in assistant messages");
        if (!root_["toolConfig"])
            return refuse("The toolConfig field must be defined when using toolUse and toolResult content blocks.");
        if (!id_ok(use["toolUseId"].text()))
            return refuse("toolUseId: must match [a-zA-Z0-9_.:-]+ and have at most 64");
        if (!use["input"].is_object()) return refuse("toolUse.input: must be a JSON object");
        owed_.insert(use["toolUseId"].text());
        meter_.text(use["name"].text());
        meter_.text(use["input"].raw());
        return {};
    }
    Checked tool_result(JsonRef result, std::set<std::string_view>& owed) {
        if (!owed.erase(result["toolUseId"].text()))
            return refuse(
                fmt::format("The number of toolResult blocks at messages.{}.content exceeds the number of "
                            "toolUse blocks of previous turn.",
                            at_));
        std::string said;
        for (const JsonRef c : result["content"]) {
            if (!said.empty()) said += '\n';
            said += c["json"] ? c["json"].raw() : c["text"].text();
            if (c["image"])
                if (auto r = media(c["image"], true)) return r;
        }
        meter_.text(said);
        ask_.tool_results.push_back(std::move(said));
        return {};
    }
    Checked reasoning(JsonRef r) {
        const JsonRef said = r["reasoningText"];
        if (said && said["signature"].text() != thinking_signature(said["text"].text(), ask_.account))
            return refuse(fmt::format("messages.{}: Invalid `signature` in `thinking` block", at_));
        ask_.states += said ? 1 : 0;
        return {};
    }

    JsonRef root_;
    Ask& ask_;
    PromptMeter meter_;
    int64_t at_ = 0;
    std::set<std::string_view> owed_;
};

}  // namespace

Checked read_converse(JsonRef root, const Place& place, Ask& ask) {
    ask.model = place.model;
    ask.stream = place.stream;
    Reader reader(root, ask);
    return reader.read();
}

}  // namespace aig::sim::bedrock
