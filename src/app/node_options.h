// What a configuration file says, as the running gateway takes it.
#pragma once

#include "app/config.h"
#include "app/node.h"

namespace aig::app {

NodeOptions node_options(const Config& config);

}  // namespace aig::app
