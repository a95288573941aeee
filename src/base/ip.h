// IP addresses and CIDR blocks as values: parsed once, compared as 16 bytes (IPv4 as ::ffff:a.b.c.d, so that a peer on
// a dual-stack socket and the same address written as IPv4 are one). Pure; any thread. Refuses names, zones, ports,
// leading zeros and blocks with bits set behind the prefix.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace aig {

struct IpAddress {
    std::array<unsigned char, 16> bytes{};
    auto operator<=>(const IpAddress&) const = default;
};

/// "203.0.113.7", "2001:db8::1", "::ffff:203.0.113.7"; nothing else.
std::optional<IpAddress> parse_ip(std::string_view text);
/// As parse_ip reads it back: IPv4 where it is one.
std::string to_text(const IpAddress& address);

struct IpBlock {
    IpAddress first;
    int bits = 128;  ///< of the 128
    bool contains(const IpAddress& address) const;
};

/// An address (a block of one) or "10.0.0.0/8", "2001:db8::/32". bad_param says what is wrong with it.
Result<IpBlock> parse_ip_block(std::string_view text);

}  // namespace aig
