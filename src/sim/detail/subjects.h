// What a prompt is about, by a few plain rules of English: enough for a simulated model to call the right tool with
// believable arguments. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/detail/ask.h"

namespace aig::sim {

/// "hi", "say hello" and the like.
bool is_greeting(std::string_view prompt);
/// N of "count to N" or "N words"; 0 when the prompt asks for neither.
int64_t wanted_words(std::string_view prompt);
/// Names in the prompt ("Paris" and "New York" of "the weather in Paris and New York"), at most eight, without repeats.
std::vector<std::string> prompt_subjects(std::string_view prompt);
/// The tools the model calls now, by tool_choice and by what the prompt mentions; none after tool results unless
/// forced.
std::vector<const ToolDef*> tools_to_call(const Ask& ask);

/// A call that the prompt spells out: a tool's name and right behind it an object, `Read {"file_path":"/tmp/a"}`. It is
/// made exactly so, once, in the order of the prompt; for programs that act on what a model calls.
struct SpelledCall {
    const ToolDef* tool;
    std::string arguments;
};
std::vector<SpelledCall> spelled_calls(const Ask& ask);

}  // namespace aig::sim
