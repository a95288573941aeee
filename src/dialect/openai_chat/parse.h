// OpenAI's request -> canonical. Runs after peek(), so it reads without checking again; what has no field of its own
// stays raw.
#pragma once

#include <string>

#include "base/json.h"
#include "canon/request.h"

namespace aig::dialect::openai {

constexpr std::string_view origin_name = "openai-chat";

canon::Message parse_message(JsonRef m);
canon::Tool parse_tool(JsonRef t);
canon::Chat parse_chat(JsonRef root);
canon::Embedding parse_embedding(JsonRef root);

}  // namespace aig::dialect::openai
