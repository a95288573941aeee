#include "base/ids.h"

#include <openssl/rand.h>

#include <cstdlib>

#include "base/time.h"

namespace aig {
namespace {
constexpr char base32[] = "0123456789abcdefghjkmnpqrstvwxyz";  // Crockford: no i, l, o, u
constexpr char base32_upper[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr char base62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

void fill_random(void* p, size_t n) {
    // Without entropy no id or key would be safe; there is nothing sensible to go on with.
    if (RAND_bytes(static_cast<unsigned char*>(p), static_cast<int>(n)) != 1) std::abort();
}
}  // namespace

std::string id_text(std::string_view prefix, int64_t value) {
    char digits[13];
    int n = 0;
    auto v = static_cast<uint64_t>(value);
    do {
        digits[n++] = base32[v & 31];
        v >>= 5;
    } while (v);
    std::string out(prefix);
    while (n) out += digits[--n];
    return out;
}

std::optional<int64_t> id_value(std::string_view prefix, std::string_view text) {
    if (!text.starts_with(prefix)) return {};
    text.remove_prefix(prefix.size());
    if (text.empty() || text.size() > 13) return {};
    uint64_t v = 0;
    for (char c : text) {
        const auto at = std::string_view(base32, 32).find(c);
        if (at == std::string_view::npos) return {};
        v = v << 5 | at;
    }
    if (v > INT64_MAX) return {};
    return static_cast<int64_t>(v);
}

std::string random_bytes(size_t n) {
    std::string s(n, '\0');
    fill_random(s.data(), n);
    return s;
}

std::string random_base62(size_t n) {
    std::string out;
    out.reserve(n);
    unsigned char pool[64];
    while (out.size() < n) {
        fill_random(pool, sizeof pool);
        for (unsigned char b : pool)
            if (b < 248 && out.size() < n) out += base62[b % 62];  // 248 = 4 * 62: no bias
    }
    return out;
}

std::string new_ulid(std::string_view prefix) {
    // Eighty bits a call from a per-thread pool: one system random read serves 51 calls.
    thread_local unsigned char pool[510];
    thread_local size_t used = sizeof pool;
    if (used + 10 > sizeof pool) {
        fill_random(pool, sizeof pool);
        used = 0;
    }
    auto ms = static_cast<uint64_t>(now_ms());
    std::string out;
    out.reserve(prefix.size() + 26);
    out.append(prefix).append(26, '0');
    char* const ulid = out.data() + prefix.size();
    for (int i = 9; i >= 0; --i, ms >>= 5) ulid[i] = base32_upper[ms & 31];
    const unsigned char* r = pool + used;
    used += 10;
    for (size_t half = 0; half < 2; ++half) {
        uint64_t v = 0;
        for (size_t i = 0; i < 5; ++i) v = v << 8 | r[half * 5 + i];
        for (size_t i = 8; i-- > 0; v >>= 5) ulid[10 + half * 8 + i] = base32_upper[v & 31];
    }
    return out;
}
}  // namespace aig
