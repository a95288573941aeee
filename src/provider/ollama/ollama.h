// Ollama's own API: /api/chat and /api/embed. A stream is JSON lines. Pure; stateless; any thread. What it cannot say
// is refused by name or listed as a loss; mappings are in docs/reference/providers.md.
//
// Source: docs.ollama.com/api (2026).
#pragma once

#include "canon/wire.h"

namespace aig::provider {

const canon::Wire& ollama_wire();

namespace ollama {
Result<std::string> encode_chat(const canon::Chat& chat, const canon::WireTarget& target, canon::Losses& losses);
Result<std::string> encode_embedding(const canon::Embedding& request, const canon::WireTarget& target,
                                     canon::Losses& losses);
std::unique_ptr<canon::Decoder> decoder(canon::Operation operation, bool stream);
}  // namespace ollama

}  // namespace aig::provider
