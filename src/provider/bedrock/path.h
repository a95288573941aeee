// Path and headers that both Bedrock wires have in common.
#pragma once

#include <string_view>

#include "canon/wire.h"

namespace aig::provider::bedrock {

canon::Encoded head(std::string_view model, std::string_view operation, bool stream);

}  // namespace aig::provider::bedrock
