// The pieces of Messages replies that we write ourselves: events, usage, the end of a stream.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "canon/dialect.h"

namespace aig::dialect::anthropic {

constexpr std::string_view stop_event = "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";

/// `event: <type>`, the data line, a blank line.
void append_event(std::string& out, std::string_view type, std::string_view data);
/// A usage object in Anthropic's counting, with `cost` in whole currency units; `estimated` only when the count is
/// ours.
void append_usage(std::string& out, const canon::Bill& bill);
/// The decimal number behind "cost":.
std::string cost_number(const canon::Bill& bill);
/// message_start with an empty message and the input as far as it is known.
void append_message_start(std::string& out, const canon::ReplyTerms& terms);
/// message_delta with the stop reason; `more` = further members of its delta, or "".
void append_message_delta(std::string& out, std::string_view stop_reason, std::string_view stop_sequence,
                          std::string_view more, const canon::Bill& bill);
/// "req_01J..." -> "msg_01J...".
std::string message_id(const canon::ReplyTerms& terms);
/// {"type":"error",...} as an event.
std::string error_event(const Error& error, const canon::ReplyTerms& terms);

}  // namespace aig::dialect::anthropic
