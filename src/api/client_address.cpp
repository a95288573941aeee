#include "api/client_address.h"

#include <algorithm>
#include <optional>

namespace aig::api {
namespace {

std::string_view trimmed(std::string_view s) {
    while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
    while (!s.empty() && (s.back() == ' ' || s.back() == '\t')) s.remove_suffix(1);
    return s;
}

std::string_view unquoted(std::string_view s) {
    return s.size() >= 2 && s.front() == '"' && s.back() == '"' ? s.substr(1, s.size() - 2) : s;
}

/// "203.0.113.7", "203.0.113.7:4711", "2001:db8::1", "[2001:db8::1]:4711".
std::optional<IpAddress> address_of(std::string_view text) {
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        const auto rest = end == std::string_view::npos ? "x" : text.substr(end + 1);
        return rest.empty() || rest.starts_with(':') ? parse_ip(text.substr(1, end - 1)) : std::nullopt;
    }
    if (std::count(text.begin(), text.end(), ':') == 1) text = text.substr(0, text.find(':'));
    return parse_ip(text);
}

/// The for= of one element of Forwarded; "" when it has none.
std::string_view forwarded_for(std::string_view element) {
    while (!element.empty()) {
        const auto pair = trimmed(element.substr(0, element.find(';')));
        const auto eq = pair.find('=');
        if (eq != std::string_view::npos && net::iequals(trimmed(pair.substr(0, eq)), "for"))
            return unquoted(trimmed(pair.substr(eq + 1)));
        const auto semicolon = element.find(';');
        element = semicolon == std::string_view::npos ? std::string_view() : element.substr(semicolon + 1);
    }
    return {};
}

bool is_trusted(const IpAddress& a, const std::vector<IpBlock>& trusted) {
    return std::any_of(trusted.begin(), trusted.end(), [&](const IpBlock& b) { return b.contains(a); });
}

/// From the right, past the trusted ones. Nothing when an entry on the way is no address.
std::optional<IpAddress> walk(const net::Headers& headers, std::string_view name, bool forwarded,
                              const std::vector<IpBlock>& trusted) {
    std::string all;  // several lines of one name are one list
    for (const auto& [n, v] : headers)
        if (net::iequals(n, name)) all.append(all.empty() ? "" : ",").append(v);
    std::string_view rest = all;
    std::optional<IpAddress> found;
    while (true) {
        const auto comma = rest.rfind(',');
        const auto entry = trimmed(comma == std::string_view::npos ? rest : rest.substr(comma + 1));
        found = address_of(forwarded ? forwarded_for(entry) : entry);
        if (!found || !is_trusted(*found, trusted) || comma == std::string_view::npos) return found;
        rest = rest.substr(0, comma);
    }
}
}  // namespace

std::string client_address(const net::Headers& headers, const std::string& peer, const std::vector<IpBlock>& trusted) {
    if (trusted.empty()) return peer;
    const auto from = parse_ip(peer);
    if (!from || !is_trusted(*from, trusted)) return peer;
    const bool xff = headers.has("x-forwarded-for"), forwarded = headers.has("forwarded");
    if (!xff && !forwarded) return peer;
    const auto by_xff = xff ? walk(headers, "x-forwarded-for", false, trusted) : std::nullopt;
    const auto by_forwarded = forwarded ? walk(headers, "forwarded", true, trusted) : std::nullopt;
    if (xff && forwarded && by_xff != by_forwarded) return {};
    const auto& found = xff ? by_xff : by_forwarded;
    return found ? to_text(*found) : std::string();
}

}  // namespace aig::api
