// The texts behind durations, sizes and addresses.
#include <charconv>

#include <fmt/format.h>

#include "base/settings.h"

namespace aig::settings {
namespace {
struct Unit {
    std::string_view name;
    int64_t factor;
};
constexpr Unit time_units[] = {{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
constexpr Unit size_units[] = {
    {"", 1},          {"B", 1},         {"KB", 1'000},   {"MB", 1'000'000}, {"GB", 1'000'000'000},
    {"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}};

Error refuse(std::string message) { return Error(ErrorCode::config_invalid, std::move(message)); }

Result<int64_t> with_unit(std::string_view text, std::span<const Unit> units, std::string_view expected) {
    int64_t n = 0;
    const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), n);
    const auto unit = text.substr(static_cast<size_t>(end - text.data()));
    if (bad == std::errc{} && n >= 0)
        for (const auto& u : units) {
            int64_t v = 0;
            if (u.name == unit && !__builtin_mul_overflow(n, u.factor, &v)) return v;
        }
    return refuse(fmt::format("must be {}", expected));
}
}  // namespace

Result<int64_t> parse_duration(std::string_view text) {
    return with_unit(text, time_units, "a time with its unit, like 500ms, 2s, 10m, 1h or 7d");
}
Result<int64_t> parse_size(std::string_view text) {
    return with_unit(text, size_units, "a size, like 64KiB, 256MiB or 1GiB");
}

Result<Address> parse_address(std::string_view text) {
    const auto wrong = [] { return refuse("must be an address and a port, like 127.0.0.1:8080 or [::1]:8080"); };
    const size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || colon == 0) return wrong();
    auto host = text.substr(0, colon);
    const auto port_text = text.substr(colon + 1);
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) host = host.substr(1, host.size() - 2);
    if (host.find_first_not_of("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:%_") !=
        std::string_view::npos)
        return wrong();
    if (!bracketed && host.find(':') != std::string_view::npos) return wrong();
    unsigned port = 0;
    const auto [end, bad] = std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
    if (bad != std::errc{} || end != port_text.data() + port_text.size() || port > 65535) return wrong();
    return Address{std::string(host), static_cast<uint16_t>(port)};
}
}  // namespace aig::settings
