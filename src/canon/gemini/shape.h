// What both sides of the gateway know about Gemini's generateContent shape: finish reasons, blocked prompts, error
// objects, the two spellings of every member (usage: canon/usage_shapes.h). The tap (northbound, lossless) and the
// decoder (southbound, translated) must count and judge alike, so it is written once. Pure.
#pragma once

#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "canon/event.h"
#include "canon/usage_shapes.h"

namespace aig::canon::gemini {

/// The member `camel` in either of protobuf's spellings: "inlineData" also finds "inline_data". The last one counts.
JsonRef member(JsonRef object, std::string_view camel);
/// Does `key` spell `camel`, in either way?
bool same_name(std::string_view key, std::string_view camel);

/// finishReason: a word, or its number (enum-encoding=int). Absent and FINISH_REASON_UNSPECIFIED are none; words nobody
/// knows are other. STOP is `end` also where the candidate called functions: whoever has seen the parts knows better.
StopReason stop_of(JsonRef finish_reason);
/// The word for a number, the word itself otherwise; "" when there is none.
std::string_view finish_word(JsonRef finish_reason);
/// Gemini's word for a reason.
std::string_view finish_word(StopReason stop);
/// The model's call could not be read by the provider itself: MALFORMED_FUNCTION_CALL and its like.
bool broken_call(std::string_view finish_word);

/// Why the prompt was blocked (promptFeedback), "" when it was not.
std::string_view block_reason(JsonRef root);

/// An error answer: HTTP status and body; an object, an array that holds one (streams without alt=sse), or no JSON.
Error error_of(int status, std::string_view body);
/// The error object ({code, message, status, details}) inside a reply that began with status 200.
Error in_band_error(JsonRef error);

}  // namespace aig::canon::gemini
