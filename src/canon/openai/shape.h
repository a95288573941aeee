// What both sides of the gateway know about OpenAI's chat completions shape: usage, finish reasons, error objects. The
// tap (northbound, lossless) and the decoder (southbound, translated) must count and judge alike, so it is written
// once. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "canon/event.h"
#include "canon/usage.h"

namespace aig::canon::openai {

/// A usage object in normal form. Nothing when the counts are not believable (negative, fractions, strings, above
/// 10^9): the caller then counts by itself. Details that contradict their total are cut to it.
std::optional<Usage> usage_of(JsonRef usage);

/// "stop" -> end. Words of other servers ("eos_token", "tool_call") are known; "" is none; the rest is other.
StopReason stop_of(std::string_view finish_reason);
/// The OpenAI word for it.
std::string_view finish_reason(StopReason stop);

/// An error answer: HTTP status and body, JSON of any known shape or not JSON at all.
Error error_of(int status, std::string_view body);
/// An error object inside a reply that began with status 200: `{"error": ...}`, or the object itself.
Error in_band_error(JsonRef value);
/// Is this chunk or body a failure instead of a reply?
bool is_error(JsonRef root);

}  // namespace aig::canon::openai
