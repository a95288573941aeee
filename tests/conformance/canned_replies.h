// One small answer in each wire's own form, whole and streamed: the text "hi", a call get({"a":1}), the stop that goes
// with it, 12 tokens in and 34 out.
#pragma once

#include <string>
#include <string_view>

namespace aig::conformance {

struct Canned {
    std::string whole, stream;
};
/// Null for a wire that has none here.
const Canned* replies_of(std::string_view wire);

/// text | call | stop (tool_calls) | usage
constexpr std::string_view says = R"(hi|get{"a":1}|5|12/34)";

}  // namespace aig::conformance
