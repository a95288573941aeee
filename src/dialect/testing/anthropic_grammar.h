// The grammar of Anthropic's Messages replies as an automaton: reads a complete stream, or a whole body, and says what
// is wrong with it. Knows no renderer and no tap; it is how their streams are judged. For tests.
//
// A stream: message_start, then blocks one after another with dense indexes, each begun, given pieces of its own kind
// and stopped; a signature last in its thinking block; arguments that are one JSON object; message_delta with a stop
// reason and usage; message_stop, and nothing behind it. ping anywhere. An error event ends a stream that failed: then
// nothing that looks like an end may follow.
#pragma once

#include <string>
#include <string_view>

namespace aig::dialect::testing {

struct MessagesVerdict {
    std::string fault;      ///< "" = legal
    bool complete = false;  ///< message_stop was there
    bool failed = false;    ///< ended by an error event
};

/// `strict`: also what only we promise, and what providers do not always do (event names on every event, ids and names
/// of calls in their charset, arguments also of replies that were cut).
MessagesVerdict judge_messages_stream(std::string_view bytes, bool strict = true);
/// A whole reply. "" = legal.
std::string judge_messages_body(std::string_view json);

}  // namespace aig::dialect::testing
