// Files that travel inside the binary (data/*.json, sql/**, openapi/*). Names are paths from the repository's root.
#pragma once

#include <string_view>
#include <vector>

namespace aig {

/// The file's bytes; empty view when there is no such file.
std::string_view embedded_file(std::string_view name);
/// All names that begin with `prefix`, sorted.
std::vector<std::string_view> embedded_names(std::string_view prefix);

}  // namespace aig
