#include <gtest/gtest.h>

#include "canon/usage.h"

using namespace aig;
using namespace aig::canon;

namespace {
PriceCard chat_card() {
    PriceCard c;
    c.pico = {1'250'000, 125'000, 1'250'000, 1'250'000, 10'000'000, 10'000'000, 0};
    c.tiers = {{200'000, {2'500'000, 250'000, 2'500'000, 2'500'000, 15'000'000, 15'000'000, 0}}};
    return c;
}
}  // namespace

TEST(PriceCard, a_tier_holds_for_the_whole_request_and_counts_all_input) {
    const auto card = chat_card();
    Usage u;
    u[Component::input] = 100'000;
    u[Component::cached_input] = 100'000;
    u[Component::output] = 10;
    EXPECT_EQ(*price(card, u, {}), 100'000 * 1'250 + 100'000 * 125 + 10 * 10'000);
    u[Component::cached_input] += 1;  // one token more, all of it dearer
    EXPECT_EQ(*price(card, u, {}), 100'000 * 2'500 + 100'001 * 250 + 10 * 15'000);
}

TEST(PriceCard, the_dearest_price_up_to_a_size) {
    auto card = chat_card();
    card.tiers[0].pico[0] = 1;  // a cheaper tier does not make the hold smaller
    EXPECT_EQ(card.dearest_up_to(200'000), card.pico);
    EXPECT_EQ(card.dearest_up_to(200'001)[0], 1'250'000);
    EXPECT_EQ(card.dearest_up_to(200'001)[4], 15'000'000);
}

TEST(PriceCard, images_by_size_and_quality) {
    PriceCard c;
    c.extra = {{Component::image, "1024x1024", 20},
               {Component::image, "1024x1024/hd", 80},
               {Component::image, "2048x2048", 90},
               {Component::tool_call, "", 5}};
    EXPECT_EQ(c.extra_price(Component::image, "1024x1024/hd"), 80);
    EXPECT_EQ(c.extra_price(Component::image, "1024x1024/standard"), 20);
    EXPECT_EQ(c.extra_price(Component::image, "512x512"), 90) << "a new size is not free";
    EXPECT_EQ(c.extra_price(Component::tool_call, "web_search"), 5);
    EXPECT_EQ(c.extra_price(Component::page, ""), 0);
    c.extra.push_back({Component::image, "", 30});
    EXPECT_EQ(c.extra_price(Component::image, "512x512"), 30);
}

TEST(Price, rarer_components_stand_beside_the_tokens) {
    auto card = chat_card();
    card[Component::request] = 7'000;
    card.extra = {{Component::image, "", 40'000'000'000}, {Component::millisecond, "", 10'000'000}};
    Usage u;
    u[Component::output] = 3;
    u.extra = {{Component::image, "1024x1024", 2}, {Component::millisecond, "", 1'500}, {Component::page, "", 4}};
    const auto lines = price_lines(card, u);
    ASSERT_EQ(lines.size(), 4u);  // a page is not sold here
    EXPECT_EQ(*price(card, u, {}), 3 * 10'000 + 7 + 2 * 40'000'000 + 1'500 * 10'000);
    EXPECT_EQ(*charge_nanos(lines, {21, 20}), *price(card, u, {21, 20}));
    EXPECT_TRUE(u.sane());
    u.extra[0].units = -1;
    EXPECT_FALSE(u.sane());
}

TEST(Price, without_lines_costs_the_same_as_with_them) {
    const auto card = chat_card();
    for (int64_t n : {int64_t{0}, int64_t{1}, int64_t{199'999}, int64_t{200'001}, int64_t{1'000'000'000}}) {
        Usage u;
        for (auto& b : u.units) b = n;
        EXPECT_EQ(*price(card, u, {3, 7}), *charge_nanos(price_lines(card, u), {3, 7}));
    }
}

TEST(Terms, fold_into_one_reduced_ratio) {
    Terms t;
    EXPECT_EQ(*t.fold(), (Ratio{1, 1}));
    t.fee = {21, 20};
    t.cache = {1, 10};
    t.batch = {1, 2};
    t.coupon = {4, 5};
    t.price_list = {9, 10};
    t.fx = {7, 2};
    EXPECT_EQ(*t.fold(), (Ratio{1'323, 10'000}));  // 21*4*9*7 / (20*10*2*5*10*2)
}

TEST(Terms, what_does_not_fit_is_refused) {
    Terms t;
    t.fee = {1'000'000'007, 1'000'000'006};
    t.coupon = {999'999'937, 999'999'938};
    t.fx = {999'999'893, 999'999'894};
    EXPECT_FALSE(t.fold());
}

TEST(Price, a_capped_charge_re_prices_to_its_cap) {
    const PriceLine line[] = {capped_line(123'456'789)};
    EXPECT_EQ(*charge_nanos(line, {}), 123'456'789);
}

TEST(Component, has_a_name_both_ways) {
    for (size_t i = 0; i < all_components; ++i) {
        const auto c = static_cast<Component>(i);
        ASSERT_FALSE(component_name(c).empty());
        EXPECT_EQ(component_named(component_name(c)), c);
    }
    EXPECT_FALSE(component_named("imges"));
}
