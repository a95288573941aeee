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
/// The surface of routes whose clients can read no other shape, whatever the key and x-aig-dialect say. `path` as it
/// was sent: Anthropic's routes and its base path, the models for whoever sends anthropic-version, Gemini's routes.
std::optional<canon::Surface> surface_of_path(std::string_view path, const net::Headers& headers);
std::optional<canon::Surface> surface_named(std::string_view name);

}  // namespace aig::api
