#include "api/surface.h"

#include "identity/identity.h"

namespace aig::api {
using canon::Surface;
namespace {

constexpr std::pair<std::string_view, Surface> named[] = {
    {"aigateway", Surface::aigateway}, {"aigate", Surface::aigate}, {"openai", Surface::aigate},
    {"aigenway", Surface::aigenway},   {"portal", Surface::portal},
};
constexpr std::pair<std::string_view, Surface> by_prefix[] = {{"sk-aig-", Surface::aigateway},
                                                              {"sk_live_", Surface::aigenway},
                                                              {"gw_", Surface::portal},
                                                              {"sk-", Surface::aigate}};

std::string_view trimmed(std::string_view s) {
    while (s.starts_with(' ')) s.remove_prefix(1);
    while (s.ends_with(' ')) s.remove_suffix(1);
    return s;
}
}  // namespace

std::string_view presented_key(const net::Headers& headers) {
    auto authorization = trimmed(headers.get("authorization"));
    if (authorization.size() >= 7 && net::iequals(authorization.substr(0, 7), "bearer "))
        authorization = trimmed(authorization.substr(7));
    else if (net::iequals(authorization, "bearer"))
        authorization = {};
    if (!authorization.empty()) return authorization;
    for (const auto* name : {"x-api-key", "x-goog-api-key"})
        if (const auto key = trimmed(headers.get(name)); !key.empty()) return key;
    return {};
}

std::optional<Surface> surface_of_path(std::string_view path, const net::Headers& headers) {
    if (path.starts_with("/anthropic/") || path == "/anthropic") return Surface::anthropic;
    while (path.starts_with("/v1/v1/")) path.remove_prefix(3);
    if (path.starts_with("/v1/messages")) return Surface::anthropic;
    if (path.starts_with("/v1beta/") || path.starts_with("/v1/v1beta/")) return Surface::gemini;
    // MODEL:METHOD, which no other client says.
    if (path.starts_with("/v1/models/") && path.find(':') != std::string_view::npos) return Surface::gemini;
    if (path.starts_with("/v1/models") && headers.has("anthropic-version")) return Surface::anthropic;
    return {};
}

std::optional<Surface> surface_named(std::string_view name) {
    for (const auto& [n, s] : named)
        if (n == name) return s;
    return {};
}

Result<Surface> choose_surface(const net::Headers& headers, std::string_view key) {
    if (const auto asked = headers.get("x-aig-dialect"); !asked.empty()) {
        if (const auto s = surface_named(asked)) return *s;
        return Error(ErrorCode::bad_param, "x-aig-dialect must be one of openai, aigate, aigateway, aigenway, portal")
            .param("x-aig-dialect");
    }
    const auto prefix = identity::key_prefix(key);
    for (const auto& [p, s] : by_prefix)
        if (p == prefix) return s;
    return Surface::aigate;
}

}  // namespace aig::api
