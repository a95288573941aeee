// YAML text -> settings::Node. The only place that knows the YAML library. One document; no anchors, aliases, tags or
// repeated keys; depth, size and number of values are bounded.
#pragma once

#include <string_view>
#include <vector>

#include "base/settings.h"

namespace aig::app {

/// What is wrong is added to `faults`; text that is not such YAML gives a blank node, repeated keys a tree with their
/// first values.
settings::Node parse_yaml(std::string_view text, std::vector<settings::Fault>& faults);

}  // namespace aig::app
