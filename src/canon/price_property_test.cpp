// Every charge is the exact rational price, rounded up once: 0 <= cost - exact < 1 nano. Drawn usages x price rows x
// fee x price list x cache x batch x coupon x FX x tier, and the grid of all edges. The exact side is arithmetic of its
// own: the terms are never folded or reduced here, they stand as one long fraction in 384 bits.
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "canon/usage.h"

using namespace aig;
using namespace aig::canon;

namespace {

/// Unsigned, 384 bits; wide enough for every product here (asserted by the carry that must be zero).
struct Long {
    std::array<uint64_t, 6> limb{};
    explicit Long(uint64_t v = 0) { limb[0] = v; }
    Long& operator*=(uint64_t by) {
        unsigned __int128 carry = 0;
        for (auto& l : limb) {
            carry += static_cast<unsigned __int128>(l) * by;
            l = static_cast<uint64_t>(carry);
            carry >>= 64;
        }
        if (carry) std::abort();
        return *this;
    }
    Long& operator+=(const Long& o) {
        unsigned __int128 carry = 0;
        for (size_t i = 0; i < limb.size(); ++i) {
            carry += static_cast<unsigned __int128>(limb[i]) + o.limb[i];
            limb[i] = static_cast<uint64_t>(carry);
            carry >>= 64;
        }
        if (carry) std::abort();
        return *this;
    }
    auto operator<=>(const Long& o) const {
        for (size_t i = limb.size(); i-- > 0;)
            if (limb[i] != o.limb[i]) return limb[i] <=> o.limb[i];
        return std::strong_ordering::equal;
    }
};

struct Tuple {
    PriceCard card;
    Usage usage;
    Terms terms;
};

uint64_t u(int64_t v) { return static_cast<uint64_t>(v); }

/// Σ units · pico, by the published rule and nothing of the engine's: the whole request at the tier's prices.
Long picos(const Tuple& t) {
    uint64_t input = 0;
    for (size_t i = 0; i < 4; ++i) input += u(t.usage.units[i]);
    const FixedPrices* prices = &t.card.pico;
    for (const auto& tier : t.card.tiers)
        if (input > u(tier.above_input)) prices = &tier.pico;
    Long sum;
    const auto add = [&](int64_t units, int64_t pico) {
        Long line(u(units));
        sum += (line *= u(pico));
    };
    for (size_t i = 0; i < 6; ++i) add(t.usage.units[i], (*prices)[i]);
    add(1, (*prices)[6]);
    for (const auto& e : t.usage.extra)
        for (const auto& p : t.card.extra)
            if (p.component == e.component && p.variant == e.variant) add(e.units, p.pico);
    return sum;
}

/// 0 <= cost - exact < 1, without dividing: exact = picos * Πnum / (1000 * Πden).
testing::AssertionResult exact(const Tuple& t, int64_t cost) {
    Long wanted = picos(t), low(1000);
    for (const Ratio& r : {t.terms.fee, t.terms.price_list, t.terms.cache, t.terms.batch, t.terms.coupon, t.terms.fx})
        wanted *= u(r.num), low *= u(r.den);
    Long charged = low;
    charged *= u(cost);
    if (charged < wanted) return testing::AssertionFailure() << cost << " is too little";
    Long above = wanted;
    above += low;
    if (charged >= above) return testing::AssertionFailure() << cost << " is a nano or more too much";
    return testing::AssertionSuccess();
}

struct Tally {
    int64_t checked = 0, refused = 0, tiered = 0, rare = 0;
};

void check(const Tuple& t, Tally& tally) {
    const auto ratio = t.terms.fold();
    const auto cost = ratio ? price(t.card, t.usage, *ratio) : Result<int64_t>(ratio.error());
    if (!cost) {
        ++tally.refused;
        return;
    }
    ++tally.checked;
    tally.tiered += !t.card.tiers.empty() && t.usage.input_total() > t.card.tiers[0].above_input;
    tally.rare += !t.usage.extra.empty();
    ASSERT_TRUE(exact(t, *cost)) << ratio->num << "/" << ratio->den;
    ASSERT_EQ(*charge_nanos(price_lines(t.card, t.usage), *ratio), *cost) << "the ledger's lines say otherwise";
}

class Draw {
  public:
    explicit Draw(uint64_t seed) : random_(seed) {}
    int64_t below(int64_t n) { return static_cast<int64_t>(random_() % u(n)); }
    /// All magnitudes alike, zero included.
    int64_t any(int bits) { return static_cast<int64_t>(random_() >> (64 - 1 - below(bits))); }
    Ratio percent(int places, int64_t from, int64_t to) {
        int64_t one = 100;
        while (places--) one *= 10;
        return {from * one / 100 + below((to - from) * one / 100) + 1, one};
    }
    FixedPrices prices() {
        FixedPrices p;
        for (auto& v : p) v = below(4) ? any(28) : 0;
        return p;
    }
    Tuple tuple() {
        Tuple t;
        t.card.pico = prices();
        if (below(3) == 0) t.card.tiers.push_back({128'000, prices()});
        if (below(5) == 0) t.card.tiers.push_back({272'000, prices()});
        for (auto& v : t.usage.units) v = below(5) ? std::min<int64_t>(any(30), 1'000'000'000) : 0;
        if (below(4) == 0)
            for (const auto c :
                 {Component::image, Component::millisecond, Component::character, Component::tool_call}) {
                t.card.extra.push_back({c, "v", any(41)});
                t.usage.extra.push_back({c, "v", any(20)});
            }
        t.terms.fee = {10'000 + below(3'001), 10'000};  // 0 to 30 % in hundredths
        if (below(3) == 0) t.terms.price_list = percent(1, 1, 100);
        if (below(3) == 0) t.terms.cache = {1, 10};
        if (below(3) == 0) t.terms.batch = {1, 2};
        if (below(3) == 0) t.terms.coupon = {1 + below(10'000), 10'000};
        if (below(2) == 0) t.terms.fx = {1 + below(50'000'000), 1'000'000};
        return t;
    }

  private:
    std::mt19937_64 random_;
};

int64_t tuples() {
    const char* scale = std::getenv("AIG_TEST_SCALE");
    return 1'000'000 * std::max<int64_t>(1, scale ? std::atoll(scale) : 1);
}
}  // namespace

TEST(PriceProperty, a_million_drawn_charges_are_exact) {
    Draw draw(20261121);
    Tally tally;
    for (int64_t i = 0; i < tuples() && !HasFatalFailure(); ++i) check(draw.tuple(), tally);
    std::printf("[          ] %lld exact, %lld in a tier, %lld with rarer components, %lld refused as too fine\n",
                static_cast<long long>(tally.checked), static_cast<long long>(tally.tiered),
                static_cast<long long>(tally.rare), static_cast<long long>(tally.refused));
    EXPECT_EQ(tally.checked + tally.refused, tuples());
    EXPECT_EQ(tally.refused, 0) << "terms of ordinary places fit";
    EXPECT_GT(tally.tiered, tuples() / 20);
    EXPECT_GT(tally.rare, tuples() / 5);
}

TEST(PriceProperty, every_edge_with_every_other_is_exact) {
    const int64_t units[] = {0, 1, 2, 999, 1'000, 1'001, 128'000, 128'001, 999'999'999, 1'000'000'000};
    const int64_t picos_[] = {0, 1, 3, 999, 1'000, 37'500, 1'250'000, 999'999'999'999};
    const Ratio fees[] = {{1, 1}, {21, 20}, {211, 200}, {1'000'001, 1'000'000}, {11, 1}};
    const Ratio offs[] = {{1, 1}, {9'999, 10'000}, {1, 10'000}, {2, 3}};
    const Ratio caches[] = {{1, 1}, {1, 10}};
    const Ratio fx[] = {{1, 1}, {7, 2}, {195, 10}, {1, 1'000'000}, {999'999'937, 1'000'000}};
    Tally tally;
    Tuple t;
    for (const int64_t input : units)
        for (const int64_t output : units)
            for (const int64_t pico : picos_) {
                t.card.pico = {pico, pico / 10, pico, pico, pico * 4, pico * 4, pico};
                t.card.tiers = {{128'000, {pico * 2, pico / 5, pico * 2, pico * 2, pico * 6, pico * 6, pico}}};
                t.usage.units = {input, input / 3, 0, 1, output, output / 2, 0};
                for (const auto& fee : fees)
                    for (const auto& off : offs)
                        for (const auto& cache : caches)
                            for (const auto& rate : fx) {
                                t.terms.fee = fee;
                                t.terms.price_list = off;
                                t.terms.cache = cache;
                                t.terms.batch = cache;
                                t.terms.coupon = off;
                                t.terms.fx = rate;
                                check(t, tally);
                                if (HasFatalFailure()) return;
                            }
            }
    std::printf("[          ] %lld exact, %lld refused\n", static_cast<long long>(tally.checked),
                static_cast<long long>(tally.refused));
    EXPECT_EQ(tally.checked + tally.refused, 10 * 10 * 8 * 5 * 4 * 2 * 5);
    EXPECT_LE(tally.refused, 10'000);  // a billion tokens at a dollar each, times eleven, times a thousand
}
