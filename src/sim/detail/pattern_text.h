// A short text that matches a simple regular expression: literals, classes, \d \w \s, groups with alternatives, and the
// quantifiers ? * + {n} {n,} {n,m}. "" for a pattern with anything else in it. Pure, bounded.
#pragma once

#include <string>
#include <string_view>

namespace aig::sim {

std::string pattern_text(std::string_view pattern);

}  // namespace aig::sim
