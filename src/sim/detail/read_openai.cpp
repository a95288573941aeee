// Reads POST /v1/chat/completions and refuses what api.openai.com refuses, in its words (recorded 2025-2026).
#include <fmt/format.h>

#include "sim/detail/openai_checks.h"

namespace aig::sim {

namespace {

using namespace openai;

class ChatReader {
  public:
    ChatReader(JsonRef root, Ask& ask) : root_(root), ask_(ask), meter_(ask) {}

    Checked read() {
        if (!root_.is_object()) return refuse("Invalid body: expected a JSON object.", "", "");
        if (!root_["model"].is_string() || root_["model"].text().empty())
            return refuse("you must provide a model parameter", "", "");
        ask_.model = root_["model"].text();
        for (auto step : {&ChatReader::foreign_fields, &ChatReader::settings, &ChatReader::tools,
                          &ChatReader::tool_choice, &ChatReader::response_format})
            if (auto r = (this->*step)()) return r;
        if (auto r = read_openai_messages(root_["messages"], ask_, meter_)) return r;
        ask_.input_tokens += 3;  // the reply is primed with its own framing
        return {};
    }

  private:
    /// Fields of other vendors' wires and of gateways: OpenAI knows none of them, and one that arrives is a translation
    /// fault.
    Checked foreign_fields() {
        for (const std::string_view name :
             {"system", "stop_sequences", "max_output_tokens", "anthropic_version", "contents", "generationConfig",
              "systemInstruction", "input", "instructions", "routing", "baseline_model", "enable_base64_output"})
            if (root_[name])
                return refuse(fmt::format("Unknown parameter: '{}'.", name), std::string(name), "unknown_parameter");
        return {};
    }

    Checked settings() {
        if (auto r = boolean(root_, "stream", ask_.stream)) return r;
        const JsonRef options = root_["stream_options"];
        if (given(options)) {
            if (!ask_.stream)
                return refuse("The 'stream_options' parameter is only allowed when 'stream' is enabled.",
                              "stream_options", "");
            if (!options.is_object()) return wrong_type("stream_options", "an object", options);
            if (auto r = boolean(options, "include_usage", ask_.include_usage)) return r;
            if (auto r = boolean(options, "include_obfuscation", ask_.obfuscation)) return r;
        }
        std::optional<int64_t> n, old_max, new_max, top;
        if (auto r = bounded_integer(root_, "n", 1, 128, n)) return r;
        if (auto r = bounded_integer(root_, "max_tokens", 1, 10'000'000, old_max)) return r;
        if (auto r = bounded_integer(root_, "max_completion_tokens", 1, 10'000'000, new_max)) return r;
        if (old_max && new_max)
            return refuse("Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
                          "max_tokens", "invalid_parameter_combination");
        ask_.n = n.value_or(1);
        ask_.max_tokens = new_max ? new_max : old_max;
        if (auto r = boolean(root_, "logprobs", ask_.logprobs)) return r;
        if (auto r = bounded_integer(root_, "top_logprobs", 0, 20, top)) return r;
        if (top && !ask_.logprobs)
            return refuse("The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.", "top_logprobs",
                          "");
        ask_.top_logprobs = top.value_or(0);
        if (auto r = bounded_number(root_, "temperature", 0, 2)) return r;
        if (auto r = bounded_number(root_, "top_p", 0, 1)) return r;
        if (auto r = bounded_number(root_, "presence_penalty", -2, 2)) return r;
        if (auto r = bounded_number(root_, "frequency_penalty", -2, 2)) return r;
        if (auto r = effort()) return r;
        return stops();
    }

    Checked effort() {
        const JsonRef v = root_["reasoning_effort"];
        if (!given(v)) return {};
        for (const std::string_view known : {"none", "minimal", "low", "medium", "high", "xhigh", "max"})
            if (v.text() == known) {
                ask_.reasoning = known != "none";
                return {};
            }
        return wrong_value("reasoning_effort", v.text(), "'none', 'minimal', 'low', 'medium', 'high', and 'xhigh'");
    }

    Checked stops() {
        const JsonRef v = root_["stop"];
        if (!given(v)) return {};
        if (v.is_string()) {
            ask_.stops.push_back(v.text());
            return {};
        }
        if (!v.is_array()) return wrong_type("stop", "a string or an array of strings", v);
        if (v.size() > 4)
            return refuse(
                fmt::format("Invalid 'stop': array too long. Expected an array with maximum length 4, but got an "
                            "array with length {} instead.",
                            v.size()),
                "stop", "array_above_max_length");
        for (JsonRef s : v) {
            if (!s.is_string()) return wrong_type("stop", "an array of strings", s);
            ask_.stops.push_back(s.text());
        }
        return {};
    }

    Checked tools() {
        const JsonRef tools = root_["tools"];
        if (given(tools) && !tools.is_array()) return wrong_type("tools", "an array of objects", tools);
        if (given(tools) && tools.size() == 0)
            return refuse(
                "Invalid 'tools': empty array. Expected an array with minimum length 1, but got an empty array "
                "instead.",
                "tools", "empty_array");
        int64_t i = 0;
        for (JsonRef t : tools) {
            const std::string at = fmt::format("tools[{}]", i++);
            const std::string_view type = t["type"].text();
            if (type.empty()) return missing(at + ".type");
            if (type == "custom") continue;
            if (type != "function") return wrong_value(at + ".type", type, "'function' and 'custom'");
            const JsonRef f = t["function"];
            if (!f.is_object()) return missing(at + ".function");
            if (!f["name"].is_string()) return missing(at + ".function.name");
            if (!tool_name_ok(f["name"].text()))
                return refuse(
                    fmt::format("Invalid '{}.function.name': string does not match pattern. Expected a string that "
                                "matches the pattern '^[a-zA-Z0-9_-]+$'.",
                                at),
                    at + ".function.name", "invalid_value");
            const JsonRef schema = f["parameters"];
            if (auto r = function_schema(f, schema, at)) return r;
            ask_.tools.push_back({f["name"].text(), f["description"].text(), schema});
            meter_.text(f["name"].text());
            meter_.text(f["description"].text());
            meter_.text(schema.raw());
        }
        const JsonRef parallel = root_["parallel_tool_calls"];
        if (given(parallel) && !given(tools))
            return refuse("'parallel_tool_calls' is only allowed when 'tools' are specified.", "parallel_tool_calls",
                          "");
        return boolean(root_, "parallel_tool_calls", ask_.parallel_tools);
    }

    static Checked function_schema(JsonRef function, JsonRef schema, const std::string& at) {
        if (!given(schema)) return {};
        if (!schema.is_object()) return wrong_type(at + ".function.parameters", "an object", schema);
        if (schema["type"].is_string() && schema["type"].text() != "object")
            return refuse(
                fmt::format("Invalid schema for function '{}': schema must be a JSON Schema of 'type: \"object\"', got "
                            "'type: \"{}\"'.",
                            function["name"].text(), schema["type"].text()),
                at + ".function.parameters", "invalid_function_parameters");
        if (!function["strict"].boolean()) return {};
        if (auto fault = strict_fault(schema, "()"); !fault.empty())
            return refuse(fmt::format("Invalid schema for function '{}': {}", function["name"].text(), fault),
                          at + ".function.parameters", "invalid_function_parameters");
        return {};
    }

    Checked tool_choice() {
        const JsonRef v = root_["tool_choice"];
        if (!given(v)) return {};
        if (!given(root_["tools"]))
            return refuse("'tool_choice' is only allowed when 'tools' are specified.", "tool_choice", "");
        if (v.is_string()) {
            if (v.text() == "auto") return {};
            if (v.text() == "none")
                ask_.tool_choice = ToolChoice::none;
            else if (v.text() == "required")
                ask_.tool_choice = ToolChoice::required;
            else
                return wrong_value("tool_choice", v.text(), "'none', 'auto', and 'required'");
            return {};
        }
        if (!v.is_object()) return wrong_type("tool_choice", "one of a string or an object", v);
        const std::string_view type = v["type"].text();
        if (type == "allowed_tools") {
            if (v["allowed_tools"]["mode"].text() == "required") ask_.tool_choice = ToolChoice::required;
            return {};
        }
        if (type != "function")
            return wrong_value("tool_choice.type", type, "'function', 'allowed_tools', and 'custom'");
        const JsonRef name = v["function"]["name"];
        if (!name.is_string()) return missing("tool_choice.function.name");
        for (const ToolDef& t : ask_.tools)
            if (t.name == name.text()) {
                ask_.tool_choice = ToolChoice::named;
                ask_.chosen_tool = t.name;
                return {};
            }
        return refuse(fmt::format("Tool choice '{}' not found in 'tools' parameter.", name.text()), "tool_choice", "");
    }

    Checked response_format() {
        const JsonRef v = root_["response_format"];
        if (!given(v)) return {};
        if (!v.is_object()) return wrong_type("response_format", "an object", v);
        const std::string_view type = v["type"].text();
        if (type == "text") return {};
        if (type == "json_object") {
            ask_.format = Format::json_object;
            return {};
        }
        if (type != "json_schema")
            return wrong_value("response_format.type", type, "'json_object', 'json_schema', and 'text'");
        const JsonRef named = v["json_schema"];
        if (!named.is_object()) return missing("response_format.json_schema");
        if (!named["name"].is_string()) return missing("response_format.json_schema.name");
        if (!tool_name_ok(named["name"].text()))
            return refuse(
                "Invalid 'response_format.json_schema.name': string does not match pattern. Expected a string that "
                "matches the pattern '^[a-zA-Z0-9_-]+$'.",
                "response_format.json_schema.name", "invalid_value");
        if (named["strict"].boolean())
            if (auto fault = strict_fault(named["schema"], "()"); !fault.empty())
                return refuse(fmt::format("Invalid schema for response_format '{}': {}", named["name"].text(), fault),
                              "response_format", "");
        ask_.format = Format::json_schema;
        ask_.schema = named["schema"];
        meter_.text(ask_.schema.raw());
        return {};
    }

    JsonRef root_;
    Ask& ask_;
    PromptMeter meter_;
};

}  // namespace

Checked read_openai_chat(JsonRef root, Ask& ask) {
    ChatReader reader(root, ask);
    return reader.read();
}

}  // namespace aig::sim
