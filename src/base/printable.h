// Text from elsewhere on its way to a terminal or a plain-text line: what would move a cursor, start an escape
// sequence, break a line or turn the direction of writing becomes '?'.
#pragma once

#include <string>
#include <string_view>

namespace aig {
std::string printable(std::string_view text);
}  // namespace aig
