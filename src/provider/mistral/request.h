// A canonical chat in Mistral's words. Internal to this wire.
#pragma once

#include "canon/wire.h"

namespace aig::provider::mistral {

/// The same chat with nothing in it that Mistral's API would refuse; what is left out is listed.
Result<canon::Chat> in_its_words(const canon::Chat& chat, canon::Losses& losses);

/// Nine letters or digits, the same for a call and its result.
std::string tool_id(std::string_view id);

}  // namespace aig::provider::mistral
