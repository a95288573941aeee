// The grammar of a Responses stream, from a client's point of view and by its own code: accepts a complete stream, or
// says what breaks the rules. Written against the recorded streams of real providers and OpenAI's specification.
#pragma once

#include <string>
#include <string_view>

namespace aig::dialect::testing {

struct ResponsesRules {
    /// Ours: sequence numbers in every event, `response.created` first, `output` byte for byte the items that were
    /// done, every key of the Open Responses schema. Recorded streams of others are a little less tidy.
    bool ours = true;
};

/// What a client has of the stream in the end.
struct ResponsesHeard {
    std::string fault;  ///< "" = a legal stream
    std::string text, reasoning, refusal, arguments, sealed, status;
    int items = 0, calls = 0, events = 0;
    bool usage = false;
};

ResponsesHeard hear_responses(std::string_view stream, ResponsesRules rules = {});

/// What breaks the rules in a finished response of ours, told as one object; "" = nothing.
std::string judge_responses_body(std::string_view json);

}  // namespace aig::dialect::testing
