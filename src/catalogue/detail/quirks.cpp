#include "catalogue/detail/quirks.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include <fmt/format.h>

#include "base/nearest.h"

namespace aig::catalogue {
namespace {

constexpr std::pair<std::string_view, bool canon::Quirks::*> quirk_names[] = {
    {"no_stream_options", &canon::Quirks::no_stream_options},
    {"max_completion_tokens", &canon::Quirks::max_completion_tokens},
    {"no_developer_role", &canon::Quirks::no_developer_role},
    {"no_parallel_tool_calls", &canon::Quirks::no_parallel_tool_calls},
    {"adaptive_thinking", &canon::Quirks::adaptive_thinking},
    {"no_sampling", &canon::Quirks::no_sampling},
    {"system_in_messages", &canon::Quirks::system_in_messages},
    {"reasoning_back", &canon::Quirks::reasoning_back},
    {"no_output_format", &canon::Quirks::no_output_format},
    {"completions", &canon::Quirks::completions},
    {"no_encrypted_reasoning", &canon::Quirks::no_encrypted_reasoning},
    {"thinking_level", &canon::Quirks::thinking_level},
    {"signed_calls", &canon::Quirks::signed_calls},
    {"openapi_schemas", &canon::Quirks::openapi_schemas},
};

std::vector<std::string_view> known_names() {
    std::vector<std::string_view> out;
    for (const auto& [name, flag] : quirk_names) out.push_back(name);
    return out;
}
}  // namespace

void set_quirks(canon::Quirks& quirks, const std::vector<std::string>& words, const std::string& where,
                Faults& faults) {
    for (const auto& word : words) {
        const auto at = std::find_if(std::begin(quirk_names), std::end(quirk_names),
                                     [&](const auto& q) { return q.first == word; });
        if (at != std::end(quirk_names))
            quirks.*(at->second) = true;
        else
            faults.add(where, fmt::format("there is no quirk '{}'{}", word, did_you_mean(word, known_names())));
    }
}

}  // namespace aig::catalogue
