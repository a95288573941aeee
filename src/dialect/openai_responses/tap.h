// The lossless reply: the provider's bytes with the splices of docs/reference/openai-responses.md. One object an
// attempt, one thread.
#pragma once

#include <memory>

#include "canon/dialect.h"

namespace aig::dialect::responses {

std::unique_ptr<canon::Relay> stream_tap(const canon::ReplyTerms& terms);
std::unique_ptr<canon::Relay> body_tap(const canon::ReplyTerms& terms);

}  // namespace aig::dialect::responses
