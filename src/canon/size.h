// How large an input or output is, counted while it passes, and what that means in tokens. Token counts of ours are estimates
// (fitted on reported usage of recorded exchanges; docs/reference/token-estimator.md has the error table): holds use the safe
// bound, disconnects and TPM the estimate.
#pragma once

#include <cstdint>
#include <string_view>

namespace aig::canon {

/// Bytes of text by script class, and the things that cost tokens without being text. Cheap to add to.
struct TextSize {
    int64_t letters = 0;        ///< bytes of ASCII letters
    int64_t words = 0;          ///< runs of ASCII letters
    int64_t digits = 0;         ///< bytes
    int64_t spaces = 0;         ///< bytes of white space
    int64_t marks = 0;          ///< bytes of other ASCII
    int64_t european = 0;       ///< characters U+0080..U+07FF (Latin supplements, Greek, Cyrillic, Hebrew, Arabic)
    int64_t wide = 0;           ///< characters U+0800 and up (CJK, Indic, emoji)
    int64_t bytes = 0;          ///< all bytes
    void add(std::string_view utf8);
    TextSize& operator+=(const TextSize&);
};

struct InputSize {
    TextSize text;              ///< all text a model reads: messages, system, tool names, descriptions, schemas, arguments
    int64_t messages = 0, tools = 0;
    int64_t images = 0, audio_bytes = 0, file_bytes = 0;
    int64_t tokens_given = 0;   ///< token arrays of embeddings: exact
};

enum class Tokenizer : uint8_t { openai, claude, gemini, llama, other };
Tokenizer tokenizer_named(std::string_view name);

/// Best guess.
int64_t estimate_tokens(const TextSize&, Tokenizer);
int64_t estimate_tokens(const InputSize&, Tokenizer);
/// A bound that is not exceeded by byte-level tokenizers: bytes, plus 16 a message and tool, plus maxima for images and audio.
int64_t bound_tokens(const InputSize&);
/// What a hold takes for the input: estimate x 1.25 + slack, never more than the bound.
int64_t hold_tokens(const InputSize&, Tokenizer);

}  // namespace aig::canon
