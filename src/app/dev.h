// `aig dev`: the gateway, a simulated provider behind it, and an account with ten dollars and one key of each kind.
// Needs nothing else.
#pragma once

#include "cli/cli.h"

namespace aig::app {

int run_dev(const cli::DevOptions& options);

}  // namespace aig::app
