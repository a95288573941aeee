// `aig config check|schema|docs`: the hooks that print, and behind them what they print, as values.
#pragma once

#include <string>

#include "catalogue/build.h"

namespace aig::app {

/// Each prints (faults to standard error) and returns the exit code.
int config_check(const std::string& file);
int config_schema();
int config_docs();

struct CommandResult {
    int exit_code = 0;
    std::string out, err;
};
/// Exit 1 and every fault; else a short summary.
CommandResult check_config(const std::string& file, const catalogue::WireResolver& wire);
/// The JSON schema of the file.
std::string config_json_schema();
/// The reference in Markdown: docs/reference/config.md.
std::string config_reference();

}  // namespace aig::app
