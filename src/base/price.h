// The one place where money is rounded. A charge is Σ units · pico-price, times one exact ratio (fee, cache, tier,
// batch, coupon, FX folded together), rounded up once to nano-units. 128-bit products, checked; what does not fit is
// refused, never wrapped. The ledger stores lines and ratio with every charge and can re-price each one bit for bit
// without knowing what a token is.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"

namespace aig {

/// units * pico: one component of one charge. `component` is canon's number for it; here only an opaque tag.
struct PriceLine {
    uint16_t component = 0;
    int64_t units = 0;
    int64_t pico_per_unit = 0;
    bool operator==(const PriceLine&) const = default;
};

/// An exact positive ratio, always reduced.
struct Ratio {
    int64_t num = 1, den = 1;
    bool operator==(const Ratio&) const = default;
};
/// The product of all, reduced; an error when its numerator or denominator does not fit int64. Reduces on the way, so
/// that what cancels never overflows.
Result<Ratio> product(std::span<const Ratio> terms);
inline Result<Ratio> multiply(Ratio a, Ratio b) {
    const Ratio both[] = {a, b};
    return product(both);
}
/// "5" percent on top -> 21/20. Zero to 1,000 percent.
Result<Ratio> percent_on_top(std::string_view percent, std::string_view what);
/// "15" percent off -> 17/20. Zero to below 100 percent.
Result<Ratio> percent_off(std::string_view percent, std::string_view what);
/// "10" percent of -> 1/10.
Result<Ratio> percent_of(std::string_view percent, std::string_view what);
/// "3.5" -> 7/2.
Result<Ratio> decimal_ratio(std::string_view text, std::string_view what);

/// ceil(Σ lines · ratio / 1000) in nano-units. Negative units or prices and overflow are `internal` errors: callers
/// have checked their input by then.
Result<int64_t> charge_nanos(std::span<const PriceLine> lines, Ratio ratio);

}  // namespace aig
