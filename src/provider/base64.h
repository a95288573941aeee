// Base64 (RFC 4648) for wires that put bytes into JSON. Reading takes both alphabets, with or without padding. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace aig::provider {

/// Nothing when a character does not belong there, or the length is none that base64 can have.
std::optional<std::string> base64_bytes(std::string_view text);
std::string base64_text(std::string_view bytes);
/// The URL alphabet without padding, as in JSON web tokens.
std::string base64_url_text(std::string_view bytes);

}  // namespace aig::provider
