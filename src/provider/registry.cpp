#include "provider/registry.h"

#include "provider/anthropic/anthropic.h"
#include "provider/gemini/gemini.h"
#include "provider/openai_chat/openai_chat.h"

namespace aig::provider {

const canon::Wire* wire(std::string_view name) {
    static const openai::OpenAiChatWire openai_chat;
    if (name == "openai-chat") return &openai_chat;
    if (name == "anthropic") return &anthropic_wire();
    if (name == "gemini") return &gemini_wire();
    if (name == "vertex") return &vertex_wire();
    return nullptr;
}

}  // namespace aig::provider
