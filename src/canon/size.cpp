#include "canon/size.h"

#include <algorithm>
#include <array>

namespace aig::canon {
namespace {

// One 64-bit word holds eight counters of 8 bits; each byte of text adds one table row, so a block of up to 255 bytes
// needs no store in its loop (a counter array costs a store-to-load round trip per byte).
enum Lane : unsigned {
    lane_letter,
    lane_digit,
    lane_space,
    lane_mark,
    lane_european,
    lane_wide,
    lane_inner,
    lane_word
};
constexpr uint64_t one_in(unsigned lane) { return uint64_t{1} << (8 * lane); }
constexpr size_t block_bytes = 255;

constexpr unsigned lane_of(unsigned b) {
    if ((b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z')) return lane_letter;
    if (b >= '0' && b <= '9') return lane_digit;
    if (b == ' ' || (b >= 9 && b <= 13)) return lane_space;
    if (b < 0x80) return lane_mark;
    // A character is counted at its first byte, so a cut inside one changes nothing.
    if (b >= 0xE0) return lane_wide;
    return b >= 0xC0 ? lane_european : lane_inner;
}
constexpr auto rows = [] {
    std::array<uint64_t, 256> t{};
    for (unsigned b = 0; b < 256; ++b) t[b] = one_in(lane_of(b));
    return t;
}();
constexpr int64_t lane(uint64_t counters, unsigned which) {
    return static_cast<int64_t>((counters >> (8 * which)) & 0xFF);
}

/// What one unit of each class costs, in 1/1000 token. Text and per-call columns: tools/fit_tokens.py on the recorded
/// usage of 2,200 requests and outputs, 2026-11-21 (non-negative robust least squares on the relative error). Images:
/// the providers' own figures for a picture of about one megapixel.
struct Weights {
    std::string_view name;
    int64_t letter, word, digit, space, mark, european, wide;  // text
    int64_t call, message, tool, tools;                        // tools: once, when there are any
    int64_t image;
};
// clang-format off
constexpr std::array<Weights, 5> weights{{
    {"openai", 30, 917, 1296, 120, 219, 524,  852,  1708, 5260,     0,  11905,   765'000},
    {"claude", 30, 854, 1401, 120, 968, 481, 1026,  3793, 3676, 17954, 471266, 1'300'000},
    {"gemini", 30, 898, 1439, 120, 499, 545,  850,   384,  315,     0,      0,   258'000},
    {"llama",  37, 825,  949,  75, 926, 498,  853, 28041, 5766,  7155,      0, 1'600'000},
    {"other",  30, 868,  691, 120, 556, 244, 1040,   865, 5647, 37216,      0, 1'300'000},
}};
// clang-format on
const Weights& weights_of(Tokenizer t) { return weights[std::min(static_cast<size_t>(t), weights.size() - 1)]; }

int64_t text_milli(const TextSize& s, const Weights& w) {
    return s.letters * w.letter + s.words * w.word + s.digits * w.digit + s.spaces * w.space + s.marks * w.mark +
           s.european * w.european + s.wide * w.wide;
}
constexpr int64_t rounded(int64_t milli) { return (milli + 500) / 1000; }

}  // namespace

void TextSize::add(std::string_view utf8) {
    uint64_t before = in_word ? 1 : 0;
    bytes += static_cast<int64_t>(utf8.size());
    while (!utf8.empty()) {
        const std::string_view block = utf8.substr(0, block_bytes);
        utf8.remove_prefix(block.size());
        uint64_t counters = 0;
        for (const char c : block) {
            const uint64_t row = rows[static_cast<unsigned char>(c)];
            counters += row + ((row & ~before & 1) << (8 * lane_word));
            before = row & 1;
        }
        letters += lane(counters, lane_letter);
        words += lane(counters, lane_word);
        digits += lane(counters, lane_digit);
        spaces += lane(counters, lane_space);
        marks += lane(counters, lane_mark);
        european += lane(counters, lane_european);
        wide += lane(counters, lane_wide);
    }
    in_word = before != 0;
}

TextSize& TextSize::operator+=(const TextSize& o) {
    letters += o.letters;
    words += o.words;
    digits += o.digits;
    spaces += o.spaces;
    marks += o.marks;
    european += o.european;
    wide += o.wide;
    bytes += o.bytes;
    in_word = false;
    return *this;
}

Tokenizer tokenizer_named(std::string_view name) {
    for (size_t i = 0; i < weights.size(); ++i)
        if (weights[i].name == name) return static_cast<Tokenizer>(i);
    return Tokenizer::other;
}

int64_t estimate_tokens(const TextSize& size, Tokenizer tokenizer) {
    const int64_t tokens = rounded(text_milli(size, weights_of(tokenizer)));
    return std::clamp<int64_t>(tokens, size.bytes > 0 ? 1 : 0, size.bytes);
}

int64_t estimate_tokens(const InputSize& in, Tokenizer tokenizer) {
    const Weights& w = weights_of(tokenizer);
    int64_t milli = text_milli(in.text, w) + in.messages * w.message + in.tools * w.tool + in.images * w.image;
    if (in.messages > 0) milli += w.call;
    if (in.tools > 0) milli += w.tools;
    return rounded(milli) + in.audio_bytes / audio_bytes_a_token + in.file_bytes / file_bytes_a_token + in.tokens_given;
}

int64_t bound_tokens(const InputSize& in) {
    const int64_t preambles = (in.messages > 0 ? call_preamble_bound : 0) + (in.tools > 0 ? tools_preamble_bound : 0);
    return in.text.bytes + 16 * (in.messages + in.tools) + preambles + in.images * image_bound +
           in.audio_bytes / audio_bytes_a_token_bound + in.file_bytes / file_bytes_a_token_bound + in.tokens_given;
}

int64_t hold_tokens(const InputSize& in, Tokenizer tokenizer) {
    const int64_t estimate = estimate_tokens(in, tokenizer);
    return std::min(estimate + estimate / 4 + hold_slack, bound_tokens(in));
}

}  // namespace aig::canon
