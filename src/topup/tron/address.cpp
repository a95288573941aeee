#include "topup/tron/address.h"

#include <openssl/sha.h>

#include <algorithm>
#include <cstring>

namespace aig::topup::tron {
namespace {
constexpr std::string_view alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
constexpr uint8_t main_net = 0x41;
constexpr size_t text_length = 34, whole = 25;  // prefix, account, checksum
using Whole = std::array<uint8_t, whole>;

void write_checksum(Whole& bytes) {
    uint8_t once[SHA256_DIGEST_LENGTH], twice[SHA256_DIGEST_LENGTH];
    SHA256(bytes.data(), whole - 4, once);
    SHA256(once, sizeof once, twice);
    std::memcpy(bytes.data() + whole - 4, twice, 4);
}

/// Nothing when the number needs more than 25 bytes or a character is none of the alphabet's.
std::optional<Whole> number_of(std::string_view text) {
    Whole bytes{};
    for (const char c : text) {
        const auto digit = alphabet.find(c);
        if (digit == std::string_view::npos) return {};
        uint32_t carry = static_cast<uint32_t>(digit);
        for (size_t i = whole; i-- > 0;) {
            carry += bytes[i] * 58u;
            bytes[i] = static_cast<uint8_t>(carry);
            carry >>= 8;
        }
        if (carry) return {};
    }
    return bytes;
}

std::string text_of(Whole bytes) {
    std::string text;
    while (std::any_of(bytes.begin(), bytes.end(), [](uint8_t b) { return b != 0; })) {
        uint32_t rest = 0;
        for (auto& b : bytes) {
            rest = rest << 8 | b;
            b = static_cast<uint8_t>(rest / 58);
            rest %= 58;
        }
        text += alphabet[rest];
    }
    std::reverse(text.begin(), text.end());
    return text;
}

int digit_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}
}  // namespace

std::optional<Address> from_base58(std::string_view text) {
    if (text.size() != text_length) return {};
    const auto bytes = number_of(text);
    if (!bytes || (*bytes)[0] != main_net) return {};
    Address address;
    std::copy_n(bytes->begin() + 1, address.account.size(), address.account.begin());
    return to_base58(address) == text ? std::optional(address) : std::nullopt;
}

std::string to_base58(const Address& address) {
    Whole bytes{};
    bytes[0] = main_net;
    std::copy(address.account.begin(), address.account.end(), bytes.begin() + 1);
    write_checksum(bytes);
    return text_of(bytes);
}

std::optional<std::string> bytes_of_hex(std::string_view digits) {
    if (digits.size() % 2) return {};
    std::string bytes;
    bytes.reserve(digits.size() / 2);
    for (size_t i = 0; i < digits.size(); i += 2) {
        const int high = digit_value(digits[i]), low = digit_value(digits[i + 1]);
        if (high < 0 || low < 0) return {};
        bytes += static_cast<char>(high << 4 | low);
    }
    return bytes;
}

std::optional<Address> from_hex(std::string_view digits) {
    if (digits.size() == 42 && digits.starts_with("41")) digits.remove_prefix(2);
    if (digits.size() != 40) return {};
    const auto bytes = bytes_of_hex(digits);
    if (!bytes) return {};
    Address address;
    std::memcpy(address.account.data(), bytes->data(), address.account.size());
    return address;
}

std::string to_hex(const Address& address) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const uint8_t b : address.account) {
        text += digits[b >> 4];
        text += digits[b & 15];
    }
    return text;
}

}  // namespace aig::topup::tron
