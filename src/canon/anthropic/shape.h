// What both sides of the gateway know about Anthropic's Messages shape: usage, stop reasons, error objects. The tap
// (northbound, lossless) and the decoder (southbound, translated) must count and judge alike, so it is written once.
// Pure.
#pragma once

#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "canon/event.h"
#include "canon/usage.h"

namespace aig::canon::anthropic {

/// Brings the counts of message_start and the cumulative ones of message_delta into one normal form. Counts replace
/// each other, they are never added up; what is not a count (text, fractions) becomes -1, so that Usage::sane() refuses
/// it.
class Counts {
  public:
    void read(JsonRef usage);
    Usage usage() const;

  private:
    void read_iterations(JsonRef iterations);
    int64_t input_ = 0, read_ = 0, written_ = 0, written_1h_ = 0, output_ = 0, thinking_ = 0;
    int64_t extra_input_ = 0, extra_read_ = 0, extra_written_ = 0,
            extra_output_ = 0;  ///< of iterations the top level leaves out
};

/// "end_turn" -> end; "" is none, words nobody knows are other.
StopReason stop_of(std::string_view word);
/// The Messages word for it.
std::string_view stop_word(StopReason stop);

/// An error answer: HTTP status and body, JSON of any shape or not JSON at all.
Error error_of(int status, std::string_view body);
/// The error object ({type, message}) of an `error` event, or of a body with status 200.
Error in_band_error(JsonRef error);

}  // namespace aig::canon::anthropic
