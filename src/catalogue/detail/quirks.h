// The words of data/ and config for canon::Quirks' flags.
#pragma once

#include <string>
#include <vector>

#include "canon/wire.h"
#include "catalogue/detail/faults.h"

namespace aig::catalogue {

/// Sets the named flags. A word that is none is a fault at `where`, with the nearest one.
void set_quirks(canon::Quirks& quirks, const std::vector<std::string>& words, const std::string& where, Faults& faults);

}  // namespace aig::catalogue
