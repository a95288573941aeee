// The southbound Anthropic Messages wire (API version 2023-06-01). Pure: canonical chat -> request bytes, reply bytes
// -> events. What it cannot say is refused by name (n > 1, audio, custom tools, json_object) or listed as a loss; every
// mapping decision is in docs/reference/anthropic-wire.md. Stateless; decoders belong to one attempt and one thread.
#pragma once

#include "canon/wire.h"

namespace aig::provider {

const canon::Wire& anthropic_wire();
/// Claude on Vertex AI: the same body without `model`, under rawPredict and streamRawPredict.
const canon::Wire& vertex_anthropic_wire();
/// Features the Messages API lacks, wherever it is served.
canon::Features anthropic_lacks(canon::Operation operation);

}  // namespace aig::provider
