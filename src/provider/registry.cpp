#include "provider/registry.h"

#include "provider/anthropic/anthropic.h"
#include "provider/bedrock/bedrock.h"
#include "provider/cohere/cohere.h"
#include "provider/gemini/gemini.h"
#include "provider/mistral/mistral.h"
#include "provider/ollama/ollama.h"
#include "provider/openai_chat/openai_chat.h"
#include "provider/openai_responses/openai_responses.h"

namespace aig::provider {

const canon::Wire* wire(std::string_view name) {
    static const openai::OpenAiChatWire openai_chat;
    if (name == "openai-chat") return &openai_chat;
    // Azure speaks both behind /openai/v1; its key goes into another header, which is the catalogue's matter.
    if (name == "azure-openai") return &openai_chat;
    if (name == "azure-openai-responses") return &openai_responses_wire();
    if (name == "openai-responses") return &openai_responses_wire();
    if (name == "anthropic") return &anthropic_wire();
    if (name == "gemini") return &gemini_wire();
    if (name == "vertex") return &vertex_wire();
    if (name == "vertex-anthropic") return &vertex_anthropic_wire();
    if (name == "bedrock") return &bedrock_wire();
    if (name == "bedrock-invoke") return &bedrock_invoke_wire();
    if (name == "cohere") return &cohere_wire();
    if (name == "mistral") return &mistral_wire();
    if (name == "ollama") return &ollama_wire();
    return nullptr;
}

}  // namespace aig::provider
