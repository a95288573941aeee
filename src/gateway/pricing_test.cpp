#include "gateway/pricing.h"

#include <gtest/gtest.h>

#include "catalogue/build.h"
#include "gateway/gateway.h"

using namespace aig;
using namespace aig::gateway;

namespace {
/// A catalogue of one chat model and one image model; no list, no rates are needed for USD.
class PricingTest : public ::testing::Test {
  protected:
    void SetUp() override {
        auto s = std::make_shared<catalogue::Snapshot>();
        s->fee = {21, 20};
        catalogue::Model m;
        m.id = "a/chat";
        m.max_output = 1'000;
        m.price = *catalogue::price_card({{"input_per_million", "1"}, {"output_per_million", "4"}});
        s->models["a/chat"] = std::make_shared<const catalogue::Model>(m);
        m.id = "a/image";
        m.modality = "image";
        m.price = *catalogue::price_card({{"per_image", "0.04"}, {"images.4K", "0.16"}});
        s->models["a/image"] = std::make_shared<const catalogue::Model>(m);
        catalogue_.set(s);
        services_.catalogue = &catalogue_;
        asked_.envelope.model = "a/chat";
        asked_.envelope.size.text.add("hello");
        asked_.envelope.size.messages = 1;
    }
    catalogue::Catalogue catalogue_;
    Services services_;
    identity::Principal key_;
    Asked asked_;
};
}  // namespace

TEST_F(PricingTest, a_preview_bounds_what_the_call_can_cost) {
    asked_.envelope.max_output = 100;
    asked_.envelope.n = 3;
    const auto p = preview(services_, key_, asked_, nullptr);
    ASSERT_TRUE(p) << p.error().message();
    EXPECT_EQ(p->output_most, 300);
    EXPECT_LE(p->input_estimate, p->input_bound);
    canon::Usage most;
    most[canon::Component::input] = p->input_bound;
    most[canon::Component::output] = 300;
    // Input and output are rounded up apart in a hold: at most a nano above one rounding.
    const int64_t exact = *canon::price(*p->pricing.card, most, p->pricing.ratio);
    EXPECT_GE(p->most_nanos, exact);
    EXPECT_LE(p->most_nanos, exact + 1);
    asked_.envelope.stream = true;
    EXPECT_EQ(preview(services_, key_, asked_, nullptr)->most_nanos, p->most_nanos) << "not a slice";
    asked_.envelope.max_output = 50'000;
    EXPECT_EQ(preview(services_, key_, asked_, nullptr)->output_most, 3'000) << "the model ends before";
}

TEST_F(PricingTest, a_coupon_is_a_term_and_only_for_its_models) {
    ledger::Coupon coupon;
    coupon.kind = ledger::CouponKind::discount;
    coupon.percent_bps = 2'000;
    const auto plain = preview(services_, key_, asked_, nullptr), less = preview(services_, key_, asked_, &coupon);
    ASSERT_TRUE(plain && less);
    EXPECT_EQ(less->pricing.ratio, (Ratio{21, 25}));
    EXPECT_EQ(less->list_nanos, plain->most_nanos);
    EXPECT_LT(less->most_nanos, plain->most_nanos);
    coupon.models = {"other"};
    EXPECT_EQ(preview(services_, key_, asked_, &coupon)->most_nanos, plain->most_nanos);
}

TEST_F(PricingTest, media_is_priced_by_its_units) {
    asked_.envelope.model = "a/image";
    asked_.units = {{canon::Component::image, "4K", 2}};
    EXPECT_EQ(preview(services_, key_, asked_, nullptr)->most_nanos, 336'000'000);
    asked_.units = {{canon::Component::image, "", 1}};
    EXPECT_EQ(preview(services_, key_, asked_, nullptr)->most_nanos, 42'000'000);
    asked_.units = {{canon::Component::second, "", 1}};
    EXPECT_EQ(preview(services_, key_, asked_, nullptr).error().code(), ErrorCode::price_missing);
}

TEST_F(PricingTest, refuses_models_the_key_may_not_use) {
    key_.models = {"a/image"};
    EXPECT_EQ(preview(services_, key_, asked_, nullptr).error().code(), ErrorCode::model_forbidden);
}

TEST(Cap, takes_what_is_above_the_quote_and_re_prices_to_it) {
    Pricing p;
    int64_t cost = 500;
    EXPECT_FALSE(cap(p, cost));
    auto quote = std::make_shared<catalogue::Quote>();
    quote->cap_nanos = 400;
    p.quote = quote;
    EXPECT_TRUE(cap(p, cost));
    EXPECT_EQ(cost, 400);
    EXPECT_FALSE(cap(p, cost));
    const PriceLine line[] = {canon::capped_line(cost)};
    EXPECT_EQ(*charge_nanos(line, {}), cost);
}
