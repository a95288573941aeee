// The grammar of Gemini's replies as an automaton: reads a complete stream, as events or as one array, or a whole body,
// and says what is wrong with it. Knows no renderer and no tap; it is how their streams are judged. For tests.
//
// A stream: chunks, each an object with candidates, promptFeedback or usage; parts that say one thing each; calls
// whole, with arguments that are an object; every candidate that begins is finished, and says nothing behind its
// finish; or the prompt was blocked and there is none. There is no end marker, and none may be made up. An error object
// ends a stream that failed: then nothing may follow.
#pragma once

#include <string>
#include <string_view>

namespace aig::dialect::testing {

struct GeminiVerdict {
    std::string fault;      ///< "" = legal
    bool complete = false;  ///< every candidate was finished, or the prompt blocked
    bool failed = false;    ///< ended by an error object
};

/// `strict`: also what only we promise: usage in the last chunk that adds up, one model in all chunks, line ends as
/// Google's, no text behind a finish even where the provider ran tools of its own.
GeminiVerdict judge_gemini_stream(std::string_view bytes, bool strict = true);
/// A whole reply. "" = legal.
std::string judge_gemini_body(std::string_view json, bool strict = true);

}  // namespace aig::dialect::testing
