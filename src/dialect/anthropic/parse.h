// Anthropic's request -> canonical. Runs after peek(), so it reads without checking again; what has no field of its own
// stays raw.
#pragma once

#include <string_view>
#include <vector>

#include "base/json.h"
#include "canon/request.h"

namespace aig::dialect::anthropic {

constexpr std::string_view origin_name = "anthropic";

/// One message of the caller's. Tool results become messages of their own, in front of what else the turn holds.
void parse_message(JsonRef m, std::vector<canon::Message>& out);
/// A string or an array of blocks.
std::vector<canon::Part> parse_content(JsonRef content);
canon::Tool parse_tool(JsonRef t);
canon::Chat parse_chat(JsonRef root);

}  // namespace aig::dialect::anthropic
