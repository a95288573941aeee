#include <gtest/gtest.h>

#include "api/money_view.h"
#include "api/surface.h"

using namespace aig;

TEST(MoneyView, charges_up_balances_down) {
    EXPECT_EQ(api::tenth_nanos_down(19), "1");
    EXPECT_EQ(api::quota(12'500'000'000), "6250000");
    const api::Display tmt{"TMT", {7, 2}};
    EXPECT_EQ(api::shown_balance(1'000'000'001, tmt), "3.500000003");
    EXPECT_EQ(api::shown_charge(1'000'000'001, tmt), "3.500000004");
    EXPECT_EQ(api::shown_balance(-1, tmt), "-0.000000004");
}

TEST(MoneyView, prices_carry_the_fee_exactly) {
    EXPECT_EQ(api::shown_price(1'250'000, {}, 1'000'000), "1.25");
    EXPECT_EQ(api::shown_price(1'250'000, {21, 20}, 1'000'000), "1.3125");
    EXPECT_EQ(api::shown_price(37'500, {21, 20}, 1'000'000), "0.039375");
    EXPECT_EQ(api::shown_price(1'250'000, {}, 1), "0.00000125");
    EXPECT_EQ(api::shown_price(10'000'000'000, {21, 20}, 1), "0.0105");
    EXPECT_EQ(api::shown_price(1'000'000'000'000, {21, 20}, 1), "1.05");
}

TEST(Surface, the_first_credential_that_is_not_empty_wins) {
    net::Headers h;
    EXPECT_EQ(api::presented_key(h), "");
    h.add("X-Goog-Api-Key", "c");
    EXPECT_EQ(api::presented_key(h), "c");
    h.add("X-API-Key", "b");
    EXPECT_EQ(api::presented_key(h), "b");
    h.add("Authorization", "bEaReR   a ");
    EXPECT_EQ(api::presented_key(h), "a");
    h.set("authorization", "sk-bare");
    EXPECT_EQ(api::presented_key(h), "sk-bare");
    h.set("authorization", "Bearer ");
    EXPECT_EQ(api::presented_key(h), "b");
}

TEST(Surface, prefixes_choose_longest_first_and_the_header_overrides) {
    net::Headers none;
    EXPECT_EQ(*api::choose_surface(none, "sk-aig-x"), canon::Surface::aigateway);
    EXPECT_EQ(*api::choose_surface(none, "sk-x"), canon::Surface::aigate);
    EXPECT_EQ(*api::choose_surface(none, "gw_x"), canon::Surface::portal);
    EXPECT_EQ(*api::choose_surface(none, "sk_live_x"), canon::Surface::aigenway);
    EXPECT_EQ(*api::choose_surface(none, ""), canon::Surface::aigate);
    net::Headers h;
    h.add("x-aig-dialect", "aigenway");
    EXPECT_EQ(*api::choose_surface(h, "sk-aig-x"), canon::Surface::aigenway);
    h.set("x-aig-dialect", "klingon");
    EXPECT_FALSE(api::choose_surface(h, "sk-aig-x").ok());
}
