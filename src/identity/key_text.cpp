// The hash function itself, not EVP around it.
#define OPENSSL_SUPPRESS_DEPRECATED
#include <fmt/format.h>
#include <openssl/sha.h>

#include <cstdlib>

#include "identity/detail/key_text.h"

namespace aig::identity {
namespace {
constexpr std::string_view base62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr size_t checksum_chars = 6;

/// A form whose last six characters are the CRC-32 of everything before them, so that scanners (and we) know a typing
/// error without asking anybody.
struct CheckedForm {
    std::string_view prefix;
    size_t random_chars;
    size_t length() const { return prefix.size() + random_chars + checksum_chars; }
};
constexpr CheckedForm checked_forms[] = {{"sk-aig-", 40}, {"gw_", 40}, {"sk-", 42}};
constexpr std::string_view prefixes[] = {"sk_live_", "sk-aig-", "gw_", "sk-"};  // longest first

constexpr std::array<uint32_t, 256> crc_table = [] {
    std::array<uint32_t, 256> table{};
    for (uint32_t i = 0; i < 256; ++i) {
        uint32_t c = i;
        for (int bit = 0; bit < 8; ++bit) c = c & 1 ? 0xEDB88320u ^ c >> 1 : c >> 1;
        table[i] = c;
    }
    return table;
}();

uint32_t crc32(std::string_view bytes) {
    uint32_t c = 0xFFFFFFFFu;
    for (const char b : bytes) c = crc_table[(c ^ static_cast<unsigned char>(b)) & 0xFF] ^ c >> 8;
    return ~c;
}

std::string checksum(std::string_view before) {
    std::string out(checksum_chars, '0');
    uint32_t v = crc32(before);
    for (size_t i = checksum_chars; i-- > 0; v /= 62) out[i] = base62[v % 62];
    return out;
}

std::string uuid_v4() {
    auto b = random_bytes(16);
    b[6] = static_cast<char>((b[6] & 0x0F) | 0x40);
    b[8] = static_cast<char>((b[8] & 0x3F) | 0x80);
    std::string out;
    for (size_t i = 0; i < 16; ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
        fmt::format_to(std::back_inserter(out), "{:02x}", static_cast<unsigned char>(b[i]));
    }
    return out;
}
}  // namespace

std::string_view key_prefix(std::string_view key) {
    for (const auto prefix : prefixes)
        if (key.starts_with(prefix)) return prefix;
    return {};
}

bool checksum_ok(std::string_view key) {
    const auto prefix = key_prefix(key);
    for (const auto& form : checked_forms)
        if (form.prefix == prefix && key.size() == form.length())
            return key.substr(key.size() - checksum_chars) == checksum(key.substr(0, key.size() - checksum_chars));
    return true;
}

Result<std::string> mint_key(std::string_view prefix) {
    for (const auto& form : checked_forms) {
        if (form.prefix != prefix) continue;
        auto key = std::string(prefix) + random_base62(form.random_chars);
        // "sk-" + "aig-..." would be read as the longer prefix; base62 has no '-', so it cannot happen.
        return key + checksum(key);
    }
    if (prefix == "sk_live_") return "sk_live_" + random_base62(12) + "_" + random_base62(24);
    if (prefix == "none") return uuid_v4();
    return Error(ErrorCode::bad_param,
                 fmt::format("There is no key prefix '{}'; use sk-aig-, sk_live_, gw_, sk- or none.",
                             prefix.substr(0, 32)))
        .param("prefix");
}

bool plausible(std::string_view key) {
    if (key.empty() || key.size() > max_key_bytes) return false;
    for (const char c : key)
        if (c <= ' ' || c > '~') return false;
    return checksum_ok(key);
}

std::string shown_key(std::string_view key) {
    return fmt::format("{}...{}", key.substr(0, 12), key.substr(key.size() - std::min<size_t>(key.size(), 4)));
}

KeyHash hash_key(std::string_view key) {
    // Not by EVP, whose way to the same code is longer than the hash of a key takes.
    SHA256_CTX sha;
    KeyHash out;
    const bool ok = SHA256_Init(&sha) == 1 && SHA256_Update(&sha, key.data(), key.size()) == 1 &&
                    SHA256_Final(out.bytes.data(), &sha) == 1;
    if (!ok) std::abort();  // a hash that silently stayed zero would make all keys one
    return out;
}

std::string KeyHash::hex() const {
    std::string out;
    for (const auto b : bytes) fmt::format_to(std::back_inserter(out), "{:02x}", b);
    return out;
}

KeyHash KeyHash::from_hex(std::string_view hex) {
    const auto digit = [](char c) { return static_cast<unsigned>(c <= '9' ? c - '0' : c - 'a' + 10); };
    KeyHash out;
    if (hex.size() == 64)
        for (size_t i = 0; i < 32; ++i)
            out.bytes[i] = static_cast<unsigned char>(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
    return out;
}

}  // namespace aig::identity
