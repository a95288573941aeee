// The lossless reply: the provider's bytes with the splices of docs/reference/gemini.md. One object an attempt, one
// thread. Internal to this dialect.
#pragma once

#include <memory>

#include "canon/dialect.h"

namespace aig::dialect::google {

std::unique_ptr<canon::Relay> stream_tap(const canon::ReplyTerms& terms);
std::unique_ptr<canon::Relay> body_tap(const canon::ReplyTerms& terms);

}  // namespace aig::dialect::google
