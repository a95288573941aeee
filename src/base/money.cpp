#include "base/money.h"

#include <charconv>

#include <fmt/format.h>

namespace aig {
namespace {
Error refuse(std::string_view what, std::string_view text, std::string_view why) {
    return Error(ErrorCode::bad_param, fmt::format("{}: '{}' {}", what, text.substr(0, 48), why))
        .param(std::string(what));
}
}  // namespace

Result<int64_t> parse_decimal(std::string_view text, int places, std::string_view what) {
    const auto whole_text = text;
    if (text.empty() || text.size() > 40) return refuse(what, whole_text, "is not a decimal number");
    const bool negative = text.front() == '-';
    if (negative || text.front() == '+') text.remove_prefix(1);
    std::string digits;
    int scale = 0, seen = 0;  // scale: digits after the point
    bool point = false;
    size_t i = 0;
    for (; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '.' && !point) {
            point = true;
            continue;
        }
        if (c < '0' || c > '9') break;
        ++seen;
        if (point) ++scale;
        if (!digits.empty() || c != '0') digits += c;
    }
    if (!seen) return refuse(what, whole_text, "is not a decimal number");
    if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
        auto first = text.data() + i + 1;
        const auto last = text.data() + text.size();
        if (first != last && *first == '+') ++first;
        int exponent = 0;
        const auto [end, bad] = std::from_chars(first, last, exponent);
        if (bad != std::errc{} || end != last || exponent > 100 || exponent < -100)
            return refuse(what, whole_text, "has a bad exponent");
        scale -= exponent;
        i = text.size();
    }
    if (i != text.size()) return refuse(what, whole_text, "is not a decimal number");
    while (scale > places && !digits.empty() && digits.back() == '0') {
        digits.pop_back();
        --scale;
    }
    if (digits.empty()) return int64_t{0};
    if (scale > places) return refuse(what, whole_text, fmt::format("has more than {} decimal places", places));
    if (digits.size() + static_cast<size_t>(places - scale) > 19) return refuse(what, whole_text, "is too large");
    digits.append(static_cast<size_t>(places - scale), '0');
    int64_t value = 0;
    const auto [end, bad] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (bad != std::errc{}) return refuse(what, whole_text, "is too large");
    return negative ? -value : value;
}

void append_decimal(std::string& out, int64_t value, int places, int keep) {
    uint64_t v = value < 0 ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
    if (value < 0) out += '-';
    char buf[24];
    auto end = std::to_chars(buf, buf + sizeof buf, v).ptr;
    std::string digits(buf, end);
    const auto p = static_cast<size_t>(places);
    if (digits.size() <= p) digits.insert(0, p + 1 - digits.size(), '0');
    std::string_view fraction = std::string_view(digits).substr(digits.size() - p);
    out.append(digits, 0, digits.size() - p);
    while (fraction.size() > static_cast<size_t>(keep) && fraction.ends_with('0')) fraction.remove_suffix(1);
    if (!fraction.empty()) out.append(1, '.').append(fraction);
}
}  // namespace aig
