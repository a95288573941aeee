#include <algorithm>

#include "canon/openai/shape.h"

namespace aig::canon::openai {
namespace {

constexpr int64_t most = 1'000'000'000;

/// A believable count, or nothing.
std::optional<int64_t> count(JsonRef v) {
    const auto n = v.integer();
    return n && *n >= 0 && *n <= most ? n : std::nullopt;
}
int64_t detail(JsonRef v) { return count(v).value_or(0); }

/// The members that every server's report has; `others` are one server's own.
constexpr std::string_view common[] = {"prompt_tokens", "completion_tokens", "total_tokens", "prompt_tokens_details",
                                       "completion_tokens_details"};
enum : size_t { prompt_tokens, completion_tokens, total_tokens, prompt_details, completion_details };
using Report = JsonRef::Picked<std::size(common)>;

/// Cached prompt tokens, wherever a server says them.
int64_t cached_tokens(JsonRef u, const Report& said) {
    if (const auto n = count(said[prompt_details]["cached_tokens"])) return *n;
    if (!said.others) return 0;
    if (const auto n = count(u["prompt_cache_hit_tokens"])) return *n;  // DeepSeek, "Context Caching", 2024-08
    if (const auto n = count(u["cached_tokens"])) return *n;            // Moonshot, "Chat API", 2025
    if (const auto n = count(u["num_cached_tokens"])) return *n;        // Mistral, 2025
    return detail(u["cache_read_input_tokens"]);                        // Claude behind Databricks
}

int64_t cache_write_tokens(JsonRef u, const Report& said) {
    if (const auto n = count(said[prompt_details]["cache_write_tokens"])) return *n;
    return !said.others ? 0 : detail(u["cache_creation_input_tokens"]);
}
}  // namespace

std::optional<Usage> usage_of(JsonRef u) {
    if (!u.is_object()) return {};
    const Report said = u.pick(common);
    const auto prompt = count(said[prompt_tokens]);
    const auto completion =
        said[completion_tokens].is_null() ? std::optional<int64_t>(0) : count(said[completion_tokens]);
    if (!prompt || !completion) return {};

    Usage usage;
    const int64_t cached = std::min(cached_tokens(u, said), *prompt);
    const int64_t written = std::min(cache_write_tokens(u, said), *prompt - cached);
    usage[Component::cached_input] = cached;
    usage[Component::cache_write] = written;
    usage[Component::input] = *prompt - cached - written;

    int64_t reasoning = detail(said[completion_details]["reasoning_tokens"]);
    if (!reasoning && said.others) reasoning = detail(u["reasoning_tokens"]);
    // Reasoning is part of completion_tokens, except where the total tells otherwise: xAI counts it beside
    // ("Reasoning", 2025), Gemini's OpenAI endpoint does not itemise it at all.
    const int64_t beside = detail(said[total_tokens]) - *prompt - *completion;
    if (beside > 0 && (reasoning == beside || (!reasoning && !detail(said[prompt_details]["audio_tokens"])))) {
        usage[Component::output] = *completion;
        usage[Component::reasoning] = beside;
    } else {
        usage[Component::reasoning] = std::min(reasoning, *completion);
        usage[Component::output] = *completion - usage[Component::reasoning];
    }
    return usage.sane() ? std::optional<Usage>(usage) : std::nullopt;
}

StopReason stop_of(std::string_view word) {
    if (word.empty()) return StopReason::none;
    if (word == "stop" || word == "eos_token" || word == "eos" || word == "end_turn") return StopReason::end;
    if (word == "stop_sequence") return StopReason::stop_sequence;
    if (word == "length" || word == "max_tokens" || word == "model_length") return StopReason::length;
    if (word == "tool_calls" || word == "tool_call" || word == "function_call") return StopReason::tool_calls;
    if (word == "content_filter") return StopReason::content_filter;
    if (word == "refusal") return StopReason::refusal;
    return StopReason::other;
}

std::string_view finish_reason(StopReason stop) {
    switch (stop) {
        case StopReason::length:
        case StopReason::context_full:
            return "length";
        case StopReason::tool_calls:
            return "tool_calls";
        case StopReason::refusal:
        case StopReason::content_filter:
            return "content_filter";
        default:
            return "stop";
    }
}

}  // namespace aig::canon::openai
