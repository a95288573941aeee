// How large an input or output is, counted while it passes, and what that means in tokens. Token counts of ours are
// estimates (fitted on reported usage of recorded exchanges; docs/reference/token-estimator.md has the error table):
// holds use the safe bound, disconnects and TPM the estimate.
#pragma once

#include <cstdint>
#include <string_view>

namespace aig::canon {

/// Bytes of text by script class. Cheap to add to, and cuts do not matter: a text added in pieces counts like the
/// whole.
struct TextSize {
    int64_t letters = 0;   ///< bytes of ASCII letters
    int64_t words = 0;     ///< runs of ASCII letters
    int64_t digits = 0;    ///< bytes
    int64_t spaces = 0;    ///< bytes of white space
    int64_t marks = 0;     ///< bytes of other ASCII
    int64_t european = 0;  ///< characters U+0080..U+07FF (Latin supplements, Greek, Cyrillic, Hebrew, Arabic)
    int64_t wide = 0;      ///< characters U+0800 and up (CJK, Indic, emoji)
    int64_t bytes = 0;     ///< all bytes
    bool in_word = false;  ///< the last byte was a letter: the next piece may go on with the same word
    void add(std::string_view utf8);
    TextSize& operator+=(const TextSize&);
};

struct InputSize {
    TextSize text;  ///< all text a model reads: messages, system, tool names, descriptions, schemas, arguments
    int64_t messages = 0, tools = 0;
    int64_t images = 0, audio_bytes = 0, file_bytes = 0;  ///< bytes of the decoded data, not of its base64
    int64_t tokens_given = 0;                             ///< token arrays of embeddings: exact
};

enum class Tokenizer : uint8_t { openai, claude, gemini, llama, other };
Tokenizer tokenizer_named(std::string_view name);

constexpr int64_t call_preamble_bound =
    96;  ///< Llama 3.3 begins every prompt with 36 tokens of its own, gpt-oss with 65
constexpr int64_t tools_preamble_bound = 1024;  ///< Claude adds up to about 700 tokens of its own when there are tools
constexpr int64_t image_bound = 8192;  ///< Claude at most 4,784; OpenAI's mini models can bill more, see the doc
constexpr int64_t audio_bytes_a_token = 160, audio_bytes_a_token_bound = 16;
constexpr int64_t file_bytes_a_token = 30, file_bytes_a_token_bound = 1;
constexpr int64_t hold_slack = 64;

/// Best guess.
int64_t estimate_tokens(const TextSize&, Tokenizer);
int64_t estimate_tokens(const InputSize&, Tokenizer);
/// A bound that byte-level tokenizers do not exceed: bytes, plus 16 a message and tool, plus the preambles that prompt
/// templates add to a call and to tools, plus maxima for images, audio and files. Providers with a hidden system prompt
/// (Grok) do exceed it.
int64_t bound_tokens(const InputSize&);
/// What a hold takes for the input: estimate x 1.25 + slack, never more than the bound.
int64_t hold_tokens(const InputSize&, Tokenizer);

}  // namespace aig::canon
