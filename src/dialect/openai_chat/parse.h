// OpenAI's request -> canonical. Runs after peek(), so it reads without checking again; what has no field of its own
// stays raw.
#pragma once

#include <initializer_list>
#include <string>

#include "base/json.h"
#include "canon/request.h"

namespace aig::dialect::openai {

constexpr std::string_view origin_name = "openai-chat";

canon::Message parse_message(JsonRef m);
canon::Tool parse_tool(JsonRef t);
canon::Chat parse_chat(JsonRef root);
canon::Embedding parse_embedding(JsonRef root);

/// Every member that is given and not among `known`.
canon::Extras others(JsonRef object, std::initializer_list<std::string_view> known, std::string_view prefix = {});

}  // namespace aig::dialect::openai
