// The text of API keys: their forms, their checksum, their hash at rest, what of them may be shown. Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "identity/identity.h"

namespace aig::identity {

/// SHA-256 of a whole key: what rests, and what every table in memory is indexed by.
struct KeyHash {
    std::array<unsigned char, 32> bytes{};
    bool operator==(const KeyHash&) const = default;
    /// Any eight bytes of a cryptographic hash are a good table index.
    uint64_t word(size_t i = 0) const {
        uint64_t v;
        std::memcpy(&v, bytes.data() + i * 8, 8);
        return v;
    }
    std::string hex() const;
    static KeyHash from_hex(std::string_view hex);
    struct Index {
        size_t operator()(const KeyHash& h) const { return h.word(1); }
    };
};

constexpr size_t max_key_bytes = 256;

KeyHash hash_key(std::string_view key);
/// Could this text be a key at all: 1 to 256 visible ASCII characters and no wrong checksum.
bool plausible(std::string_view key);
/// First 12 ... last 4.
std::string shown_key(std::string_view key);

}  // namespace aig::identity
