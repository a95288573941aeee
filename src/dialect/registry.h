// Every northbound dialect, read from top to bottom. Dialects have no state; one object serves all threads.
#pragma once

#include "canon/dialect.h"

namespace aig::dialect {

/// POST /v1/chat/completions and /v1/embeddings.
const canon::Dialect& openai_chat();
/// POST /v1/responses.
const canon::Dialect& openai_responses();
/// POST /v1/completions.
const canon::Dialect& openai_completions();
/// POST /v1beta/models/MODEL:generateContent and its like.
const canon::Dialect& gemini();
/// POST /v1/messages.
const canon::Dialect& anthropic_messages();
/// The facts of a body of POST /v1/messages/count_tokens.
Result<canon::Envelope> measure_messages(std::string_view body);

}  // namespace aig::dialect
