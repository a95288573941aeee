#include "dialect/openai_chat/vectors.h"

#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "base/json.h"

namespace aig::dialect::openai {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

Error garbage() {
    return Error(ErrorCode::upstream_garbage, "an embedding of the provider is neither numbers nor base64 of float32");
}

std::string encode64(std::string_view bytes) {
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (size_t i = 0; i < bytes.size(); i += 3) {
        uint32_t v = 0;
        for (size_t k = 0; k < 3; ++k)
            v = v << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u);
        for (size_t k = 0; k < 4; ++k) out += i + k <= bytes.size() ? alphabet[v >> (18 - 6 * k) & 63] : '=';
    }
    return out;
}

Result<std::string> decode64(std::string_view text) {
    while (text.ends_with('=')) text.remove_suffix(1);
    std::string out;
    uint32_t v = 0, bits = 0;
    for (const char c : text) {
        const size_t digit = alphabet.find(c);
        if (digit == std::string_view::npos) return garbage();
        v = v << 6 | static_cast<uint32_t>(digit);
        bits += 6;
        if (bits >= 8) out += static_cast<char>(v >> (bits -= 8) & 255);
    }
    return out;
}

std::string numbers_to_base64(JsonRef list, bool& good) {
    std::string bytes;
    bytes.reserve(list.size() * 4);
    for (const JsonRef item : list) {
        float f = 0;
        const auto raw = item.raw();
        const auto [end, error] = std::from_chars(raw.data(), raw.data() + raw.size(), f);
        good = good && item.is_number() && end == raw.data() + raw.size() &&
               (error == std::errc{} || error == std::errc::result_out_of_range);
        const auto bits = std::bit_cast<uint32_t>(f);
        for (int k = 0; k < 4; ++k) bytes += static_cast<char>(bits >> (8 * k) & 255);
    }
    return encode64(bytes);
}

Result<std::string> base64_to_numbers(std::string_view text) {
    TRY(const std::string bytes, decode64(text));
    if (bytes.empty() || bytes.size() % 4) return garbage();
    std::string out = "[";
    char digits[32];
    for (size_t i = 0; i < bytes.size(); i += 4) {
        uint32_t bits = 0;
        for (size_t k = 4; k-- > 0;) bits = bits << 8 | static_cast<unsigned char>(bytes[i + k]);
        const auto f = std::bit_cast<float>(bits);
        if (!std::isfinite(f)) return garbage();
        if (i) out += ',';
        out.append(digits, std::to_chars(digits, digits + sizeof digits, f).ptr);
    }
    return out + ']';
}
}  // namespace

Result<std::string> vector_as(std::string_view json, bool base64) {
    const bool is_text = json.starts_with('"');
    if (is_text == base64) return std::string(json);
    TRY(const auto doc, JsonDoc::parse(json));
    if (is_text) return base64_to_numbers(doc.root().text());
    bool good = doc.root().is_array() && doc.root().size() > 0;
    const std::string text = numbers_to_base64(doc.root(), good);
    if (!good) return garbage();
    return '"' + text + '"';
}

}  // namespace aig::dialect::openai
