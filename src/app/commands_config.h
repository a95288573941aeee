// `aig config check|schema|docs`: what they print and how they end. No output is written here: the caller prints.
#pragma once

#include <string>

#include "catalogue/build.h"

namespace aig::app {

struct CommandResult {
    int exit_code = 0;
    std::string out, err;
};

/// Exit 1 and every fault on `err`; else a short summary on `out`.
CommandResult config_check(const std::string& file, const catalogue::WireResolver& wire, bool json);
/// The JSON schema of the file.
CommandResult config_schema_text();
/// The reference in Markdown: docs/reference/config.md.
CommandResult config_docs();

}  // namespace aig::app
