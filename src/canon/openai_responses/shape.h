// What both sides of the gateway know about the shape of OpenAI's Responses: usage, how a response ends, error objects.
// The tap (northbound, lossless) and the decoder (southbound, translated) must count and judge alike, so it is written
// once. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "canon/event.h"
#include "canon/usage.h"

namespace aig::canon::openai_responses {

/// A usage object (input_tokens, output_tokens and their details) in normal form. Nothing when the counts are not
/// believable (negative, fractions, strings, above 10^9): the caller then counts by itself. Details that contradict
/// their total are cut to it.
std::optional<Usage> usage_of(JsonRef usage);

/// How a response object ended: its status, incomplete_details.reason, and the items of its output (calls of the
/// caller's tools make it tool_calls). none while it still runs; other for failed and cancelled.
StopReason stop_of(JsonRef response);

/// What a response says of its end: `status`, and the reason in incomplete_details ("" = null).
struct EndWords {
    std::string_view status, incomplete_reason;
};
EndWords end_words(StopReason stop);

/// Items of output by which the model hands over to the caller.
bool is_client_call(std::string_view item_type);

/// An error answer: HTTP status and body, JSON of any known shape or not JSON at all.
Error error_of(int status, std::string_view body);
/// The failure in an `error` event, in the response of `response.failed`, or in a body with status 200. For the latter
/// two give the response object: its error member is what counts.
Error in_band_error(JsonRef value);
/// Is this response object (a whole body, or the one inside a terminal event) a failure?
bool is_failed(JsonRef response);

}  // namespace aig::canon::openai_responses
