#include <algorithm>
#include <charconv>

#include "net/client.h"
#include "net/detail/framing.h"

namespace aig::net {
namespace {

Error bad_url(std::string_view what) { return Error(ErrorCode::bad_param, "the base URL " + std::string(what)); }

bool has_control_or_blank(std::string_view text) {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || c == '\\'; });
}

Result<uint16_t> parse_port(std::string_view digits) {
    unsigned port = 0;
    const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (ec != std::errc() || end != digits.data() + digits.size() || port == 0 || port > 65535)
        return bad_url("has a bad port");
    return static_cast<uint16_t>(port);
}

}  // namespace

Result<Upstream> parse_upstream(std::string_view base_url) {
    Upstream out;
    if (has_control_or_blank(base_url)) return bad_url("holds a blank, a backslash or a control byte");
    std::string_view rest = base_url;
    if (rest.starts_with("https://")) {
        out.tls = true;
        out.port = 443;
        rest.remove_prefix(8);
    } else if (rest.starts_with("http://")) {
        rest.remove_prefix(7);
    } else {
        return bad_url("must begin with http:// or https://");
    }
    if (rest.find_first_of("?#") != std::string_view::npos) return bad_url("must have no query and no fragment");
    const size_t slash = rest.find('/');
    std::string_view authority = rest.substr(0, slash);
    if (authority.find('@') != std::string_view::npos) return bad_url("must hold no user or password");
    if (slash != std::string_view::npos) out.base_path = rest.substr(slash);
    while (out.base_path.ends_with('/')) out.base_path.pop_back();

    size_t colon = authority.rfind(':');
    if (authority.starts_with('[')) {
        const size_t close = authority.find(']');
        if (close == std::string_view::npos) return bad_url("has a broken IPv6 address");
        out.host = authority.substr(1, close - 1);
        colon = close + 1 < authority.size() ? close + 1 : std::string_view::npos;
        if (colon != std::string_view::npos && authority[colon] != ':') return bad_url("has a broken IPv6 address");
    } else {
        out.host = authority.substr(0, colon);
    }
    if (out.host.empty() || !detail::is_host(authority)) return bad_url("has no valid host");
    if (colon != std::string_view::npos) {
        TRY(out.port, parse_port(authority.substr(colon + 1)));
    }
    return out;
}

std::string Upstream::host_header() const {
    std::string out = host.find(':') == std::string::npos ? host : "[" + host + "]";
    if (port != (tls ? 443 : 80)) out += ":" + std::to_string(port);
    return out;
}

}  // namespace aig::net
