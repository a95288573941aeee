// `aig serve` and `aig sim`: run until a signal ends them.
#pragma once

#include "cli/cli.h"

namespace aig::app {

int run_serve(const cli::ServeOptions& options);
int run_sim(const cli::SimOptions& options);

}  // namespace aig::app
