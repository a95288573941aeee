// A TRON address: 21 bytes, 0x41 and the 20 bytes of the account. Outside it is base58check text ("T…", 34 characters):
// base58 of the 21 bytes and the first four of their double SHA-256. Nodes write it as 42 hex digits, event logs as the
// last 40. Pure.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aig::topup::tron {

struct Address {
    std::array<uint8_t, 20> account{};
    auto operator<=>(const Address&) const = default;
};

/// Nothing unless the text is exactly what to_base58() gives for an address: checksum, prefix and length included.
std::optional<Address> from_base58(std::string_view text);
std::string to_base58(const Address& address);
/// 40 digits of a log ("a614…"), or 42 with the prefix ("41a614…"); "0x" is not written by nodes and not taken.
std::optional<Address> from_hex(std::string_view digits);
/// 40 digits, lower case.
std::string to_hex(const Address& address);

/// Both cases of digits; nothing for an odd count or another character.
std::optional<std::string> bytes_of_hex(std::string_view digits);

}  // namespace aig::topup::tron
