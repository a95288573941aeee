// The charge is the exact rational rounded up once: checked against arbitrary-precision arithmetic, on random tuples
// and on the edges of every range.
#include <gtest/gtest.h>

#include <boost/multiprecision/cpp_int.hpp>

#include <cstdlib>
#include <random>

#include "base/price.h"
#include "ledger/testing/book_rig.h"

namespace aig {
namespace {
using Big = boost::multiprecision::cpp_int;

/// ceil(sum * num / (den * 1000)), and whether the 128-bit steps on the way can hold it.
struct Exact {
    Big nanos;
    bool fits;
};
Exact exact(const std::vector<PriceLine>& lines, Ratio ratio) {
    const Big limit = Big(1) << 128;
    Big sum = 0;
    for (const auto& l : lines) sum += Big(l.units) * l.pico_per_unit;
    const Big scaled = sum * ratio.num, divisor = Big(ratio.den) * 1000;
    const Big nanos = (scaled + divisor - 1) / divisor;
    return {nanos, sum < limit && scaled < limit && nanos <= INT64_MAX};
}
void check(const std::vector<PriceLine>& lines, Ratio ratio) {
    const auto wanted = exact(lines, ratio);
    const auto got = charge_nanos(lines, ratio);
    ASSERT_EQ(got.ok(), wanted.fits) << ratio.num << "/" << ratio.den;
    if (!got) return;
    ASSERT_EQ(Big(*got), wanted.nanos) << ratio.num << "/" << ratio.den;
    Big sum = 0;
    for (const auto& l : lines) sum += Big(l.units) * l.pico_per_unit;
    // 0 <= cost - exact < 1 nano, without rounding on our side
    const Big over = Big(*got) * ratio.den * 1000 - sum * ratio.num;
    ASSERT_TRUE(over >= 0 && over < Big(ratio.den) * 1000);
}

TEST(Charge, equals_the_exact_rational_rounded_up_once) {
    const int64_t tuples = 100'000 * ledger::testing::scale();
    std::mt19937_64 draw(20261121);
    const auto below = [&](int64_t n) { return static_cast<int64_t>(draw() % static_cast<uint64_t>(n)); };
    /// All magnitudes alike.
    const auto any = [&](int bits) { return static_cast<int64_t>(draw() >> (64 - 1 - below(bits))); };
    for (int64_t i = 0; i < tuples && !::testing::Test::HasFatalFailure(); ++i) {
        std::vector<PriceLine> lines(static_cast<size_t>(below(8)));
        for (auto& l : lines) l = {static_cast<uint16_t>(below(7)), any(30), any(40)};
        Ratio ratio{1 + any(30), 1 + any(30)};
        if (i % 3 == 0)
            ratio = *percent_on_top(std::to_string(below(100)) + "." + std::to_string(below(1'000'000)), "fee");
        check(lines, ratio);
    }
}

TEST(Charge, is_exact_on_the_edges_of_every_range) {
    const int64_t values[] = {0, 1, 2, 999, 1'000, 1'001, 1'000'000'000, int64_t{1} << 40, INT64_MAX - 1, INT64_MAX};
    const int64_t terms[] = {1, 2, 3, 1'000, 999'999'937, INT64_MAX - 1, INT64_MAX};
    for (const int64_t units : values)
        for (const int64_t pico : values)
            for (const int64_t num : terms)
                for (const int64_t den : terms)
                    for (const size_t lines : {size_t{1}, size_t{2}, size_t{5}}) {
                        check(std::vector<PriceLine>(lines, {0, units, pico}), {num, den});
                        if (HasFatalFailure()) return;
                    }
}

TEST(Charge, refuses_what_no_price_is) {
    EXPECT_FALSE(charge_nanos(std::vector<PriceLine>{{0, -1, 5}}, {}));
    EXPECT_FALSE(charge_nanos(std::vector<PriceLine>{{0, 5, -1}}, {}));
    EXPECT_FALSE(charge_nanos(std::vector<PriceLine>{{0, 5, 5}}, {0, 1}));
    EXPECT_FALSE(charge_nanos(std::vector<PriceLine>{{0, 5, 5}}, {1, 0}));
    EXPECT_FALSE(charge_nanos(std::vector<PriceLine>{{0, 5, 5}}, {-1, -1}));
}

TEST(Charge, folding_ratios_first_changes_nothing) {
    std::mt19937_64 draw(7);
    for (int i = 0; i < 2'000; ++i) {
        const auto term = [&] {
            return Ratio{1 + static_cast<int64_t>(draw() % 100'000), 1 + static_cast<int64_t>(draw() % 100'000)};
        };
        const Ratio a = term(), b = term();
        const auto ab = multiply(a, b);
        ASSERT_TRUE(ab);
        EXPECT_EQ(Big(ab->num) * a.den * b.den, Big(ab->den) * a.num * b.num);
        EXPECT_EQ(boost::multiprecision::gcd(Big(ab->num), Big(ab->den)), 1);
    }
}

}  // namespace
}  // namespace aig
