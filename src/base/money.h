// Money is int64 in nano-units (1e-9) of a currency; prices are int64 in pico-units (1e-12) per token, request, second
// ... There is no floating point in here and none may be put in: decimal text is parsed and printed by hand, exactly.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace aig {

constexpr int64_t nanos_per_unit = 1'000'000'000;
constexpr int64_t picos_per_nano = 1000;

/// Decimal text ("12.5", "-0.01", "1e-7", at most 40 characters) as an integer of 10^-places. Refuses what is not exact
/// at that many places and what does not fit int64; `what` names the value in the error (bad_param).
Result<int64_t> parse_decimal(std::string_view text, int places, std::string_view what);

/// value * 10^-places as plain decimal text. `keep` = digits after the point that are kept even when zero (9 =
/// "10.000000000", 0 = as short as exact).
void append_decimal(std::string& out, int64_t value, int places, int keep = 0);
inline std::string decimal(int64_t value, int places, int keep = 0) {
    std::string s;
    append_decimal(s, value, places, keep);
    return s;
}
/// "0.000042000": nine places, for humans, the CLI and balances.
inline std::string dollars(int64_t nanos) { return decimal(nanos, 9, 9); }
/// The same as short as exact, a valid JSON number.
inline std::string dollars_number(int64_t nanos) { return decimal(nanos, 9); }
/// Cents with up to seven decimals: one nano-dollar is 1e-7 cent. A valid JSON number.
inline std::string cents_number(int64_t nanos) { return decimal(nanos, 7); }

}  // namespace aig
