#include "canon/size.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace aig::canon {
namespace {

constexpr size_t block_bytes = 64;

/// One block's classes, a bit a byte.
struct Block {
    uint64_t letters = 0, digits = 0, spaces = 0, beyond_ascii = 0;
    uint64_t european = 0, wide = 0;  // a character is counted at its first byte, so a cut inside one changes nothing
};
#if defined(__SSE2__)
__m128i within(__m128i v, uint8_t first, uint8_t count) {
    const __m128i from_zero = _mm_sub_epi8(v, _mm_set1_epi8(static_cast<char>(first)));
    return _mm_cmpeq_epi8(_mm_min_epu8(from_zero, _mm_set1_epi8(static_cast<char>(count - 1))), from_zero);
}
uint64_t bits(__m128i v, size_t at) { return static_cast<uint64_t>(static_cast<uint32_t>(_mm_movemask_epi8(v))) << at; }
Block classes(const char* text) {
    Block b;
    for (size_t at = 0; at < block_bytes; at += 16) {
        const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text + at));
        b.letters |= bits(within(_mm_or_si128(v, _mm_set1_epi8(0x20)), 'a', 26), at);
        b.digits |= bits(within(v, '0', 10), at);
        b.spaces |= bits(_mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8(' ')), within(v, 9, 5)), at);
        const uint64_t beyond = bits(v, at);
        b.beyond_ascii |= beyond;
        if (!beyond) continue;
        b.european |= bits(within(v, 0xC0, 32), at);
        b.wide |= bits(within(v, 0xE0, 32), at);
    }
    return b;
}

// The same, 32 bytes at a time, where the processor can.
#define AIG_AVX2 [[gnu::target("avx2")]]
AIG_AVX2 __m256i within(__m256i v, uint8_t first, uint8_t count) {
    const __m256i from_zero = _mm256_sub_epi8(v, _mm256_set1_epi8(static_cast<char>(first)));
    return _mm256_cmpeq_epi8(_mm256_min_epu8(from_zero, _mm256_set1_epi8(static_cast<char>(count - 1))), from_zero);
}
AIG_AVX2 uint64_t bits(__m256i v, size_t at) {
    return static_cast<uint64_t>(static_cast<uint32_t>(_mm256_movemask_epi8(v))) << at;
}
AIG_AVX2 Block classes_avx2(const char* text) {
    Block b;
    for (size_t at = 0; at < block_bytes; at += 32) {
        const __m256i v = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(text + at));
        b.letters |= bits(within(_mm256_or_si256(v, _mm256_set1_epi8(0x20)), 'a', 26), at);
        b.digits |= bits(within(v, '0', 10), at);
        b.spaces |= bits(_mm256_or_si256(_mm256_cmpeq_epi8(v, _mm256_set1_epi8(' ')), within(v, 9, 5)), at);
        const uint64_t beyond = bits(v, at);
        b.beyond_ascii |= beyond;
        if (!beyond) continue;
        b.european |= bits(within(v, 0xC0, 32), at);
        b.wide |= bits(within(v, 0xE0, 32), at);
    }
    return b;
}
#undef AIG_AVX2
const bool has_avx2 = __builtin_cpu_supports("avx2");
Block classes_of(const char* text) { return has_avx2 ? classes_avx2(text) : classes(text); }
#else
Block classes_of(const char* text) {
    Block b;
    for (size_t i = 0; i < block_bytes; ++i) {
        const auto c = static_cast<uint8_t>(text[i]);
        const auto put = [i](uint64_t& into, bool is) { into |= static_cast<uint64_t>(is) << i; };
        put(b.letters, static_cast<uint8_t>((c | 0x20) - 'a') < 26);
        put(b.digits, static_cast<uint8_t>(c - '0') < 10);
        put(b.spaces, c == ' ' || static_cast<uint8_t>(c - 9) < 5);
        put(b.beyond_ascii, c >= 0x80);
        put(b.european, c >= 0xC0 && c < 0xE0);
        put(b.wide, c >= 0xE0);
    }
    return b;
}
#endif

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

/// The first n bytes of a block; those behind are NULs, which are marks.
void add_block(TextSize& s, const char* text, size_t n) {
    const Block b = classes_of(text);
    const auto count = [](uint64_t mask) { return static_cast<int64_t>(std::popcount(mask)); };
    const int64_t letters = count(b.letters), digits = count(b.digits), spaces = count(b.spaces);
    s.letters += letters;
    s.words += count(b.letters & ~(b.letters << 1 | static_cast<uint64_t>(s.in_word)));
    s.digits += digits;
    s.spaces += spaces;
    s.marks += static_cast<int64_t>(n) - count(b.beyond_ascii) - letters - digits - spaces;
    s.european += count(b.european);
    s.wide += count(b.wide);
    s.in_word = b.letters >> (n - 1) & 1;
}

}  // namespace

void TextSize::add(std::string_view utf8) {
    bytes += static_cast<int64_t>(utf8.size());
    for (; utf8.size() >= block_bytes; utf8.remove_prefix(block_bytes)) add_block(*this, utf8.data(), block_bytes);
    if (utf8.empty()) return;
    char padded[block_bytes] = {};
    std::memcpy(padded, utf8.data(), utf8.size());
    add_block(*this, padded, utf8.size());
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
