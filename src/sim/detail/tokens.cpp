#include "sim/detail/tokens.h"

namespace aig::sim {

namespace {

constexpr size_t longest_token = 8;

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r'; }
bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

}  // namespace

size_t token_end(std::string_view text, size_t at) {
    const size_t bound = at + longest_token < text.size() ? at + longest_token : text.size();
    size_t end = at;
    while (end < bound && is_space(text[end])) ++end;
    while (end < bound && !is_space(text[end])) ++end;
    // Eight bytes hold at least one whole character of valid UTF-8; bytes that are not UTF-8 are cut anywhere.
    size_t whole = end;
    while (whole > at + 1 && whole < text.size() && is_continuation(text[whole])) --whole;
    return whole < text.size() && is_continuation(text[whole]) ? end : whole;
}

std::vector<std::string_view> split_tokens(std::string_view text) {
    std::vector<std::string_view> tokens;
    tokens.reserve(text.size() / 4 + 1);
    for (size_t at = 0; at < text.size();) {
        const size_t end = token_end(text, at);
        tokens.push_back(text.substr(at, end - at));
        at = end;
    }
    return tokens;
}

int64_t count_tokens(std::string_view text) {
    int64_t n = 0;
    for (size_t at = 0; at < text.size(); at = token_end(text, at)) ++n;
    return n;
}

std::string_view first_tokens(std::string_view text, int64_t limit) {
    size_t at = 0;
    for (; limit > 0 && at < text.size(); --limit) at = token_end(text, at);
    return text.substr(0, at);
}

}  // namespace aig::sim
