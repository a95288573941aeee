// Operator commands without a running server: the admin API in this process, on the resting database, under the data
// folder's lock and without recovery (no hold is touched).
#pragma once

#include <memory>

#include "cli/cli.h"

namespace aig::app {

Result<std::string> data_dir_of(const cli::Place& place);
Result<std::unique_ptr<cli::AdminTransport>> open_in_process(const cli::Place& place);

}  // namespace aig::app
