// Reads POST /v1/chat/completions and refuses what api.openai.com refuses, in its words (recorded 2025-2026).
#include <fmt/format.h>

#include <array>
#include <set>

#include "sim/detail/ask.h"

namespace aig::sim {

namespace {

Refusal refuse(std::string message, std::string param, std::string code) {
    return {400, "invalid_request_error", std::move(message), std::move(param), std::move(code)};
}
Refusal missing(const std::string& param) {
    return refuse(fmt::format("Missing required parameter: '{}'.", param), param, "missing_required_parameter");
}
std::string_view kind_name(JsonRef v) {
    switch (v.kind()) {
        case JsonKind::null:
            return "null";
        case JsonKind::boolean:
            return "a boolean";
        case JsonKind::number:
            return v.integer() ? "an integer" : "a decimal";
        case JsonKind::string:
            return "a string";
        case JsonKind::array:
            return "an array";
        case JsonKind::object:
            return "an object";
    }
    return "null";
}
Refusal wrong_type(const std::string& param, std::string_view wanted, JsonRef v) {
    return refuse(fmt::format("Invalid type for '{}': expected {}, but got {} instead.", param, wanted, kind_name(v)),
                  param, "invalid_type");
}
Refusal wrong_value(const std::string& param, std::string_view got, std::string_view allowed) {
    return refuse(fmt::format("Invalid value: '{}'. Supported values are: {}.", got, allowed), param, "invalid_value");
}

bool given(JsonRef v) { return v && !v.is_null(); }

Checked bounded_integer(JsonRef root, std::string_view name, int64_t low, int64_t high, std::optional<int64_t>& out) {
    const JsonRef v = root[name];
    if (!given(v)) return {};
    const auto n = v.integer();
    if (!n) return wrong_type(std::string(name), "an integer", v);
    if (*n < low)
        return refuse(
            fmt::format("Invalid '{}': integer below minimum value. Expected a value >= {}, but got {} instead.", name,
                        low, *n),
            std::string(name), "integer_below_min_value");
    if (*n > high)
        return refuse(
            fmt::format("Invalid '{}': integer above maximum value. Expected a value <= {}, but got {} instead.", name,
                        high, *n),
            std::string(name), "integer_above_max_value");
    out = *n;
    return {};
}

Checked bounded_number(JsonRef root, std::string_view name, double low, double high) {
    const JsonRef v = root[name];
    if (!given(v)) return {};
    if (!v.is_number()) return wrong_type(std::string(name), "a decimal", v);
    const double d = number_of(v);
    if (d < low || d > high)
        return refuse(fmt::format("Invalid '{}': decimal {} value. Expected a value {} {}, but got {} instead.", name,
                                  d < low ? "below minimum" : "above maximum",
                                  d < low ? ">=" : "<=", d < low ? low : high, v.raw()),
                      std::string(name), d < low ? "decimal_below_min_value" : "decimal_above_max_value");
    return {};
}

Checked boolean(JsonRef root, std::string_view name, bool& out) {
    const JsonRef v = root[name];
    if (!given(v)) return {};
    if (!v.is_bool()) return wrong_type(std::string(name), "a boolean", v);
    out = v.boolean();
    return {};
}

bool tool_name_ok(std::string_view name) {
    if (name.empty() || name.size() > 64) return false;
    for (const char c : name)
        if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '-') return false;
    return true;
}

/// A strict schema must close every object and require every property; OpenAI refuses anything else.
std::string strict_fault(JsonRef schema, const std::string& context, int depth = 0) {
    if (depth > 32 || !schema.is_object()) return "";
    if (schema["type"].text() == "object" || schema["properties"]) {
        if (!schema["additionalProperties"].is_bool() || schema["additionalProperties"].boolean())
            return fmt::format("In context={}, 'additionalProperties' is required to be supplied and to be false.",
                               context);
        std::set<std::string_view> required;
        for (JsonRef r : schema["required"]) required.insert(r.text());
        for (JsonRef p : schema["properties"]) {
            if (!required.count(p.key()))
                return fmt::format(
                    "In context={}, 'required' is required to be supplied and to be an array including every "
                    "key in properties. Missing '{}'.",
                    context, p.key());
            if (auto f = strict_fault(p, fmt::format("('properties', '{}')", p.key()), depth + 1); !f.empty()) return f;
        }
    }
    return strict_fault(schema["items"], "('items')", depth + 1);
}

class ChatReader {
  public:
    ChatReader(JsonRef root, Ask& ask) : root_(root), ask_(ask), meter_(ask) {}

    Checked read() {
        if (!root_.is_object()) return refuse("Invalid body: expected a JSON object.", "", "");
        if (!root_["model"].is_string() || root_["model"].text().empty())
            return refuse("you must provide a model parameter", "", "");
        ask_.model = root_["model"].text();
        for (auto step : {&ChatReader::foreign_fields, &ChatReader::settings, &ChatReader::tools,
                          &ChatReader::tool_choice, &ChatReader::response_format, &ChatReader::messages})
            if (auto r = (this->*step)()) return r;
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

    Checked messages() {
        const JsonRef list = root_["messages"];
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

    JsonRef root_;
    Ask& ask_;
    PromptMeter meter_;
    std::set<std::string_view> owed_;  ///< tool call ids without a result yet
};

}  // namespace

Checked read_openai_chat(JsonRef root, Ask& ask) {
    ask.wire = WireKind::openai;
    ChatReader reader(root, ask);
    return reader.read();
}

}  // namespace aig::sim
