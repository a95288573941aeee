#include "net/detail/proxy.h"

#include <openssl/evp.h>

#include <cstdlib>

namespace aig::net::detail {
namespace {

std::string base64(std::string_view text) {
    std::string out(4 * ((text.size() + 2) / 3) + 1, '\0');
    const int n = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                  reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
    out.resize(static_cast<size_t>(n));
    return out;
}

Result<Proxy> parse_proxy(std::string url) {
    Proxy out;
    if (url.find("://") == std::string::npos) url = "http://" + url;
    const size_t at = url.rfind('@');
    std::string user;
    if (at != std::string::npos) {
        const size_t start = url.find("://") + 3;
        if (at < start) return Error(ErrorCode::config_invalid, "the proxy's URL is malformed");
        user = url.substr(start, at - start);
        url.erase(start, at + 1 - start);
    }
    // Its text is not repeated in the error: it may hold a password.
    auto parsed = parse_upstream(url);
    if (!parsed || parsed->tls || !parsed->base_path.empty()) {
        return Error(ErrorCode::config_invalid, "the proxy must be http://[user:password@]host[:port]");
    }
    out.host = parsed->host;
    const bool has_port = url.find_last_of(':') > url.find_last_of("/]");
    out.port = has_port ? parsed->port : 8080;
    if (!user.empty()) {
        TRY(const std::string decoded, percent_decode(user));
        out.authorization = "Basic " + base64(decoded);
    }
    return out;
}

std::string first_of(const Environment& environment, std::initializer_list<const char*> names) {
    for (const char* name : names) {
        std::string value = environment(name);
        if (!value.empty()) return value;
    }
    return {};
}

}  // namespace

std::string process_environment(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

/// Entries: "*", "host", ".domain" or "domain" (with everything below it), each with an optional ":port".
bool no_proxy_covers(std::string_view list, std::string_view host, uint16_t port) {
    while (!list.empty()) {
        const size_t comma = list.find(',');
        std::string_view entry = list.substr(0, comma);
        list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
        while (entry.starts_with(' ')) entry.remove_prefix(1);
        while (entry.ends_with(' ')) entry.remove_suffix(1);
        if (entry == "*") return true;
        const size_t colon = entry.rfind(':');
        if (colon != std::string_view::npos && entry.find(':') == colon) {
            if (entry.substr(colon + 1) != std::to_string(port)) continue;
            entry = entry.substr(0, colon);
        }
        if (entry.starts_with('.')) entry.remove_prefix(1);
        if (entry.empty()) continue;
        if (iequals(entry, host)) return true;
        if (host.size() > entry.size() && host[host.size() - entry.size() - 1] == '.' &&
            iequals(host.substr(host.size() - entry.size()), entry)) {
            return true;
        }
    }
    return false;
}

Result<std::optional<Proxy>> choose_proxy(const Upstream& upstream, const Environment& environment) {
    std::string url = upstream.proxy;
    if (url == "none") return std::optional<Proxy>();
    if (url.empty()) {
        const std::string exempt = first_of(environment, {"no_proxy", "NO_PROXY"});
        if (no_proxy_covers(exempt, upstream.host, upstream.port)) return std::optional<Proxy>();
        // Loopback is never what a proxy is for, and local model servers are common.
        if (upstream.host == "localhost" || upstream.host == "::1" || upstream.host.starts_with("127."))
            return std::optional<Proxy>();
        url = upstream.tls ? first_of(environment, {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"})
                           : first_of(environment, {"http_proxy", "all_proxy", "ALL_PROXY"});
    }
    if (url.empty()) return std::optional<Proxy>();
    TRY(Proxy proxy, parse_proxy(std::move(url)));
    return std::optional<Proxy>(std::move(proxy));
}

}  // namespace aig::net::detail
