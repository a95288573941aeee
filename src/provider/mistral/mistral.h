// Mistral's chat completions: OpenAI's shape with a closed list of members, ids of tool calls of nine letters and
// digits, thinking and documents as content parts, its own name for the seed. Requests are brought into that shape and
// written by the OpenAI wire; replies are read by it. Pure; stateless.
//
// Source: Mistral's OpenAPI description ("additionalProperties": false on messages), 2026-11.
#pragma once

#include "canon/wire.h"

namespace aig::provider {

const canon::Wire& mistral_wire();

}  // namespace aig::provider
