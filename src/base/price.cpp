#include "base/price.h"

#include <numeric>

#include "base/money.h"

namespace aig {
namespace {
using Wide = unsigned __int128;

Wide gcd(Wide a, Wide b) {
    while (b) {
        const Wide t = a % b;
        a = b;
        b = t;
    }
    return a;
}
Error too_fine() {
    return Error(ErrorCode::internal,
                 "the product of fee, price list, coupon and exchange rate is too fine: use rates and percentages with "
                 "fewer decimal places");
}

Result<Ratio> reduced(Wide num, Wide den) {
    const Wide common = gcd(num, den);
    if (!common || num == 0 || den == 0 || num / common > INT64_MAX || den / common > INT64_MAX) return too_fine();
    return Ratio{static_cast<int64_t>(num / common), static_cast<int64_t>(den / common)};
}

Result<int64_t> bounded(std::string_view text, int places, int64_t max, std::string_view what) {
    TRY(const int64_t v, parse_decimal(text, places, what));
    if (v < 0 || v > max)
        return Error(ErrorCode::bad_param, std::string(what) + " is out of range").param(std::string(what));
    return v;
}
}  // namespace

Result<Ratio> product(std::span<const Ratio> terms) {
    Wide num = 1, den = 1;
    for (const auto& t : terms) {
        if (t.num <= 0 || t.den <= 0) return Error(ErrorCode::internal, "price ratio is not positive");
        const Wide a = static_cast<Wide>(t.num), b = static_cast<Wide>(t.den);
        const Wide over = gcd(num, b), under = gcd(a, den);
        if (__builtin_mul_overflow(num / over, a / under, &num) || __builtin_mul_overflow(den / under, b / over, &den))
            return too_fine();
    }
    return reduced(num, den);
}
Result<Ratio> percent_on_top(std::string_view percent, std::string_view what) {
    TRY(const int64_t p, bounded(percent, 6, 1'000'000'000, what));
    return reduced(static_cast<Wide>(100'000'000 + p), 100'000'000);
}
Result<Ratio> percent_off(std::string_view percent, std::string_view what) {
    TRY(const int64_t p, bounded(percent, 6, 99'999'999, what));
    return reduced(static_cast<Wide>(100'000'000 - p), 100'000'000);
}
Result<Ratio> percent_of(std::string_view percent, std::string_view what) {
    TRY(const int64_t p, bounded(percent, 6, 1'000'000'000, what));
    if (!p) return Error(ErrorCode::bad_param, std::string(what) + " must be above zero").param(std::string(what));
    return reduced(static_cast<Wide>(p), 100'000'000);
}
Result<Ratio> decimal_ratio(std::string_view text, std::string_view what) {
    TRY(const int64_t v, bounded(text, 9, INT64_MAX, what));
    if (!v) return Error(ErrorCode::bad_param, std::string(what) + " must be above zero").param(std::string(what));
    return reduced(static_cast<Wide>(v), nanos_per_unit);
}

/// One copy: a call reckons six times, a charge and what holds may cost.
[[gnu::noinline]] Result<int64_t> charge_nanos(std::span<const PriceLine> lines, Ratio ratio) {
    const auto overflow = [] { return Error(ErrorCode::internal, "the charge does not fit"); };
    Wide sum = 0;
    for (const auto& l : lines) {
        if (l.units < 0 || l.pico_per_unit < 0) return Error(ErrorCode::internal, "negative units or price");
        const Wide product = static_cast<Wide>(l.units) * static_cast<Wide>(l.pico_per_unit);
        if (__builtin_add_overflow(sum, product, &sum)) return overflow();
    }
    if (ratio.num <= 0 || ratio.den <= 0) return Error(ErrorCode::internal, "price ratio is not positive");
    Wide scaled = 0;
    if (__builtin_mul_overflow(sum, static_cast<Wide>(ratio.num), &scaled)) return overflow();
    const Wide divisor = static_cast<Wide>(ratio.den) * static_cast<Wide>(picos_per_nano);
    const Wide nanos = scaled / divisor + (scaled % divisor != 0);
    if (nanos > INT64_MAX) return overflow();
    return static_cast<int64_t>(nanos);
}
}  // namespace aig
