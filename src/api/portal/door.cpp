// Who comes in: cookies, sessions, the CSRF rules, the headers of every portal reply.
#include <openssl/crypto.h>

#include <algorithm>

#include "api/portal/detail/door.h"
#include "base/time.h"

namespace aig::api {
namespace {

std::string_view after(std::string_view text, std::string_view prefix) {
    return text.starts_with(prefix) ? text.substr(prefix.size()) : std::string_view();
}

/// "example.com:443" of "https://example.com:443/x".
std::string_view authority(std::string_view url) {
    const auto scheme = url.find("://");
    if (scheme == std::string_view::npos) return {};
    url.remove_prefix(scheme + 3);
    return url.substr(0, url.find_first_of("/?#"));
}

bool loopback_name(std::string_view host) {
    if (const auto colon = host.rfind(':'); colon != std::string_view::npos && host.back() != ']')
        host = host.substr(0, colon);
    return host == "localhost" || host == "127.0.0.1" || host == "[::1]";
}

bool unsafe(std::string_view method) { return method != "GET" && method != "HEAD"; }

Error not_ours(std::string why) { return Error(ErrorCode::csrf_refused, std::move(why)); }

bool same_secret(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

Status right_seat(const identity::Session& s, const Route& route) {
    const bool changes = unsafe(route.method);
    if (route.seat.unconfirmed) return {};  // her own session and password: nothing of an account
    if (!s.account) return Error(ErrorCode::scope_denied, "You are in no account; ask its owner for an invitation.");
    if (s.account_blocked && changes) return Error(ErrorCode::account_blocked, "This account is blocked.");
    if (s.role < route.seat.least)
        return Error(ErrorCode::scope_denied, std::string("This needs the role ")
                                                      .append(identity::role_name(route.seat.least))
                                                      .append("; yours is ")
                                                      .append(identity::role_name(s.role)) +
                                                  ".");
    if (!s.user.verified_us && changes)
        return Error(ErrorCode::verification_required, "The e-mail address is not confirmed yet.");
    return {};
}
}  // namespace

bool is_portal(std::string_view path) { return path.starts_with("/portal/"); }

/// Plain HTTP keeps its cookie only where nobody listens in: on the machine itself. Everywhere else a browser drops a
/// Secure cookie that came without TLS, and the log-in fails instead of leaking.
bool secure_cookies(const PortalOptions& options, std::string_view host) {
    return options.tls || options.public_url.starts_with("https://") || !loopback_name(host);
}

std::string session_cookie(const Request& request) {
    const auto& headers = request.http.head().headers;
    const bool secure = secure_cookies(request.services.portal->options(), headers.get("host"));
    const std::string_view name = secure ? "__Host-sid=" : "sid=";
    for (const auto& [header, value] : headers) {
        if (!net::iequals(header, "cookie")) continue;
        for (std::string_view rest = value; !rest.empty();) {
            const auto end = rest.find(';');
            auto pair = rest.substr(0, end);
            rest = end == std::string_view::npos ? "" : rest.substr(end + 1);
            while (pair.starts_with(' ')) pair.remove_prefix(1);
            if (const auto token = after(pair, name); !token.empty()) return std::string(token);
        }
    }
    return {};
}

/// JSON is what no HTML form can send.
Status own_page(const Request& request) {
    const auto& headers = request.http.head().headers;
    if (!unsafe(request.http.head().method)) return {};
    const auto site = headers.get("sec-fetch-site");
    const auto origin = headers.get("origin");
    if (!site.empty() && site != "same-origin") return not_ours("The request comes from another site.");
    if (site.empty() && origin.empty())
        return not_ours("The request does not say where it comes from (Sec-Fetch-Site or Origin).");
    if (!origin.empty()) {
        const auto from = authority(origin);
        const auto own = authority(request.services.portal->options().public_url);
        const bool ours = !from.empty() && (net::iequals(from, headers.get("host")) || net::iequals(from, own));
        if (!ours) return not_ours("The request's Origin is another site.");
    }
    const auto type = headers.get("content-type");
    const auto media = type.substr(0, type.find(';'));
    if (request.http.head().has_body() && media != "application/json")
        return Error(ErrorCode::media_type, "This route takes application/json only.");
    return {};
}

rt::Task<Status> take_seat(Request& request, const Route& route) {
    CO_TRYV(own_page(request));
    const auto token = session_cookie(request);
    if (token.empty()) co_return Error(ErrorCode::login_required, "No session cookie was sent.");
    auto session = std::make_shared<identity::Session>();
    std::function<Status(store::Db&)> read = [session, token](store::Db& db) -> Status {
        TRY(*session, identity::Users::session_in(db, token, now_us()));
        return {};
    };
    CO_TRYV(co_await request.services.store->read(std::move(read)));
    const auto csrf = request.http.head().headers.get("x-csrf-token");
    if (unsafe(request.http.head().method) && !same_secret(csrf, identity::csrf_token(token)))
        co_return not_ours("x-csrf-token is missing, or not this session's.");
    CO_TRYV(right_seat(*session, route));
    if (identity::Users::stale(*session, now_us())) request.services.portal->users().touch(session->id, now_us());
    request.session = std::move(session);
    co_return Status{};
}

void add_portal_headers(net::Headers& h, const Request& request) {
    h.add("cache-control", "no-store");
    h.add("content-security-policy", "default-src 'none'; frame-ancestors 'none'");
    h.add("x-content-type-options", "nosniff");
    h.add("referrer-policy", "no-referrer");
    h.add("cross-origin-resource-policy", "same-origin");
    h.add("vary", "cookie");
    if (request.services.portal && request.services.portal->options().tls)
        h.add("strict-transport-security", "max-age=31536000");
}

}  // namespace aig::api
