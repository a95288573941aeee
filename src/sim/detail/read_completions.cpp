// Reads POST /v1/completions and refuses what api.openai.com refuses, in its words (recorded 2023-2026).
#include <fmt/format.h>

#include "sim/detail/openai_checks.h"

namespace aig::sim {

namespace {

using namespace openai;

class CompletionReader {
  public:
    CompletionReader(JsonRef root, Ask& ask) : root_(root), ask_(ask), meter_(ask) {}

    Checked read() {
        if (!root_.is_object()) return refuse("Invalid body: expected a JSON object.", "", "");
        if (!root_["model"].is_string() || root_["model"].text().empty())
            return refuse("you must provide a model parameter", "", "");
        ask_.model = root_["model"].text();
        if (auto r = chat_model()) return r;
        for (const std::string_view name :
             {"messages", "input", "tools", "tool_choice", "response_format", "max_completion_tokens", "system"})
            if (root_[name]) return refuse(fmt::format("Unrecognized request argument supplied: {}", name), "", "");
        for (auto step : {&CompletionReader::settings, &CompletionReader::stops, &CompletionReader::prompt})
            if (auto r = (this->*step)()) return r;
        return {};
    }

  private:
    Checked chat_model() const {
        if (!ask_.model.starts_with("gpt-4") && !ask_.model.starts_with("gpt-5")) return {};
        return Refusal{404, "invalid_request_error",
                       "This is a chat model and not supported in the v1/completions endpoint. Did you mean to use "
                       "v1/chat/completions?",
                       "model", ""};
    }

    Checked settings() {
        if (auto r = boolean(root_, "stream", ask_.stream)) return r;
        const JsonRef options = root_["stream_options"];
        if (given(options)) {
            if (!ask_.stream)
                return refuse("The 'stream_options' parameter is only allowed when 'stream' is enabled.",
                              "stream_options", "");
            if (auto r = boolean(options, "include_usage", ask_.include_usage)) return r;
        }
        std::optional<int64_t> n, best, logprobs;
        if (auto r = bounded_integer(root_, "n", 1, 128, n)) return r;
        if (auto r = bounded_integer(root_, "best_of", 1, 20, best)) return r;
        if (auto r = bounded_integer(root_, "logprobs", 0, 5, logprobs)) return r;
        if (auto r = bounded_integer(root_, "max_tokens", 0, 10'000'000, ask_.max_tokens)) return r;
        ask_.n = n.value_or(1);
        ask_.best_of = best.value_or(ask_.n);
        if (ask_.best_of < ask_.n)
            return refuse(
                "You requested that the server return more choices than it will generate (HINT: you must set "
                "'n' <= 'best_of').",
                "best_of", "");
        if (!ask_.max_tokens) ask_.max_tokens = 16;
        ask_.logprobs = logprobs.has_value();
        ask_.top_logprobs = logprobs.value_or(0);
        if (auto r = boolean(root_, "echo", ask_.echo)) return r;
        if (auto r = bounded_number(root_, "temperature", 0, 2)) return r;
        return bounded_number(root_, "top_p", 0, 1);
    }

    Checked stops() {
        const JsonRef v = root_["stop"];
        if (v.is_string()) ask_.stops.push_back(v.text());
        if (v.is_array() && v.size() > 4)
            return refuse("Invalid 'stop': array too long. Expected an array with maximum length 4.", "stop",
                          "array_above_max_length");
        if (v.is_array())
            for (JsonRef s : v) ask_.stops.push_back(s.text());
        return {};
    }

    Checked prompt() {
        const JsonRef v = root_["prompt"];
        if (!given(v)) return missing("prompt");
        if (auto r = one(v)) {
            if (!v.is_array() || !v.size()) return r;
            ask_.prompts.clear();
            for (JsonRef item : v)
                if (auto fault = one(item)) return fault;
        }
        return {};
    }

    /// A text, or an array of token numbers, whose words the simulator makes up.
    Checked one(JsonRef v) {
        if (v.is_string()) {
            ask_.prompts.emplace_back(v.text());
            meter_.text(v.text());
            return {};
        }
        const auto wrong = refuse(
            "Invalid type for 'prompt': expected one of a string, array of strings, array of "
            "integers, or array of integer arrays.",
            "prompt", "invalid_type");
        if (!v.is_array() || !v.size()) return wrong;
        for (JsonRef token : v)
            if (!token.integer()) return wrong;
        ask_.prompts.push_back(fmt::format("{} tokens", v.size()));
        meter_.tokens(static_cast<int64_t>(v.size()));
        return {};
    }

    JsonRef root_;
    Ask& ask_;
    PromptMeter meter_;
};

}  // namespace

Checked read_openai_completions(JsonRef root, Ask& ask) {
    CompletionReader reader(root, ask);
    return reader.read();
}

}  // namespace aig::sim
