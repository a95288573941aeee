#include "identity/password.h"

#include <sodium.h>

#include <array>
#include <mutex>

namespace aig::identity {
namespace {
constexpr unsigned long long passes = 2;
constexpr size_t memory = 19u << 20;

bool ready() {
    static const bool started = sodium_init() >= 0;
    return started;
}

/// libsodium wants a C string.
using Text = std::array<char, crypto_pwhash_STRBYTES>;
bool as_text(std::string_view hash, Text& text) {
    if (hash.empty() || hash.size() >= text.size()) return false;
    text.fill('\0');
    hash.copy(text.data(), hash.size());
    return true;
}

/// What nobody's password is compared with, so that a missing user costs the same time.
const std::string& nobodys_hash() {
    static const std::string hash = hash_password("nobody has this password").value_or("");
    return hash;
}
}  // namespace

Result<std::string> hash_password(std::string_view password) {
    Text text{};
    if (!ready() || crypto_pwhash_str_alg(text.data(), password.data(), password.size(), passes, memory,
                                          crypto_pwhash_ALG_ARGON2ID13) != 0)
        return Error(ErrorCode::overloaded, "There is not enough memory to hash a password.").retry_after_ms(1000);
    return std::string(text.data());
}

bool password_matches(std::string_view hash, std::string_view password) {
    Text text{};
    const bool real = as_text(hash, text);
    if (!ready() || (!real && !as_text(nobodys_hash(), text))) return false;
    const bool same = crypto_pwhash_str_verify(text.data(), password.data(), password.size()) == 0;
    return same && real;
}

bool outdated_hash(std::string_view hash) {
    Text text{};
    return as_text(hash, text) && crypto_pwhash_str_needs_rehash(text.data(), passes, memory) != 0;
}

}  // namespace aig::identity
