// Reads POST /v1/responses and refuses what api.openai.com refuses, in its words (recorded 2025-2026).
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sim/detail/openai_checks.h"

namespace aig::sim {

namespace {

using namespace openai;

class ResponsesReader {
  public:
    ResponsesReader(JsonRef root, Ask& ask) : root_(root), ask_(ask), meter_(ask) {}

    Checked read() {
        if (!root_.is_object()) return refuse("Invalid body: expected a JSON object.", "", "");
        if (!root_["model"].is_string() || root_["model"].text().empty()) return missing("model");
        ask_.model = root_["model"].text();
        for (auto step :
             {&ResponsesReader::moved_fields, &ResponsesReader::foreign_fields, &ResponsesReader::settings,
              &ResponsesReader::include, &ResponsesReader::reasoning, &ResponsesReader::tools,
              &ResponsesReader::tool_choice, &ResponsesReader::text, &ResponsesReader::state, &ResponsesReader::input})
            if (auto r = (this->*step)()) return r;
        ask_.input_tokens += 3;
        return {};
    }

  private:
    /// What the chat shape calls otherwise is named with its new place.
    Checked moved_fields() {
        static constexpr std::array<std::pair<std::string_view, std::string_view>, 5> moved{
            {{"messages", "input"},
             {"max_tokens", "max_output_tokens"},
             {"max_completion_tokens", "max_output_tokens"},
             {"response_format", "text.format"},
             {"reasoning_effort", "reasoning.effort"}}};
        for (const auto& [old, place] : moved)
            if (root_[old])
                return refuse(fmt::format("Unsupported parameter: '{}'. In the Responses API, this parameter has moved "
                                          "to '{}'. Try again with the new parameter.",
                                          old, place),
                              std::string(old), "unsupported_parameter");
        return {};
    }

    Checked foreign_fields() {
        for (const std::string_view name : {"n",
                                            "stop",
                                            "seed",
                                            "logit_bias",
                                            "logprobs",
                                            "frequency_penalty",
                                            "presence_penalty",
                                            "top_k",
                                            "modalities",
                                            "audio",
                                            "prediction",
                                            "verbosity",
                                            "web_search_options",
                                            "functions",
                                            "system",
                                            "contents",
                                            "stop_sequences",
                                            "anthropic_version",
                                            "generationConfig",
                                            "routing"})
            if (root_[name])
                return refuse(fmt::format("Unknown parameter: '{}'.", name), std::string(name), "unknown_parameter");
        return {};
    }

    Checked settings() {
        if (auto r = boolean(root_, "stream", ask_.stream)) return r;
        bool ignored = false;
        for (const std::string_view name : {"store", "background", "parallel_tool_calls"})
            if (auto r = boolean(root_, name, ignored)) return r;
        ask_.parallel_tools = !given(root_["parallel_tool_calls"]) || root_["parallel_tool_calls"].boolean();
        const JsonRef options = root_["stream_options"];
        if (given(options) && !ask_.stream)
            return refuse("The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options",
                          "");
        if (given(options))
            if (auto r = boolean(options, "include_obfuscation", ask_.obfuscation)) return r;
        std::optional<int64_t> top;
        if (auto r = bounded_integer(root_, "max_output_tokens", 16, 10'000'000, ask_.max_tokens)) return r;
        if (auto r = bounded_integer(root_, "top_logprobs", 0, 20, top)) return r;
        ask_.top_logprobs = top.value_or(0);
        if (auto r = bounded_number(root_, "temperature", 0, 2)) return r;
        return bounded_number(root_, "top_p", 0, 1);
    }

    Checked include() {
        const JsonRef list = root_["include"];
        if (!given(list)) return {};
        if (!list.is_array()) return wrong_type("include", "an array of strings", list);
        int64_t i = 0;
        for (JsonRef word : list) {
            const std::string at = fmt::format("include[{}]", i++);
            if (!word.is_string()) return wrong_type(at, "a string", word);
            ask_.sealed |= word.text() == "reasoning.encrypted_content";
            ask_.logprobs |= word.text() == "message.output_text.logprobs";
            if (word.text().find('.') == std::string_view::npos)
                return wrong_value(at, word.text(),
                                   "'file_search_call.results', 'web_search_call.results', "
                                   "'message.input_image.image_url', 'computer_call_output.output.image_url', "
                                   "'code_interpreter_call.outputs', 'reasoning.encrypted_content', and "
                                   "'message.output_text.logprobs'");
        }
        return {};
    }

    Checked reasoning() {
        const JsonRef r = root_["reasoning"];
        if (!given(r)) return {};
        if (!r.is_object()) return wrong_type("reasoning", "an object", r);
        const JsonRef effort = r["effort"], summary = r["summary"];
        static constexpr std::array<std::string_view, 7> efforts{"none", "minimal", "low", "medium",
                                                                 "high", "xhigh",   "max"};
        if (given(effort)) {
            if (std::find(efforts.begin(), efforts.end(), effort.text()) == efforts.end())
                return wrong_value("reasoning.effort", effort.text(),
                                   "'none', 'minimal', 'low', 'medium', 'high', and 'xhigh'");
            ask_.reasoning = effort.text() != "none";
        }
        if (!given(summary)) return {};
        if (summary.text() != "auto" && summary.text() != "concise" && summary.text() != "detailed")
            return wrong_value("reasoning.summary", summary.text(), "'concise', 'detailed', and 'auto'");
        ask_.summary = true;
        return {};
    }

    Checked tools() {
        const JsonRef tools = root_["tools"];
        if (given(tools) && !tools.is_array()) return wrong_type("tools", "an array of objects", tools);
        int64_t i = 0;
        for (JsonRef t : tools)
            if (auto r = tool(t, fmt::format("tools[{}]", i++))) return r;
        return {};
    }

    Checked tool(JsonRef t, const std::string& at) {
        const std::string_view type = t["type"].text();
        if (type.empty()) return missing(at + ".type");
        if (type != "function" && type != "custom") return hosted_tool(type, at);
        if (!t["name"].is_string()) return missing(at + ".name");
        if (!tool_name_ok(t["name"].text()))
            return refuse(
                fmt::format("Invalid '{}.name': string does not match pattern. Expected a string that matches "
                            "the pattern '^[a-zA-Z0-9_-]+$'.",
                            at),
                at + ".name", "invalid_value");
        const JsonRef schema = t["parameters"];
        if (given(schema) && !schema.is_object()) return wrong_type(at + ".parameters", "an object", schema);
        if (schema["type"].is_string() && schema["type"].text() != "object")
            return refuse(fmt::format("Invalid schema for function '{}': schema must be a JSON Schema of 'type: "
                                      "\"object\"', got 'type: \"{}\"'.",
                                      t["name"].text(), schema["type"].text()),
                          at + ".parameters", "invalid_function_parameters");
        if (t["strict"].boolean())
            if (auto fault = strict_fault(schema, "()"); !fault.empty())
                return refuse(fmt::format("Invalid schema for function '{}': {}", t["name"].text(), fault),
                              at + ".parameters", "invalid_function_parameters");
        ask_.tools.push_back({t["name"].text(), t["description"].text(), schema, type == "custom"});
        meter_.text(t["name"].text());
        meter_.text(t["description"].text());
        meter_.text(schema.raw());
        return {};
    }

    /// The vendor's own tools are taken and never used.
    static Checked hosted_tool(std::string_view type, const std::string& at) {
        for (const std::string_view known :
             {"web_search", "file_search", "code_interpreter", "image_generation", "mcp", "computer", "local_shell",
              "shell", "apply_patch", "namespace", "tool_search", "programmatic_tool_calling"})
            if (type.starts_with(known)) return {};
        return wrong_value(at + ".type", type,
                           "'code_interpreter', 'function', 'file_search', 'mcp', 'image_generation', 'local_shell', "
                           "'custom', 'computer_use_preview', and 'web_search'");
    }

    Checked tool_choice() {
        const JsonRef v = root_["tool_choice"];
        if (!given(v)) return {};
        const std::string_view word = v.text(), type = v["type"].text();
        if (v.is_string()) {
            if (word != "auto" && word != "none" && word != "required")
                return wrong_value("tool_choice", word, "'none', 'auto', and 'required'");
            if (word == "required" && !given(root_["tools"]))
                return refuse("Tool choice 'required' must be specified with 'tools' parameter.", "tool_choice", "");
            ask_.tool_choice = word == "none"       ? ToolChoice::none
                               : word == "required" ? ToolChoice::required
                                                    : ToolChoice::automatic;
            return {};
        }
        if (!v.is_object()) return wrong_type("tool_choice", "one of a string or an object", v);
        if (v["function"])
            return refuse("Unknown parameter: 'tool_choice.function'.", "tool_choice.function", "unknown_parameter");
        if (type == "allowed_tools") {
            if (v["mode"].text() == "required") ask_.tool_choice = ToolChoice::required;
            return {};
        }
        if (type != "function" && type != "custom") return {};
        for (const ToolDef& t : ask_.tools)
            if (t.name == v["name"].text()) {
                ask_.tool_choice = ToolChoice::named;
                ask_.chosen_tool = t.name;
                return {};
            }
        return refuse(fmt::format("Tool choice '{}' not found in 'tools' parameter.", v["name"].text()), "tool_choice",
                      "");
    }

    Checked text() {
        const JsonRef format = root_["text"]["format"];
        if (!given(format)) return {};
        const std::string_view type = format["type"].text();
        if (type == "text") return {};
        if (type == "json_object") {
            ask_.format = Format::json_object;
            return {};
        }
        if (type != "json_schema")
            return wrong_value("text.format.type", type, "'json_object', 'json_schema', and 'text'");
        if (!format["name"].is_string()) return missing("text.format.name");
        if (!format["schema"].is_object()) return missing("text.format.schema");
        if (format["strict"].boolean())
            if (auto fault = strict_fault(format["schema"], "()"); !fault.empty())
                return refuse(fmt::format("Invalid schema for response_format '{}': {}", format["name"].text(), fault),
                              "text.format.schema", "invalid_json_schema");
        ask_.format = Format::json_schema;
        ask_.schema = format["schema"];
        meter_.text(ask_.schema.raw());
        return {};
    }

    /// The simulator stores nothing.
    Checked state() {
        const JsonRef previous = root_["previous_response_id"];
        if (!given(previous)) return {};
        return refuse(fmt::format("Previous response with id '{}' not found.", previous.text()), "previous_response_id",
                      "previous_response_not_found");
    }

    Checked input() {
        const JsonRef instructions = root_["instructions"], input = root_["input"];
        if (given(instructions)) {
            if (!instructions.is_string()) return wrong_type("instructions", "a string", instructions);
            meter_.text(instructions.text());
            meter_.end_message();
        }
        if (!given(input)) return missing("input");
        if (input.is_array()) return read_openai_items(input, ask_, meter_);
        if (!input.is_string()) return wrong_type("input", "one of a string or an array of input items", input);
        ask_.prompt = input.text();
        meter_.text(input.text());
        meter_.end_message();
        return {};
    }

    JsonRef root_;
    Ask& ask_;
    PromptMeter meter_;
};

}  // namespace

Checked read_openai_responses(JsonRef root, Ask& ask) {
    ResponsesReader reader(root, ask);
    return reader.read();
}

}  // namespace aig::sim
