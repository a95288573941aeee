// Reads POST /v1/messages and refuses what api.anthropic.com refuses, in its words (recorded 2025-2026). The vendor
// forbids fields it does not know, so anything another wire left behind is found here.
#include <fmt/format.h>

#include <set>

#include "sim/detail/anthropic_checks.h"

namespace aig::sim {

namespace {

using namespace anthropic;

constexpr std::array<std::string_view, 22> request_fields{
    "model",         "messages",    "max_tokens",         "stream",        "tools",          "tool_choice",
    "system",        "temperature", "thinking",           "output_config", "stop_sequences", "output_format",
    "cache_control", "metadata",    "context_management", "mcp_servers",   "service_tier",   "top_k",
    "top_p",         "container",   "inference_geo",      "speed"};
constexpr std::array<std::string_view, 9> tool_fields{"name",          "description",           "input_schema",
                                                      "type",          "cache_control",         "strict",
                                                      "defer_loading", "eager_input_streaming", "input_examples"};

bool tool_name_ok(std::string_view name) {
    if (name.empty() || name.size() > 128) return false;
    return std::all_of(name.begin(), name.end(),
                       [](char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == '-'; });
}

/// Structured output takes closed objects and no bounds on numbers, strings or arrays.
std::string output_schema_fault(JsonRef schema, int depth = 0) {
    if (depth > 32 || !schema.is_object()) return "";
    const std::string_view type = schema["type"].text();
    for (const std::string_view word : {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
                                        "minLength", "maxLength", "maxItems", "uniqueItems"})
        if (schema[word]) return fmt::format("For '{}' type, property '{}' is not supported", type, word);
    if (type == "object" && (!schema["additionalProperties"].is_bool() || schema["additionalProperties"].boolean()))
        return "For 'object' type, 'additionalProperties' must be explicitly set to false";
    for (JsonRef p : schema["properties"])
        if (auto f = output_schema_fault(p, depth + 1); !f.empty()) return f;
    for (const std::string_view word : {"$defs", "definitions"})
        for (JsonRef p : schema[word])
            if (auto f = output_schema_fault(p, depth + 1); !f.empty()) return f;
    for (JsonRef p : schema["anyOf"])
        if (auto f = output_schema_fault(p, depth + 1); !f.empty()) return f;
    return output_schema_fault(schema["items"], depth + 1);
}

class MessagesReader {
  public:
    MessagesReader(JsonRef root, Ask& ask) : root_(root), ask_(ask), meter_(ask) {}

    Checked read() {
        if (!root_.is_object()) return refuse("Input should be a valid dictionary or object to extract fields from");
        if (!root_["model"].is_string()) return required("model");
        if (root_["model"].text().empty()) return refuse("model: String should have at least 1 character");
        ask_.model = root_["model"].text();
        if (auto r = only_known(root_, "", request_fields)) return r;
        for (auto step : {&MessagesReader::settings, &MessagesReader::thinking, &MessagesReader::tools,
                          &MessagesReader::tool_choice, &MessagesReader::output, &MessagesReader::system_prompt})
            if (auto r = (this->*step)()) return r;
        if (auto r = read_anthropic_turns(root_["messages"], ask_, meter_)) return r;
        mark(root_, meter_);
        return {};
    }

  private:
    Checked settings() {
        const JsonRef max = root_["max_tokens"];
        if (!given(max)) return required("max_tokens");
        if (!max.integer()) return refuse("max_tokens: Input should be a valid integer");
        if (*max.integer() < 1) return refuse("max_tokens: must be greater than or equal to 1");
        ask_.max_tokens = *max.integer();
        const JsonRef stream = root_["stream"];
        if (given(stream) && !stream.is_bool()) return refuse("stream: Input should be a valid boolean");
        ask_.stream = stream.boolean();
        if (auto r = bounded("temperature", 0, 1, "range: 0..1")) return r;
        if (auto r = bounded("top_p", 0, 1, "range: 0..1")) return r;
        const JsonRef k = root_["top_k"];
        if (given(k) && (!k.integer() || *k.integer() < 0)) return refuse("top_k: Input should be a valid integer");
        if (auto r = only_known(root_["metadata"], "metadata.", std::array<std::string_view, 1>{"user_id"})) return r;
        return stops();
    }

    Checked bounded(std::string_view name, double low, double high, std::string_view words) {
        const JsonRef v = root_[name];
        if (!given(v)) return {};
        if (!v.is_number()) return refuse(fmt::format("{}: Input should be a valid number", name));
        if (number_of(v) < low || number_of(v) > high) return refuse(fmt::format("{}: {}", name, words));
        return {};
    }

    Checked stops() {
        const JsonRef v = root_["stop_sequences"];
        if (!given(v)) return {};
        if (!v.is_array()) return refuse("stop_sequences: Input should be a valid list");
        int64_t i = 0;
        for (JsonRef s : v) {
            if (!s.is_string()) return refuse(fmt::format("stop_sequences.{}: Input should be a valid string", i));
            if (s.text().find_first_not_of(" \t\r\n") == std::string_view::npos)
                return refuse("stop_sequences: each stop sequence must contain non-whitespace");
            ask_.stops.push_back(s.text());
            ++i;
        }
        return {};
    }

    Checked thinking() {
        const JsonRef v = root_["thinking"];
        if (!given(v)) return {};
        if (!v.is_object())
            return refuse("thinking: Input should be a valid dictionary or object to extract fields from");
        const std::string_view type = v["type"].text();
        if (type == "disabled") return {};
        if (type != "enabled" && type != "adaptive")
            return refuse(
                fmt::format("thinking: Input tag '{}' found using 'type' does not match any of the expected tags: "
                            "'adaptive', 'disabled', 'enabled'",
                            type));
        if (type == "enabled") {
            const auto budget = v["budget_tokens"].integer();
            if (!budget) return required("thinking.enabled.budget_tokens");
            if (*budget < 1024)
                return refuse("thinking.enabled.budget_tokens: Input should be greater than or equal to 1024");
            if (*budget >= *ask_.max_tokens)
                return refuse(
                    "`max_tokens` must be greater than `thinking.budget_tokens`. Please consult our documentation at "
                    "https://docs.claude.com/en/docs/build-with-claude/"
                    "extended-thinking#max-tokens-and-context-window-size");
        }
        if (root_["temperature"].is_number() && number_of(root_["temperature"]) != 1)
            return refuse("`temperature` may only be set to 1 when thinking is enabled.");
        if (given(root_["top_k"])) return refuse("`top_k` must be unset when thinking is enabled.");
        ask_.reasoning = true;
        return {};
    }

    Checked tools() {
        const JsonRef tools = root_["tools"];
        if (given(tools) && !tools.is_array()) return refuse("tools: Input should be a valid list");
        std::set<std::string_view> names;
        int64_t i = 0;
        for (JsonRef t : tools) {
            const std::string at = fmt::format("tools.{}", i++);
            if (!t.is_object())
                return refuse(at + ": Input should be a valid dictionary or object to extract fields from");
            if (t["type"].is_string() && t["type"].text() != "custom") {
                if (t["type"].text() == "function")
                    return refuse(
                        at +
                        ": Input tag 'function' found using 'type' does not match any of the expected tags: 'custom'");
                continue;  // a server tool: nothing for us to call
            }
            if (auto r = custom_tool(t, at + ".custom")) return r;
            if (!names.insert(t["name"].text()).second) return refuse("tools: Tool names must be unique.");
        }
        return {};
    }

    Checked custom_tool(JsonRef t, const std::string& at) {
        if (auto r = only_known(t, at + ".", tool_fields)) return r;
        if (!t["name"].is_string()) return required(at + ".name");
        if (!tool_name_ok(t["name"].text()))
            return refuse(at + ".name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'");
        const JsonRef schema = t["input_schema"];
        if (!given(schema)) return required(at + ".input_schema");
        if (!schema.is_object()) return refuse(at + ".input_schema: Input does not match the expected shape.");
        if (!schema["type"]) return required(at + ".input_schema.type");
        if (schema["type"].text() != "object") return refuse(at + ".input_schema.type: Input should be 'object'");
        ask_.tools.push_back({t["name"].text(), t["description"].text(), schema});
        meter_.text(t["name"].text());
        meter_.text(t["description"].text());
        meter_.text(schema.raw());
        mark(t, meter_);
        return {};
    }

    Checked tool_choice() {
        const JsonRef v = root_["tool_choice"];
        if (!given(v)) return {};
        if (!v.is_object())
            return refuse("tool_choice: Input should be a valid dictionary or object to extract fields from");
        const std::string_view type = v["type"].text();
        if (type != "auto" && type != "any" && type != "tool" && type != "none")
            return refuse(
                fmt::format("tool_choice: Input tag '{}' found using 'type' does not match any of the expected tags: "
                            "'any', 'auto', 'none', 'tool'",
                            type));
        if (!given(root_["tools"]) || root_["tools"].size() == 0)
            return refuse("tool_choice may only be specified while providing tools");
        if (auto r = only_known(v, fmt::format("tool_choice.{}.", type),
                                std::array<std::string_view, 3>{"type", "name", "disable_parallel_tool_use"}))
            return r;
        ask_.parallel_tools = !v["disable_parallel_tool_use"].boolean();
        if (type == "none") ask_.tool_choice = ToolChoice::none;
        if (type == "any" || type == "tool") {
            if (ask_.reasoning) return refuse("Thinking may not be enabled when tool_choice forces tool use.");
            ask_.tool_choice = ToolChoice::required;
        }
        if (type != "tool") return {};
        if (!v["name"].is_string()) return required("tool_choice.tool.name");
        for (const ToolDef& t : ask_.tools)
            if (t.name == v["name"].text()) {
                ask_.tool_choice = ToolChoice::named;
                ask_.chosen_tool = t.name;
                return {};
            }
        return refuse(fmt::format("Tool '{}' not found in provided tools", v["name"].text()));
    }

    Checked output() {
        const JsonRef config = root_["output_config"];
        const JsonRef format = given(root_["output_format"]) ? root_["output_format"] : config["format"];
        if (!given(format)) return {};
        if (format["type"].text() != "json_schema")
            return refuse("output_config.format.type: Input should be 'json_schema'");
        if (!format["schema"].is_object()) return required("output_config.format.schema");
        if (auto fault = output_schema_fault(format["schema"]); !fault.empty())
            return refuse("output_config.format.schema: " + fault);
        ask_.format = Format::json_schema;
        ask_.schema = format["schema"];
        meter_.text(ask_.schema.raw());
        return {};
    }

    Checked system_prompt() {
        const JsonRef v = root_["system"];
        if (!given(v)) return {};
        if (v.is_string()) return meter_.text(v.text()), Checked();
        if (!v.is_array()) return refuse("system: Input should be a valid string");
        int64_t i = 0;
        for (JsonRef b : v) {
            const std::string at = fmt::format("system.{}", i++);
            if (b["type"].text() != "text") return refuse(at + ".type: Input should be 'text'");
            if (!b["text"].is_string()) return required(at + ".text");
            if (b["text"].text().empty()) return refuse("system: text content blocks must be non-empty");
            meter_.text(b["text"].text());
            mark(b, meter_);
        }
        return {};
    }

    JsonRef root_;
    Ask& ask_;
    PromptMeter meter_;
};

}  // namespace

Checked read_anthropic_messages(JsonRef root, Ask& ask) {
    MessagesReader reader(root, ask);
    return reader.read();
}

}  // namespace aig::sim
