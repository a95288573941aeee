// The grammar of chat completion streams as an automaton: reads a complete stream, or a whole body, and says what is
// wrong with it. Knows no renderer and no tap; it is how their streams are judged. For tests.
//
// A stream: chunks, then [DONE], and nothing behind it. In every choice the role comes first; tool calls begin with id,
// type and name at the next free index and go on without them; what stands beside the content (reasoning_details,
// images, annotations) are lists of objects with a type; one finish reason ends a choice. Usage comes once, behind
// every finish reason. An error object ends a stream that failed: then nothing that looks like an end may follow.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace aig::dialect::testing {

/// What a client has understood of one choice.
struct HeardChoice {
    std::string text, reasoning, refusal, finish;
    std::vector<std::string> states;  ///< data of reasoning_details and signatures in extra_content, in order
    size_t images = 0, annotations = 0, calls = 0;
    std::string arguments;  ///< of all calls
};
struct ChatVerdict {
    std::string fault;      ///< "" = legal
    bool complete = false;  ///< [DONE], or every finish reason and the usage, was there
    bool failed = false;    ///< ended by an error object
    bool usage = false;
    std::map<int, HeardChoice> choices;
};

/// `strict`: also what only we promise and providers do not always do (one data line an event, one id, the role once,
/// dense tool calls, nothing behind a finish reason, [DONE]).
ChatVerdict judge_chat_stream(std::string_view bytes, bool strict = true);
/// A whole reply.
ChatVerdict judge_chat_body(std::string_view json, bool strict = true);

}  // namespace aig::dialect::testing
