// One request on its way through the surface, and the rows that routes are made of.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/api.h"
#include "identity/users.h"

namespace aig::api {

struct Once;  // api/idempotent.h

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
    int status = 0;                                      ///< answered, for the access log; 0 = nothing went out
    std::shared_ptr<const identity::Session> session{};  ///< of a route with a Seat
    std::string key_in_path{};                           ///< what {key} matched, on a row marked redact
    std::string client{};                                ///< the caller's address; "" = unknown (client_address.h)
    std::optional<canon::Surface> own_surface{};         ///< of a path whose clients read one shape only (surface.h)
    std::shared_ptr<Once> once{};                        ///< runs under an Idempotency-Key
};

/// An Error means that nothing was answered yet; it is rendered by the caller.
using Handler = rt::Task<Status> (*)(Request& request);

/// What a route can cost. A row that does not say so does not compile (tests/tidy/route_rows.sh).
enum class Billing : uint8_t {
    free = 1,  ///< never reaches a provider
    held,      ///< reaches providers only through gateway::run, which takes a hold first
};
/// `session` is what a row with a Seat has; it cannot be written by itself. `signature`: no key, the handler checks the
/// body's signature.
enum class Access : uint8_t { open, optional_key, key, session, signature };
/// Who may use a portal route: a session with at least this role in its account.
struct Seat {
    identity::Role least;
    bool unconfirmed = false;  ///< also before the e-mail address is confirmed
};
/// What else a row is.
enum class Mark : uint8_t {
    none,
    once,    ///< takes an Idempotency-Key: everything that costs or creates something (api/idempotent.h)
    redact,  ///< its {id} is the caller's API key: cut out of the path before anything else sees it
};

struct Route {
    std::string_view method;
    std::string_view pattern;  ///< "{id}" is one segment; at the end it takes the rest, slashes included
    Handler handler;
    Billing billing;
    Access access;
    Seat seat{identity::Role::owner};
    Mark mark = Mark::none;
    consteval Route(std::string_view m, std::string_view p, Handler h, Billing b, Access a, Mark k = Mark::none)
        : method(m), pattern(p), handler(h), billing(b), access(a), mark(k) {
        if (b != Billing::free && b != Billing::held) throw "a route says what it can cost";
        if (a == Access::session) throw "a session route says who may use it: give a Seat";
    }
    consteval Route(std::string_view m, std::string_view p, Handler h, Billing b, Seat s, Mark k = Mark::none)
        : method(m), pattern(p), handler(h), billing(b), access(Access::session), seat(s), mark(k) {
        if (b != Billing::free && b != Billing::held) throw "a route says what it can cost";
    }
};

/// All rows, in the order they are tried.
const std::vector<Route>& routes();

/// Sends a JSON reply with the common headers.
rt::Task<Status> reply_json(Request& request, int status, std::string body);
/// Rates, request ids, CORS: on every reply of the surface.
void add_common_headers(net::Headers& headers, const Request& request);
/// The same where the gateway has answered, which tells rates and ids itself.
void add_surface_headers(net::Headers& headers, const Request& request);

}  // namespace aig::api
