#include <gtest/gtest.h>

#include "gateway/detail/holding.h"

using namespace aig;
using canon::Component;

namespace {
catalogue::Model model(int64_t max_output = 128'000) {
    catalogue::Model m;
    m.id = "openai/gpt-5.4";
    m.context = 400'000;
    m.max_output = max_output;
    m.price[Component::input] = 1'250'000;  // $1.25 a million
    m.price[Component::cached_input] = 125'000;
    m.price[Component::output] = 10'000'000;  // $10 a million
    m.price[Component::reasoning] = 10'000'000;
    return m;
}
canon::Envelope hi(bool stream) {
    canon::Envelope e;
    e.stream = stream;
    e.size.text.add("hi");
    e.size.messages = 1;
    return e;
}
constexpr Ratio fee{21, 20};
Result<gateway::Holding> plan(const canon::Envelope& e, const catalogue::Model& m, Ratio ratio) {
    return gateway::plan_holding(e, m, m.price, ratio);
}
}  // namespace

TEST(Holding, a_dollar_wallet_can_say_hi_to_a_model_with_128k_output) {
    const auto whole = *plan(hi(false), model(), fee);
    EXPECT_TRUE(whole.clamps);
    EXPECT_GT(whole.want_nanos, 1'000'000'000);  // 128,000 tokens at $10 a million, with the fee: $1.34
    EXPECT_LT(whole.least_nanos, 1'000'000);
    const int64_t affordable = whole.affordable_tokens(1'000'000'000);
    EXPECT_GT(affordable, 90'000);
    EXPECT_LE(*whole.output_nanos(affordable) + whole.input_nanos, 1'000'000'000);
    EXPECT_GT(*whole.output_nanos(affordable + 1) + whole.input_nanos, 1'000'000'000);

    const auto stream = *plan(hi(true), model(), fee);
    EXPECT_TRUE(stream.extends);
    EXPECT_EQ(stream.output_tokens, gateway::first_slice_tokens);
    EXPECT_LT(stream.want_nanos, 12'000'000);
}

TEST(Holding, an_explicit_maximum_is_held_in_full_when_it_comes_at_once) {
    auto e = hi(false);
    e.max_output = 50'000;
    const auto h = *plan(e, model(), fee);
    EXPECT_FALSE(h.extends);
    EXPECT_FALSE(h.clamps);
    EXPECT_EQ(h.least_nanos, h.want_nanos);
    EXPECT_EQ(h.want_nanos, h.input_nanos + *h.output_nanos(50'000));
    EXPECT_EQ(h.must_cover_nanos, 0);
}

TEST(Holding, a_streams_explicit_maximum_is_held_in_slices_but_must_be_there) {
    auto e = hi(true);
    e.max_output = 50'000;
    const auto h = *plan(e, model(), fee);
    EXPECT_TRUE(h.extends);
    EXPECT_EQ(h.want_nanos, h.input_nanos + *h.output_nanos(gateway::first_slice_tokens));
    EXPECT_EQ(h.slice_nanos, h.want_nanos);
    EXPECT_EQ(h.must_cover_nanos, h.input_nanos + *h.output_nanos(50'000));
    EXPECT_EQ(h.most_tokens, 50'000);
    e.max_output = 100;  // less than a slice: all of it
    const auto small = *plan(e, model(), fee);
    EXPECT_FALSE(small.extends);
    EXPECT_EQ(small.least_nanos, small.want_nanos);
}

TEST(Holding, a_small_wallet_is_not_clamped_below_a_first_slice) {
    const auto h = *plan(hi(false), model(), fee);
    EXPECT_TRUE(h.clamps);
    EXPECT_EQ(h.slice_nanos, h.input_nanos + *h.output_nanos(gateway::first_slice_tokens));
    EXPECT_GT(h.slice_nanos, h.least_nanos);
    EXPECT_LT(h.slice_nanos, h.want_nanos);
}

TEST(Holding, every_choice_is_held_for) {
    auto e = hi(false);
    e.max_output = 100;
    e.n = 4;
    EXPECT_EQ(plan(e, model(), fee)->output_tokens, 400);
}

TEST(Holding, a_price_per_request_is_held_exactly) {
    auto m = model();
    m.price = {};
    m.price[Component::request] = 10'000'000'000;  // $0.01
    const auto h = *plan(hi(true), m, Ratio{});
    EXPECT_EQ(h.want_nanos, 10'000'000);
    EXPECT_EQ(h.least_nanos, 10'000'000);
    EXPECT_FALSE(h.extends);
}

TEST(Holding, an_embedding_is_held_by_its_input_alone) {
    auto e = hi(false);
    e.operation = canon::Operation::embedding;
    e.size.tokens_given = 1'000;
    const auto h = *plan(e, model(), fee);
    EXPECT_EQ(h.want_nanos, h.input_nanos);
    EXPECT_GE(h.want_nanos, 1'000 * 1250);
}

TEST(Holding, an_absurd_report_is_replaced_by_our_own_count) {
    const auto m = model(1'000);
    const auto e = hi(false);
    canon::Facts facts;
    facts.delivered.add("four words of text");
    for (const int64_t absurd : {int64_t{-1}, int64_t{1'000'000'000'000'000'000}, int64_t{1'000'000}}) {
        facts.usage.emplace();
        (*facts.usage)[Component::output] = absurd;
        const auto used = gateway::final_usage(facts, e, m);
        EXPECT_TRUE(used.estimated) << absurd;
        EXPECT_GT(used.output_total(), 0);
        EXPECT_LT(used.output_total(), 40);
    }
    facts.usage.emplace();
    (*facts.usage)[Component::input] = 9;
    (*facts.usage)[Component::output] = 4;
    EXPECT_EQ(gateway::final_usage(facts, e, m), *facts.usage);
}

TEST(Holding, a_long_context_is_held_at_the_dearest_tier_it_can_reach) {
    auto m = model();
    auto dear = m.price.pico;
    for (auto& p : dear) p *= 2;
    m.price.tiers = {{200'000, dear}};
    auto e = hi(true);
    const auto small = *plan(e, m, Ratio{});
    EXPECT_EQ(small.output_pico, 10'000'000);
    e.size.tokens_given = 250'000;
    const auto large = *plan(e, m, Ratio{});
    EXPECT_EQ(large.output_pico, 20'000'000);
    EXPECT_GE(large.input_nanos, 250'000 * 2'500);
}
