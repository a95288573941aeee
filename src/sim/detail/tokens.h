// The simulated provider's own tokenizer: a token is the white space before a word and at most eight bytes of it, never
// a part of a UTF-8 character. English text comes out near four bytes a token. Streamed and whole answers are cut into
// the same tokens, so their usage is equal by construction. Pure.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace aig::sim {

/// Where the token that begins at `at` ends; text.size() when `at` is already there.
size_t token_end(std::string_view text, size_t at);
std::vector<std::string_view> split_tokens(std::string_view text);
int64_t count_tokens(std::string_view text);
/// The first `limit` tokens of the text.
std::string_view first_tokens(std::string_view text, int64_t limit);

}  // namespace aig::sim
