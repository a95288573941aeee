// Which credential the caller presented, and in which service's language the answer is given.
#pragma once

#include <optional>
#include <string_view>

#include "canon/dialect.h"
#include "net/http.h"

namespace aig::api {

/// authorization, x-api-key, x-goog-api-key: the first that is present and not empty; "Bearer" in any case, or no
/// scheme at all.
std::string_view presented_key(const net::Headers& headers);
/// x-aig-dialect, else the key's prefix (also of a key that will be refused), else the default.
Result<canon::Surface> choose_surface(const net::Headers& headers, std::string_view key);
std::optional<canon::Surface> surface_named(std::string_view name);

}  // namespace aig::api
