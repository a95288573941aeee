// Cohere's chat and embeddings, version 2. Pure; stateless; any thread. What it cannot say is refused by name or listed
// as a loss; mappings are in docs/reference/providers.md.
//
// Source: docs.cohere.com/reference/chat, /embed and /chat-stream (2026).
#pragma once

#include "canon/wire.h"

namespace aig::provider {

const canon::Wire& cohere_wire();

namespace cohere {
Result<std::string> encode_chat(const canon::Chat& chat, const canon::WireTarget& target, canon::Losses& losses);
Result<std::string> encode_embedding(const canon::Embedding& request, const canon::WireTarget& target,
                                     canon::Losses& losses);
std::unique_ptr<canon::Decoder> stream_decoder();
std::unique_ptr<canon::Decoder> body_decoder(canon::Operation operation);
}  // namespace cohere

}  // namespace aig::provider
