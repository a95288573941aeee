// One request on its way through the surface, and the rows that routes are made of.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "api/api.h"

namespace aig::api {

struct Request {
    net::Exchange& http;
    const Services& services;
    std::string path;  ///< normalised: no trailing slash, /v1/v1 collapsed, still percent-encoded
    std::string arg;   ///< what {id} matched, decoded
    std::string request_id, correlation_id;
    identity::PrincipalPtr principal;  ///< null on open routes without a key
    canon::Surface surface = canon::Surface::aigate;
    std::string key_prefix;
    int64_t started_us = 0, started_mono_ns = 0;
    int status = 0;  ///< answered, for the access log; 0 = nothing went out
};

/// An Error means that nothing was answered yet; it is rendered by the caller.
using Handler = rt::Task<Status> (*)(Request& request);

/// What a route can cost. A row cannot be written without saying so.
enum class Billing : uint8_t {
    free,  ///< never reaches a provider
    held,  ///< reaches providers only through gateway::run, which takes a hold first
};
enum class Access : uint8_t { open, optional_key, key };

struct Route {
    std::string_view method;
    std::string_view pattern;  ///< "{id}" at the end takes the rest, slashes included
    Handler handler;
    Billing billing;
    Access access;
    constexpr Route(std::string_view m, std::string_view p, Handler h, Billing b, Access a)
        : method(m), pattern(p), handler(h), billing(b), access(a) {}
};

/// All rows, in the order they are tried.
const std::vector<Route>& routes();

/// Sends a JSON reply with the common headers.
rt::Task<Status> reply_json(Request& request, int status, std::string body);
/// Request ids, CORS: on every reply of the surface.
void add_common_headers(net::Headers& headers, const Request& request);

}  // namespace aig::api
