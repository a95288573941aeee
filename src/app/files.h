// Small files the process writes for others: whole or not at all, private where they hold secrets.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace aig::app {

/// Writes beside, syncs, renames over. `mode` 0600 for secrets.
Status write_file(const std::string& path, std::string_view bytes, unsigned mode);
Result<std::string> read_file(const std::string& path, size_t max_bytes = 16u << 20);
/// Creates the folder (0700) with its parents.
Status make_folder(const std::string& path);
/// A fresh private folder for a run that keeps nothing.
Result<std::string> temporary_folder();
/// Deletes a folder that temporary_folder() made.
void remove_folder(const std::string& path);

}  // namespace aig::app
