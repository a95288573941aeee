// Every southbound wire by the name data/providers.json gives it, read from top to bottom. Wires have no state; one
// object serves all threads.
#pragma once

#include <string_view>

#include "canon/wire.h"

namespace aig::provider {

/// Null for a name that is not in this version.
const canon::Wire* wire(std::string_view name);

}  // namespace aig::provider
