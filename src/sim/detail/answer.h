// What the simulated model says: decided from the Ask alone, so the same request always gets the same words, streamed
// or not. The wires write an Answer; faults bend its quirks. Pure.
#pragma once

#include <string>
#include <vector>

#include "sim/detail/ask.h"

namespace aig::sim {

enum class Finish : uint8_t { stop, stop_sequence, length, tool_calls, refused };

/// What one image costs in output tokens.
constexpr int64_t image_tokens = 1'290;

struct ToolCall {
    std::string id, name, arguments;
    bool custom = false;  ///< arguments are free text
};

/// One choice of an answer.
struct Turn {
    std::string reasoning, text;
    std::vector<ToolCall> calls;
    Finish finish = Finish::stop;
    std::string stop_sequence;
    int64_t tokens = 0, reasoning_tokens = 0;
    bool image = false;  ///< one image belongs to it
};

struct Usage {
    int64_t input = 0;        ///< the whole prompt, cached tokens included
    int64_t cached = 0;       ///< read from the cache
    int64_t cache_write = 0;  ///< written to the cache (Anthropic)
    bool one_hour = false;    ///< the cache write has the one-hour price
    int64_t output = 0, reasoning = 0;
};

/// How an answer is written when a fault wants it written badly.
struct Quirks {
    bool no_usage = false, usage_twice = false, null_finish = false, finish_with_content = false,
         split_arguments = false;
    std::string usage_number;  ///< raw JSON in place of both token counts
};

struct Answer {
    std::string id;
    int64_t created = 0;
    std::vector<Turn> turns;
    Usage usage;
    Quirks quirks;
};

/// `salt` makes ids unique; it does not change the words.
Answer make_answer(const Ask& ask, uint64_t salt);

/// "call_…" or "toolu_…", "chatcmpl-…" or "msg_…".
std::string vendor_id(std::string_view prefix, size_t digits, uint64_t seed);

}  // namespace aig::sim
