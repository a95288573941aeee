#include "dialect/registry.h"

#include "dialect/anthropic/anthropic.h"
#include "dialect/openai_chat/openai_chat.h"

namespace aig::dialect {

const canon::Dialect& openai_chat() {
    static const openai::OpenAiChat dialect;
    return dialect;
}

const canon::Dialect& anthropic_messages() {
    static const anthropic::Messages dialect;
    return dialect;
}

Result<canon::Envelope> measure_messages(std::string_view body) { return anthropic::measure(body); }

}  // namespace aig::dialect
