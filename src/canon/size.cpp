#include "canon/size.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace aig::canon {
namespace {

constexpr size_t block_bytes = 64;

/// One block's classes. Counted with one comparison a class and byte and 8-bit sums, without a branch or a table: the
/// compiler makes a few vector instructions a block of it (a table costs a dozen instructions a byte).
struct Block {
    uint8_t letters = 0, words = 0, digits = 0, spaces = 0, ascii = 0, european = 0, wide = 0;
};
constexpr bool letter(uint8_t c) { return static_cast<uint8_t>((c | 0x20) - 'a') < 26; }

/// `text` begins with the byte before the block.
Block count_block(const char* text, size_t n) {
    Block b;
    for (size_t i = 0; i < n; ++i) {
        const auto c = static_cast<uint8_t>(text[i + 1]);
        const bool is_letter = letter(c);
        b.letters = static_cast<uint8_t>(b.letters + is_letter);
        b.words = static_cast<uint8_t>(b.words + (is_letter & !letter(static_cast<uint8_t>(text[i]))));
        b.digits = static_cast<uint8_t>(b.digits + (static_cast<uint8_t>(c - '0') < 10));
        b.spaces = static_cast<uint8_t>(b.spaces + ((c == ' ') | (static_cast<uint8_t>(c - 9) < 5)));
        b.ascii = static_cast<uint8_t>(b.ascii + (c < 0x80));
        // A character is counted at its first byte, so a cut inside one changes nothing.
        b.european = static_cast<uint8_t>(b.european + ((c >= 0xC0) & (c < 0xE0)));
        b.wide = static_cast<uint8_t>(b.wide + (c >= 0xE0));
    }
    return b;
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
    bytes += static_cast<int64_t>(utf8.size());
    while (!utf8.empty()) {
        // With the byte before it in front, and blanks behind, so that every block has its full length.
        char padded[1 + block_bytes];
        const size_t n = std::min(utf8.size(), block_bytes);
        padded[0] = in_word ? 'a' : '0';
        std::memcpy(padded + 1, utf8.data(), n);
        std::memset(padded + 1 + n, ' ', block_bytes - n);
        const Block b = count_block(padded, block_bytes);
        letters += b.letters;
        words += b.words;
        digits += b.digits;
        spaces += b.spaces - static_cast<int64_t>(block_bytes - n);
        marks += b.ascii - b.letters - b.digits - b.spaces;
        european += b.european;
        wide += b.wide;
        in_word = letter(static_cast<uint8_t>(utf8[n - 1]));
        utf8.remove_prefix(n);
    }
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
