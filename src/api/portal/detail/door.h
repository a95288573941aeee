// The cookie of a session: its name and its text.
#pragma once

#include "api/portal/portal.h"

namespace aig::api {

/// By what the caller spoke to: see portal-api.md, "Cookies".
bool secure_cookies(const PortalOptions& options, std::string_view host);
/// "" = none.
std::string session_cookie(const Request& request);

}  // namespace aig::api
