#include "base/ip.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace aig {
namespace {
constexpr unsigned char v4_head[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr size_t max_text = INET6_ADDRSTRLEN;

bool is_v4(const IpAddress& a) { return std::equal(std::begin(v4_head), std::end(v4_head), a.bytes.begin()); }

/// The bit at `i` and all behind it are zero.
bool clear_behind(const IpAddress& a, int bits) {
    for (int i = bits; i < 128; ++i)
        if (a.bytes[static_cast<size_t>(i / 8)] >> (7 - i % 8) & 1) return false;
    return true;
}

Error bad_block(std::string_view text, std::string_view why) {
    return Error(ErrorCode::bad_param, fmt::format("'{}' {}.", text.substr(0, 64), why));
}
}  // namespace

std::optional<IpAddress> parse_ip(std::string_view text) {
    if (text.empty() || text.size() >= max_text) return {};
    char z[max_text + 1] = {};
    std::copy(text.begin(), text.end(), z);
    IpAddress out;
    if (text.find(':') != std::string_view::npos) {
        if (inet_pton(AF_INET6, z, out.bytes.data()) != 1) return {};
        return out;
    }
    std::copy(std::begin(v4_head), std::end(v4_head), out.bytes.begin());
    if (inet_pton(AF_INET, z, out.bytes.data() + 12) != 1) return {};
    return out;
}

std::string to_text(const IpAddress& address) {
    char text[max_text + 1] = {};
    if (is_v4(address))
        inet_ntop(AF_INET, address.bytes.data() + 12, text, sizeof text);
    else
        inet_ntop(AF_INET6, address.bytes.data(), text, sizeof text);
    return text;
}

bool IpBlock::contains(const IpAddress& address) const {
    const auto whole = static_cast<size_t>(bits / 8);
    if (std::memcmp(first.bytes.data(), address.bytes.data(), whole) != 0) return false;
    const int rest = bits % 8;
    return rest == 0 || (first.bytes[whole] ^ address.bytes[whole]) >> (8 - rest) == 0;
}

Result<IpBlock> parse_ip_block(std::string_view text) {
    const auto slash = text.find('/');
    const auto address = parse_ip(text.substr(0, slash));
    if (!address) return bad_block(text, "is no IP address or block; write 203.0.113.7, 10.0.0.0/8 or 2001:db8::/32");
    if (slash == std::string_view::npos) return IpBlock{*address, 128};
    const auto digits = text.substr(slash + 1);
    const int most = text.find(':') == std::string_view::npos ? 32 : 128;
    int bits = -1;
    const auto [end, ec] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
    if (digits.empty() || ec != std::errc{} || end != digits.data() + digits.size() || bits < 0 || bits > most)
        return bad_block(text, fmt::format("has no prefix length from 0 to {}", most));
    bits += 128 - most;
    if (!clear_behind(*address, bits)) return bad_block(text, "has bits set behind its prefix length");
    return IpBlock{*address, bits};
}

}  // namespace aig
