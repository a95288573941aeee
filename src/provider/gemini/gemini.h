// The southbound Gemini wires: AI Studio's generateContent (`gemini`) and the same on Vertex AI (`vertex`), which
// differ in authentication and in how they embed. Pure: canonical request -> bytes, reply bytes -> events. What they
// cannot say is refused by name or listed as a loss; every mapping decision is in docs/reference/gemini.md. Stateless;
// decoders belong to one attempt and one thread.
#pragma once

#include "canon/wire.h"

namespace aig::provider {

const canon::Wire& gemini_wire();
const canon::Wire& vertex_wire();

}  // namespace aig::provider
