// The root key: 32 bytes, from the environment or a file beside the database. Wiped when it goes.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "base/result.h"

namespace aig::store {

struct RootKey {
    std::array<unsigned char, 32> bytes{};
    RootKey() = default;
    RootKey(const RootKey&) = default;
    RootKey& operator=(const RootKey&) = default;
    ~RootKey();
    static RootKey fresh();
    /// Names the key without telling it.
    std::string fingerprint() const;
};

/// 64 hex digits. `from` is named in the error, the text never is.
Result<RootKey> root_key_of(std::string_view text, std::string_view from);
/// nothing there: resource_not_found.
Result<RootKey> read_root_key(const std::string& path);
/// Durable before it returns; 0600; never over an existing file.
Status write_root_key(const std::string& path, const RootKey& key);
/// Puts `from` in the place of `to`, durably.
Status replace_root_key(const std::string& from, const std::string& to);

/// XChaCha20-Poly1305: nonce and ciphertext with its tag.
std::string encrypt(std::string_view plain, std::string_view bound_to, const unsigned char key[32]);
/// internal when key, place or a byte is another.
Result<std::string> decrypt(std::string_view sealed, std::string_view bound_to, const unsigned char key[32]);

}  // namespace aig::store
