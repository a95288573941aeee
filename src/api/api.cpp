#include "api/api.h"

#include <algorithm>

#include <fmt/format.h>

#include "api/client_address.h"
#include "api/idempotent.h"
#include "api/portal/portal.h"
#include "api/request.h"
#include "api/surface.h"
#include "base/ids.h"
#include "base/json.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/time.h"
#include "dialect/errors.h"
#include "gateway/rate_headers.h"

namespace aig::api {
namespace {

constexpr std::string_view exposed_headers =
    "x-request-id, request-id, x-aig-request-id, x-cost-cents, x-cached-input-units, x-cache, x-aig-provider, "
    "x-aig-attempts, "
    "x-aig-loss, "
    "x-aig-max-tokens-clamped, retry-after, retry-after-ms, x-ratelimit-limit-requests, "
    "x-ratelimit-remaining-requests, "
    "x-ratelimit-reset-requests, x-ratelimit-limit-tokens, x-ratelimit-remaining-tokens, x-ratelimit-reset-tokens, "
    "x-ratelimit-limit, x-ratelimit-remaining, x-ratelimit-reset, idempotent-replayed, x-idempotent-replay";

/// Base URLs are written with and without /v1, so SDKs arrive at /v1/v1/...; Anthropic's are also written with a path
/// of their own; and a trailing slash means nothing.
std::string normal_path(std::string_view path) {
    if (path == "/anthropic" || path.starts_with("/anthropic/")) path.remove_prefix(10);
    if (path.empty()) return "/";
    while (path.starts_with("/v1/v1/") || path == "/v1/v1" || path.starts_with("/v1/v1beta/")) path.remove_prefix(3);
    while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
    // Clients of Google's API take a model with a slash for a whole path: /v1beta/openai/gpt-5.4:generateContent.
    constexpr std::string_view google = "/v1beta/", models = "/v1beta/models";
    if (path.starts_with(google) && !path.starts_with(models) && path.find(':') != std::string_view::npos)
        return std::string(models).append(path.substr(google.size() - 1));
    return std::string(path);
}

/// The caller's own id when it is printable and short, else ours.
std::string correlation(const net::Headers& headers, const std::string& ours) {
    const auto theirs = headers.get("x-request-id");
    const bool usable = !theirs.empty() && theirs.size() <= 128 &&
                        std::all_of(theirs.begin(), theirs.end(), [](char c) { return c > 0x20 && c < 0x7f; });
    return usable ? std::string(theirs) : ours;
}

struct Match {
    const Route* route = nullptr;
    std::string arg;
    size_t key_at = 0;    ///< where the path holds an API key, whether the method fits or not; 0 = nowhere
    std::string allowed;  ///< methods that the path has, when ours is not among them
};

/// "{id}" inside a pattern is one segment; at its end it takes the rest, slashes included.
bool fits(std::string_view pattern, std::string_view path, std::string& arg) {
    const auto brace = pattern.find('{');
    if (brace == std::string_view::npos) return pattern == path;
    const auto before = pattern.substr(0, brace), after = pattern.substr(pattern.find('}') + 1);
    if (path.size() <= before.size() + after.size() || !path.starts_with(before) || !path.ends_with(after))
        return false;
    const auto found = path.substr(brace, path.size() - before.size() - after.size());
    if (!after.empty() && found.find('/') != std::string_view::npos) return false;
    arg = found;
    return true;
}

Match find_route(std::string_view method, std::string_view path) {
    Match m;
    if (method == "HEAD") method = "GET";
    for (const auto& r : routes()) {
        std::string arg;
        if (!fits(r.pattern, path, arg)) continue;
        if (r.mark == Mark::redact) m.key_at = r.pattern.find('{');
        if (r.method == method) {
            m.route = &r;
            m.arg = std::move(arg);
            return m;
        }
        if (m.allowed.find(r.method) == std::string::npos)
            m.allowed.append(m.allowed.empty() ? "" : ", ").append(r.method);
    }
    if (m.allowed == "GET") m.allowed = "GET, HEAD";
    if (!m.allowed.empty()) m.allowed += ", OPTIONS";
    return m;
}

/// Header names a browser asks to send; anything but name characters is not echoed.
bool header_list(std::string_view s) {
    return s.size() <= 2'000 && std::all_of(s.begin(), s.end(), [](char c) {
               return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == ',' || c == ' ' || c == '_';
           });
}

rt::Task<> preflight(net::Exchange& http) {
    net::Headers h;
    if (is_portal(http.head().path)) {  // cookie routes are for their own origin
        net::Pieces no_body;
        auto refused = co_await http.respond(403, std::move(h), std::move(no_body));
        if (!refused) http.abort();
        co_return;
    }
    h.add("access-control-allow-origin", "*");
    h.add("access-control-allow-methods", "GET, HEAD, POST, PATCH, DELETE, OPTIONS");
    const auto asked = http.head().headers.get("access-control-request-headers");
    h.add("access-control-allow-headers",
          !asked.empty() && header_list(asked) ? std::string(asked) : "authorization, content-type, x-api-key");
    h.add("access-control-max-age", "86400");
    h.add("vary", "access-control-request-headers");
    net::Pieces nothing;
    auto sent = co_await http.respond(204, std::move(h), std::move(nothing));
    if (!sent) http.abort();
}

rt::Task<> answer_error(Request& request, const Error& error, std::string allowed) {
    static auto& errors = metrics::counter("aig_http_errors_total", "Requests answered with an error");
    if (error.code() == ErrorCode::client_gone || request.http.started()) {
        request.http.abort();
        co_return;
    }
    errors.add();
    const auto rendered = dialect::render_error(error, request.surface, request.correlation_id, request.path);
    net::Headers h;
    h.add("content-type", "application/json");
    for (const auto& [name, value] : rendered.headers) h.add_named(name, value);
    if (!allowed.empty()) h.add("allow", allowed);
    add_common_headers(h, request);
    if (error.row().fault != Fault::caller)
        log::warn("request_failed",
                  {{"request_id", request.request_id}, {"code", error.row().name}, {"message", error.message()}});
    request.status = rendered.status;
    net::Pieces body{rendered.body};
    auto sent = co_await request.http.respond(rendered.status, std::move(h), std::move(body));
    if (!sent) request.http.abort();
}

/// A key that is not in memory. Who guesses keys is slowed down before anything is looked up.
rt::Task<Result<identity::PrincipalPtr>> look_up(Request& request, std::string presented) {
    const std::string from = request.client.empty() ? request.http.peer() : request.client;
    CO_TRYV(request.services.failed_auth->admit(from, mono_ns()));
    auto found = co_await request.services.directory->authenticate(std::move(presented));
    if (!found && found.error().status() == 401) request.services.failed_auth->failed(from, mono_ns());
    co_return found;
}

/// Gemini's clients may write ?key=. The query goes nowhere: not into the log, not into an error, not to a provider.
bool takes_key_in_query(const Request& request, const Route& route) {
    return request.services.key_in_url && route.pattern.starts_with("/v1beta/");
}

/// The credential: of the head; of the path or the query on a row that has it there.
std::string credential(const Request& request, const Route& route) {
    const auto in_head = presented_key(request.http.head().headers);
    if (!in_head.empty()) return std::string(in_head);
    if (route.mark == Mark::redact) return request.key_in_path;
    return takes_key_in_query(request, route) ? net::query_value(request.http.head().query, "key") : std::string();
}

Status admitted_from(const Request& request) {
    if (request.principal->ip_allow.empty() || request.principal->admits(parse_ip(request.client))) return {};
    return Error(ErrorCode::address_forbidden,
                 request.client.empty() ? "this key is bound to addresses, and the caller's is not known here"
                                        : fmt::format("this key may not be used from {}", request.client));
}

rt::Task<Status> authenticate(Request& request, const Route& route) {
    if (is_portal(request.path)) {
        request.surface = canon::Surface::portal;
        if (!request.services.portal) co_return Error(ErrorCode::route_not_found, "there is no portal here");
    }
    if (route.access == Access::session) {
        auto seated = co_await take_seat(request, route);
        co_return seated;
    }
    if (is_portal(request.path)) co_return Status{};
    const std::string presented = credential(request, route);
    request.key_prefix = identity::key_prefix(presented);
    if (request.own_surface) {
        request.surface = *request.own_surface;
    } else {
        CO_TRY(request.surface, choose_surface(request.http.head().headers, presented));
    }
    if (route.access == Access::open || route.access == Access::signature ||
        (presented.empty() && route.access == Access::optional_key))
        co_return Status{};
    if (presented.empty()) co_return Error(ErrorCode::auth_missing, "no API key was sent");
    request.principal = request.services.directory->known(presented);
    if (!request.principal) {
        CO_TRY(request.principal, co_await look_up(request, presented));
    }
    CO_TRYV(admitted_from(request));
    if (!request.own_surface && !request.principal->dialect.empty() &&
        !request.http.head().headers.has("x-aig-dialect"))
        request.surface = surface_named(request.principal->dialect).value_or(request.surface);
    co_return Status{};
}

/// From here on the path has no key: neither the log nor an error can name it. Where the deployment wants no keys in
/// URLs, such a route is not there.
void take_key_out(Request& request, Match& match) {
    request.path.replace(match.key_at, std::string::npos, "[redacted]");
    if (!request.services.key_in_url) match.route = nullptr, match.allowed.clear();
}

rt::Task<Status> run(Request& request, const Route& route) {
    if (route.mark != Mark::once || !request.http.head().headers.has("idempotency-key")) return route.handler(request);
    const AccountId scope = request.principal ? request.principal->account
                            : request.session ? request.session->account
                                              : AccountId{};
    return run_once(request, scope, route.pattern, route.handler);
}

canon::Surface surface_by_key(const net::Headers& headers) {
    return choose_surface(headers, presented_key(headers)).value_or(canon::Surface::aigate);
}

/// The query stays out: on some routes it may carry a key. Names that need no escape are written as they stand: every
/// request has such a line.
void access_log(const Request& request) {
    if (!request.services.log_requests) return;
    thread_local std::string line;
    line.clear();
    // One copy for the line's members.
    const auto text = [](std::string_view name, std::string_view value) __attribute__((noinline)) {
        line += name;
        append_json_string(line, value);
    };
    const auto number = [](std::string_view name, int64_t value) {
        const fmt::format_int digits(value);
        line.append(name).append(digits.data(), digits.size());
    };
    text(R"({"ts":)", iso_utc(request.started_us));
    line += R"(,"event":"request")";
    text(R"(,"request_id":)", request.request_id);
    if (request.correlation_id != request.request_id) text(R"(,"correlation_id":)", request.correlation_id);
    text(R"(,"method":)", std::string_view(request.http.head().method).substr(0, 16));
    text(R"(,"path":)", std::string_view(request.path).substr(0, 200));
    number(R"(,"status":)", request.status);
    if (request.principal) text(R"(,"key":)", to_text(request.principal->key));
    number(R"(,"duration_us":)", (mono_ns() - request.started_mono_ns) / 1000);
    text(R"(,"peer":)", request.client);
    line += '}';
    log::write_line(line);
}
}  // namespace

Api::Api(Services services) : services_(std::move(services)) {}
Api::~Api() = default;

std::string Api::early_error(const Error& error) {
    return dialect::render_error(error, canon::Surface::aigate, new_ulid("req_"), "").body;
}

rt::Task<> Api::handle(net::Exchange& http) {
    static auto& requests = metrics::counter("aig_http_requests_total", "Requests whose head was read");
    requests.add();
    if (http.head().method == "OPTIONS") {
        co_await preflight(http);
        co_return;
    }
    Request request{http,     services_, normal_path(http.head().path), {}, new_ulid("req_"),
                    {},       {},        canon::Surface::aigate,        {}, now_us(),
                    mono_ns()};
    request.client = client_address(http.head().headers, http.peer(), services_.trusted_proxies);
    request.correlation_id = correlation(http.head().headers, request.request_id);
    request.own_surface = surface_of_path(http.head().path, http.head().headers);
    auto match = find_route(http.head().method, request.path);
    if (match.key_at) take_key_out(request, match);
    Status done;
    if (!match.route) {
        request.surface = request.own_surface ? *request.own_surface : surface_by_key(http.head().headers);
        const auto code = match.allowed.empty() ? ErrorCode::route_not_found : ErrorCode::method_not_allowed;
        done = Error(code,
                     fmt::format("there is no {} {}", http.head().method.substr(0, 16), request.path.substr(0, 200)));
    } else {
        auto decoded = net::percent_decode(match.arg);
        if (decoded) (match.key_at ? request.key_in_path : request.arg) = *std::move(decoded);
        done = co_await authenticate(request, *match.route);
        if (done) done = co_await run(request, *match.route);
    }
    if (!done) co_await answer_error(request, done.error(), std::move(match.allowed));
    access_log(request);
}

namespace {
/// Calls bring what their ticket says (reply_headers()); all other replies, errors too, what is left now.
void add_rates(net::Headers& h, const Request& request) {
    if (!request.principal || !request.services.limiter) return;
    const auto limits = gateway::rates_of(*request.principal);
    if (!limits.any()) return;
    const auto state = request.services.limiter->state(request.principal->line, limits, mono_ns(), now_us());
    gateway::add_rate_headers(h, state, request.surface, now_us());
}
}  // namespace

void add_common_headers(net::Headers& h, const Request& request) {
    add_rates(h, request);
    if (h.get("x-request-id").empty()) h.add("x-request-id", request.correlation_id);
    if (h.get("x-aig-request-id").empty()) h.add("x-aig-request-id", request.request_id);
    add_surface_headers(h, request);
}

void add_surface_headers(net::Headers& h, const Request& request) {
    if (request.surface == canon::Surface::anthropic) h.add("request-id", request.correlation_id);
    if (is_portal(request.path)) return add_portal_headers(h, request);
    if (request.http.head().headers.get("origin").empty())
        return;  // only browsers ask what another origin's page may read
    h.add("access-control-allow-origin", "*");
    h.add("access-control-expose-headers", exposed_headers);
}

rt::Task<Status> reply_json(Request& request, int status, std::string body) {
    if (request.once && !request.once->kept && status < 300) {
        store::Batch batch;
        batch.ops = keep_reply(request, status, body);
        CO_TRYV(co_await request.services.store->commit(std::move(batch)));
    }
    net::Headers h;
    h.add("content-type", "application/json");
    add_common_headers(h, request);
    request.status = status;
    net::Pieces pieces{body};
    auto sent = co_await request.http.respond(status, std::move(h), std::move(pieces));
    co_return sent;
}

}  // namespace aig::api
