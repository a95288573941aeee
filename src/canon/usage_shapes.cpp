#include "canon/usage_shapes.h"

#include <algorithm>

namespace aig::canon {
namespace {
constexpr int64_t most = 1'000'000'000;

/// Reads counts; one that is there but not believable spoils the whole.
class Counts {
  public:
    int64_t operator()(JsonRef v) {
        if (!v || v.is_null()) return 0;
        const auto n = v.integer();
        if (n && *n >= 0 && *n <= most) return *n;
        good_ = false;
        return 0;
    }
    std::optional<Usage> done(const Usage& u) const {
        return good_ && u.sane() ? std::optional<Usage>(u) : std::nullopt;
    }

  private:
    bool good_ = true;
};

void inclusive_input(Usage& u, int64_t total, int64_t cached, int64_t written) {
    u[Component::cached_input] = std::min(cached, total);
    u[Component::cache_write] = std::min(written, total - u[Component::cached_input]);
    u[Component::input] = total - u[Component::cached_input] - u[Component::cache_write];
}
void inclusive_output(Usage& u, int64_t total, int64_t reasoning) {
    u[Component::reasoning] = std::min(reasoning, total);
    u[Component::output] = total - u[Component::reasoning];
}
}  // namespace

std::optional<Usage> responses_usage(JsonRef usage) {
    if (!usage["input_tokens"]) return {};
    Counts count;
    Usage u;
    const auto details = usage["input_tokens_details"];
    inclusive_input(u, count(usage["input_tokens"]), count(details["cached_tokens"]),
                    count(details["cache_write_tokens"]));
    inclusive_output(u, count(usage["output_tokens"]), count(usage["output_tokens_details"]["reasoning_tokens"]));
    return count.done(u);
}

std::optional<Usage> gemini_usage(JsonRef metadata) {
    if (!metadata["promptTokenCount"]) return {};
    Counts count;
    Usage u;
    inclusive_input(u, count(metadata["promptTokenCount"]), count(metadata["cachedContentTokenCount"]), 0);
    u[Component::input] += count(metadata["toolUsePromptTokenCount"]);
    u[Component::output] = count(metadata["candidatesTokenCount"]);
    u[Component::reasoning] = count(metadata["thoughtsTokenCount"]);
    return count.done(u);
}

std::optional<Usage> bedrock_usage(JsonRef usage) {
    if (!usage["inputTokens"]) return {};
    Counts count;
    Usage u;
    u[Component::input] = count(usage["inputTokens"]);
    u[Component::cached_input] = count(usage["cacheReadInputTokens"]);
    const int64_t written = count(usage["cacheWriteInputTokens"]);
    int64_t hour = 0;
    for (const auto d : usage["cacheDetails"])
        if (d["ttl"].text() == "1h") hour += count(d["inputTokens"]);
    u[Component::cache_write_1h] = std::min(hour, written);
    u[Component::cache_write] = written - u[Component::cache_write_1h];
    u[Component::output] = count(usage["outputTokens"]);
    return count.done(u);
}

std::optional<Usage> cohere_usage(JsonRef usage) {
    const auto billed = usage["billed_units"].is_object() ? usage["billed_units"] : usage["tokens"];
    if (!billed["input_tokens"] && !billed["output_tokens"]) return {};
    Counts count;
    Usage u;
    u[Component::input] = count(billed["input_tokens"]);
    inclusive_output(u, count(billed["output_tokens"]), count(usage["tokens"]["reasoning_tokens"]));
    return count.done(u);
}

std::optional<Usage> ollama_usage(JsonRef reply) {
    if (!reply["eval_count"] && !reply["prompt_eval_count"]) return {};
    Counts count;
    Usage u;
    u[Component::input] = count(reply["prompt_eval_count"]);
    u[Component::output] = count(reply["eval_count"]);
    return count.done(u);
}

}  // namespace aig::canon
