#include "dialect/registry.h"

#include "dialect/anthropic/anthropic.h"
#include "dialect/gemini/gemini.h"
#include "dialect/openai_chat/openai_chat.h"
#include "dialect/openai_completions/openai_completions.h"
#include "dialect/openai_responses/openai_responses.h"

namespace aig::dialect {

const canon::Dialect& openai_chat() {
    static const openai::OpenAiChat dialect;
    return dialect;
}

const canon::Dialect& openai_responses() {
    static const responses::OpenAiResponses dialect;
    return dialect;
}

const canon::Dialect& openai_completions() {
    static const openai::OpenAiCompletions dialect;
    return dialect;
}

const canon::Dialect& gemini() {
    static const google::Gemini dialect;
    return dialect;
}
const canon::Dialect& anthropic_messages() {
    static const anthropic::Messages dialect;
    return dialect;
}

Result<canon::Envelope> measure_messages(std::string_view body) { return anthropic::measure(body); }

}  // namespace aig::dialect
