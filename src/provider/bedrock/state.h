// Redacted reasoning whose bytes are no text: kept in the base64 it came in. What is text is Anthropic's own form.
#pragma once

#include <string_view>

namespace aig::provider::bedrock {

constexpr std::string_view redacted_content = "bedrock.redacted_content";

}  // namespace aig::provider::bedrock
