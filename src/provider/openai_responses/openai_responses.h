// The southbound OpenAI Responses wire. Pure: canonical chat -> request bytes, reply bytes -> events. Every call is
// without state at the provider (store false); encrypted reasoning is asked for and sent back as it came. What the wire
// cannot say is refused by name (n > 1, stop, audio, image output, other vendors' tools) or listed as a loss; every
// mapping decision is in docs/reference/openai-responses-wire.md. Stateless; decoders belong to one attempt and one
// thread.
#pragma once

#include "canon/wire.h"

namespace aig::provider {

const canon::Wire& openai_responses_wire();

}  // namespace aig::provider
