#include "provider/base64.h"

#include <array>
#include <cstdint>

namespace aig::provider {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<int8_t, 256> make_values() {
    std::array<int8_t, 256> v{};
    v.fill(-1);
    for (size_t i = 0; i < alphabet.size(); ++i) v[static_cast<unsigned char>(alphabet[i])] = static_cast<int8_t>(i);
    v['-'] = 62;
    v['_'] = 63;
    return v;
}
constexpr auto values = make_values();

}  // namespace

std::optional<std::string> base64_bytes(std::string_view text) {
    while (text.ends_with('=')) text.remove_suffix(1);
    if (text.size() % 4 == 1) return {};
    std::string out;
    out.reserve(text.size() * 3 / 4);
    uint32_t bits = 0;
    int have = 0;
    for (const char c : text) {
        const int v = values[static_cast<unsigned char>(c)];
        if (v < 0) return {};
        bits = (bits << 6) | static_cast<uint32_t>(v);
        if ((have += 6) < 8) continue;
        have -= 8;
        out += static_cast<char>((bits >> have) & 0xFF);
    }
    return out;
}

std::string base64_text(std::string_view bytes) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (size_t i = 0; i < bytes.size(); i += 3) {
        const auto piece = bytes.substr(i, 3);
        uint32_t bits = 0;
        for (size_t k = 0; k < 3; ++k)
            bits = (bits << 8) | (k < piece.size() ? static_cast<unsigned char>(piece[k]) : 0u);
        for (size_t k = 0; k < 4; ++k) out += k <= piece.size() ? alphabet[(bits >> (18 - 6 * k)) & 63] : '=';
    }
    return out;
}

std::string base64_url_text(std::string_view bytes) {
    std::string out = base64_text(bytes);
    while (out.ends_with('=')) out.pop_back();
    for (char& c : out) c = c == '+' ? '-' : c == '/' ? '_' : c;
    return out;
}

}  // namespace aig::provider
