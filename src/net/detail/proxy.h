// Which forward proxy an upstream is reached through: its own setting, or HTTPS_PROXY / HTTP_PROXY / NO_PROXY as curl
// reads them (lower-case names first; HTTP_PROXY in upper case is not read, because CGI lets a request's Proxy header
// set it).
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "net/client.h"

namespace aig::net::detail {

struct Proxy {
    std::string host;
    uint16_t port = 8080;
    std::string authorization;  ///< "Basic ..." or ""
};

using Environment = std::function<std::string(const char* name)>;
std::string process_environment(const char* name);

/// nullopt = direct. config_invalid for a proxy URL that is not http://[user:password@]host[:port].
Result<std::optional<Proxy>> choose_proxy(const Upstream& upstream, const Environment& environment);
bool no_proxy_covers(std::string_view list, std::string_view host, uint16_t port);

}  // namespace aig::net::detail
