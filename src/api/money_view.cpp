#include "api/money_view.h"

#include "base/money.h"

namespace aig::api {
namespace {

/// value * num / den, rounded down or up; saturates far beyond any balance.
int64_t scaled(int64_t value, int64_t num, int64_t den, bool up) {
    const bool negative = value < 0;
    const auto magnitude = static_cast<unsigned __int128>(negative ? -static_cast<__int128>(value) : value) *
                           static_cast<unsigned __int128>(num);
    auto q = magnitude / static_cast<unsigned __int128>(den);
    if (magnitude % static_cast<unsigned __int128>(den) && up != negative) ++q;
    const auto bounded = static_cast<int64_t>(q > INT64_MAX ? INT64_MAX : q);
    return negative ? -bounded : bounded;
}
}  // namespace

const Display& display_for(const Services& services, std::string_view key_prefix) {
    static const Display usd;
    const auto it = services.display.find(key_prefix);
    return it == services.display.end() ? usd : it->second;
}
Display wallet_display(const Services& services, std::string_view key_prefix, const std::string& wallet_currency) {
    return wallet_currency == "USD" ? display_for(services, key_prefix) : Display{wallet_currency, {}};
}
std::string shown_balance(int64_t nanos, const Display& d) {
    return dollars_number(scaled(nanos, d.rate.num, d.rate.den, false));
}
std::string shown_charge(int64_t nanos, const Display& d) {
    return dollars_number(scaled(nanos, d.rate.num, d.rate.den, true));
}
std::string shown_micros(int64_t nanos, const Display& d) {
    return decimal(scaled(scaled(nanos, d.rate.num, d.rate.den, false), 1, 1'000, false), 6);
}
std::string tenth_nanos_down(int64_t nanos) { return std::to_string(scaled(nanos, 1, 10, false)); }
std::string tenth_nanos_up(int64_t nanos) { return std::to_string(scaled(nanos, 1, 10, true)); }
std::string quota(int64_t nanos) { return std::to_string(scaled(nanos, 500'000, nanos_per_unit, false)); }

std::string shown_price(int64_t pico, Ratio ratio, int64_t units) {
    // units = 10^6: pico dollars a unit are micro-dollars a million units.
    const int places = units == 1'000'000 ? 6 : 12;
    const int64_t finer = units == 1'000'000 ? 1'000 : 1;  // three more places for what the fee adds
    return decimal(scaled(pico, ratio.num * finer, ratio.den, true), units == 1'000'000 ? places + 3 : places);
}

}  // namespace aig::api
