// ${env:NAME} and ${file:PATH} in the values of a configuration.
#pragma once

#include <vector>

#include "app/config.h"

namespace aig::app {
/// Replaces them everywhere below `node`; what cannot be replaced is a fault at `path` and stays as written.
void substitute(settings::Node& node, const std::string& path, const Sources& sources,
                std::vector<settings::Fault>& faults);
}  // namespace aig::app
