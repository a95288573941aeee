#include <array>

#include "canon/anthropic/shape.h"

namespace aig::canon::anthropic {
namespace {

struct StopWord {
    std::string_view word;
    StopReason reason;
};
constexpr std::array<StopWord, 7> stop_words{{
    {"end_turn", StopReason::end},
    {"stop_sequence", StopReason::stop_sequence},
    {"max_tokens", StopReason::length},
    {"model_context_window_exceeded", StopReason::context_full},
    {"tool_use", StopReason::tool_calls},
    {"refusal", StopReason::refusal},
    {"pause_turn", StopReason::pause},
}};
}  // namespace

StopReason stop_of(std::string_view word) {
    for (const StopWord& s : stop_words)
        if (s.word == word) return s.reason;
    return word.empty() ? StopReason::none : StopReason::other;
}

std::string_view stop_word(StopReason stop) {
    if (stop == StopReason::content_filter) return "refusal";
    for (const StopWord& s : stop_words)
        if (s.reason == stop) return s.word;
    return "end_turn";
}

}  // namespace aig::canon::anthropic
