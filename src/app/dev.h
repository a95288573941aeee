// `aig dev`: the gateway, a simulated provider behind it, and an account with ten dollars and one key of each kind. Needs nothing else.
#pragma once

#include <cstdint>
#include <string>

namespace aig::app {

struct DevOptions {
    std::string host = "127.0.0.1";
    uint16_t port = 8080;
    std::string data_dir;             ///< "" = a fresh temporary folder, removed at the end
    std::string ready_file, config_file;
};

int run_dev(const DevOptions& options);

}  // namespace aig::app
