// The southbound Bedrock wires. `bedrock` is Converse and ConverseStream (runtime API 2023-09-30), for every model
// there; `bedrock-invoke` is InvokeModel for Anthropic's models, whose body and events are those of Messages. Replies
// stream as Amazon's binary events. Pure and stateless; signing is the caller's (catalogue/auth.h). Mappings:
// docs/reference/bedrock-wire.md.
#pragma once

#include "canon/wire.h"

namespace aig::provider {

const canon::Wire& bedrock_wire();
const canon::Wire& bedrock_invoke_wire();

}  // namespace aig::provider
