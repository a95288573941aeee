#include "canon/openai_responses/shape.h"

#include <algorithm>

#include "canon/openai/shape.h"

namespace aig::canon::openai_responses {
namespace {

constexpr int64_t most = 1'000'000'000;

/// A believable count, or nothing.
std::optional<int64_t> count(JsonRef v) {
    const auto n = v.integer();
    return n && *n >= 0 && *n <= most ? n : std::nullopt;
}
int64_t detail(JsonRef v) { return count(v).value_or(0); }

bool calls_the_client(JsonRef output) {
    for (const JsonRef item : output)
        if (is_client_call(item["type"].text())) return true;
    return false;
}

StopReason incomplete_stop(std::string_view reason) {
    return reason == "content_filter" ? StopReason::content_filter : StopReason::length;
}
}  // namespace

std::optional<Usage> usage_of(JsonRef u) {
    if (!u.is_object()) return {};
    const auto input = count(u["input_tokens"]), output = count(u["output_tokens"]);
    if (!input || !output) return {};
    Usage usage;
    const int64_t cached = std::min(detail(u["input_tokens_details"]["cached_tokens"]), *input);
    const int64_t written = std::min(detail(u["input_tokens_details"]["cache_write_tokens"]), *input - cached);
    usage[Component::cached_input] = cached;
    usage[Component::cache_write] = written;
    usage[Component::input] = *input - cached - written;
    // Reasoning lies within output_tokens: so in every recorded reply of OpenAI, Azure, xAI, DeepSeek and OpenRouter.
    usage[Component::reasoning] = std::min(detail(u["output_tokens_details"]["reasoning_tokens"]), *output);
    usage[Component::output] = *output - usage[Component::reasoning];
    return usage.sane() ? std::optional<Usage>(usage) : std::nullopt;
}

bool is_client_call(std::string_view type) {
    return type == "function_call" || type == "custom_tool_call" || type == "local_shell_call" ||
           type == "computer_call" || type == "apply_patch_call" || type == "mcp_approval_request";
}

StopReason stop_of(JsonRef response) {
    const auto status = response["status"].text();
    if (status == "queued" || status == "in_progress" || status.empty()) return StopReason::none;
    if (status == "incomplete") return incomplete_stop(response["incomplete_details"]["reason"].text());
    // Ollama's gateways and others write "complete".
    if (status != "completed" && status != "complete") return StopReason::other;
    return calls_the_client(response["output"]) ? StopReason::tool_calls : StopReason::end;
}

EndWords end_words(StopReason stop) {
    switch (stop) {
        case StopReason::length:
        case StopReason::context_full:
            return {"incomplete", "max_output_tokens"};
        case StopReason::content_filter:
            return {"incomplete", "content_filter"};
        default:
            return {"completed", ""};
    }
}

Error error_of(int status, std::string_view body) { return openai::error_of(status, body); }

Error in_band_error(JsonRef value) { return openai::in_band_error(value); }

bool is_failed(JsonRef response) {
    if (response["status"].text() == "failed") return true;
    const JsonRef error = response["error"];
    return (error.is_object() || error.is_string()) || response["object"].text() == "error" ||
           response["type"].text() == "error";
}

}  // namespace aig::canon::openai_responses
