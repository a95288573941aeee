// "Did you mean": the known word nearest to a mistyped one, for error messages of settings, models and commands. Pure;
// cost is bounded (words beyond 64 characters are not compared), because callers choose the word.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace aig {

/// Insertions, deletions, replacements and swaps of neighbours, ASCII case ignored; `limit` + 1 when it is more than
/// that.
size_t edit_distance(std::string_view a, std::string_view b, size_t limit);

/// The nearest of `known`, or "" when none is near (within 2 edits, or a third of the word's length).
std::string_view nearest(std::string_view word, std::span<const std::string_view> known);

/// "; did you mean 'x'?" or "".
std::string did_you_mean(std::string_view word, std::span<const std::string_view> known);

}  // namespace aig
