#include "provider/registry.h"

#include "provider/openai_chat/openai_chat.h"

namespace aig::provider {

const canon::Wire* wire(std::string_view name) {
    static const openai::OpenAiChatWire openai_chat;
    if (name == "openai-chat") return &openai_chat;
    // anthropic: one line here
    return nullptr;
}

}  // namespace aig::provider
