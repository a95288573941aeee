// Money and prices as the surfaces show them. Display only: the books stay in nano-dollars.
#pragma once

#include <string>

#include "api/api.h"

namespace aig::api {

const Display& display_for(const Services& services, std::string_view key_prefix);
/// For amounts of a wallet: one that is not in USD is shown in its own currency.
Display wallet_display(const Services& services, std::string_view key_prefix, const std::string& wallet_currency);
/// nanos converted to the display's currency, as an exact-as-possible JSON number (9 places, charges rounded up,
/// balances down).
std::string shown_balance(int64_t nanos, const Display& display);
std::string shown_charge(int64_t nanos, const Display& display);
/// A balance with at most six places, rounded down.
std::string shown_micros(int64_t nanos, const Display& display);
/// 10^-8 dollar units as text, rounded down.
std::string tenth_nanos_down(int64_t nanos);
std::string tenth_nanos_up(int64_t nanos);
/// 500,000 quota units a dollar.
std::string quota(int64_t nanos);
/// A pico price times a ratio, per `units` units (1 or 1,000,000), as decimal text with at most 12 places, rounded up.
std::string shown_price(int64_t pico, Ratio ratio, int64_t units);

}  // namespace aig::api
