#include "dialect/registry.h"

#include "dialect/openai_chat/openai_chat.h"

namespace aig::dialect {

const canon::Dialect& openai_chat() {
    static const openai::OpenAiChat dialect;
    return dialect;
}

}  // namespace aig::dialect
