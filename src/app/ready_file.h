// What a started gateway tells scripts: where it is, and in `dev` the keys (then the file is private).
#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/result.h"

namespace aig::app {

struct ReadyFile {
    std::string url, admin_url;
    std::optional<std::string> sim_url, admin_token;
    std::map<std::string, std::string> keys;  ///< by prefix; empty = null
};

Status write_ready_file(const std::string& path, const ReadyFile& ready);

}  // namespace aig::app
