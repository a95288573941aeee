// The request's items -> canonical messages. Runs after peek(), so it reads without checking again; what has no field
// of its own stays raw.
#pragma once

#include "base/json.h"
#include "canon/request.h"

namespace aig::dialect::responses {

/// Adds an item to the conversation: reasoning, text and calls of one turn of the model become one message.
void parse_item(JsonRef item, canon::Chat& chat);
canon::Chat parse_chat(JsonRef root);

}  // namespace aig::dialect::responses
