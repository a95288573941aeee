#include <gtest/gtest.h>

#include "base/money.h"
#include "catalogue/build.h"

using namespace aig;
using namespace aig::catalogue;
using canon::Component;

namespace {
std::string fault(const PriceConfig& price) {
    const auto card = price_card(price);
    return card ? "" : card.error().message();
}
}  // namespace

TEST(PriceCardKeys, every_component_has_its_key) {
    const auto c = price_card({{"input_per_million", "1.25"},
                               {"output_per_million", "10"},
                               {"per_request", "0.000001"},
                               {"per_image", "0.04"},
                               {"images.1024x1024/hd", "0.08"},
                               {"per_minute", "0.006"},
                               {"per_millisecond", "0.00001"},
                               {"per_1k_characters", "0.00060"},
                               {"per_1k_pages", "1"},
                               {"per_tool_call", "0.005"},
                               {"tools.web_search", "0.01"}});
    ASSERT_TRUE(c) << c.error().message();
    EXPECT_EQ((*c)[Component::input], 1'250'000);
    EXPECT_EQ((*c)[Component::cached_input], 1'250'000);
    EXPECT_EQ((*c)[Component::reasoning], 10'000'000);
    EXPECT_EQ((*c)[Component::request], 1'000'000);
    EXPECT_EQ(c->extra_price(Component::image, ""), 40'000'000'000);
    EXPECT_EQ(c->extra_price(Component::image, "1024x1024/hd"), 80'000'000'000);
    EXPECT_EQ(c->extra_price(Component::second, ""), 100'000'000);  // a sixtieth
    EXPECT_EQ(c->extra_price(Component::millisecond, ""), 10'000'000);
    EXPECT_EQ(c->extra_price(Component::character, ""), 600'000);
    EXPECT_EQ(c->extra_price(Component::page, ""), 1'000'000'000);
    EXPECT_EQ(c->extra_price(Component::tool_call, "web_search"), 10'000'000'000);
    EXPECT_EQ(c->extra_price(Component::tool_call, "code"), 5'000'000'000);
}

TEST(PriceCardKeys, a_tier_keeps_what_it_does_not_say) {
    const auto c = *price_card({{"input_per_million", "1.25"},
                                {"cached_input_per_million", "0.125"},
                                {"output_per_million", "10"},
                                {"above.200000.input_per_million", "2.5"},
                                {"above.272000.output_per_million", "15"}});
    ASSERT_EQ(c.tiers.size(), 2u);
    EXPECT_EQ(c.tiers[0].above_input, 200'000);
    EXPECT_EQ(c.tiers[0].pico[0], 2'500'000);
    EXPECT_EQ(c.tiers[0].pico[1], 125'000) << "given by the card";
    EXPECT_EQ(c.tiers[0].pico[2], 2'500'000) << "follows the tier's input";
    EXPECT_EQ(c.tiers[0].pico[4], 10'000'000);
    EXPECT_EQ(c.tiers[1].pico[0], 1'250'000);
    EXPECT_EQ(c.tiers[1].pico[5], 15'000'000) << "reasoning follows the tier's output";
}

TEST(PriceCardKeys, what_is_wrong_is_said_with_what_to_write) {
    EXPECT_NE(fault({{"input_per_million", "0.0000001"}}).find("more than 6 decimal places"), std::string::npos);
    EXPECT_NE(fault({{"per_minute", "0.01"}}).find("divided by 60 exactly"), std::string::npos);
    EXPECT_NE(fault({{"per_image", "-1"}}).find("out of range"), std::string::npos);
    EXPECT_NE(fault({{"per_imag", "1"}}).find("per_image"), std::string::npos);
    EXPECT_NE(fault({{"above.x.input_per_million", "1"}}).find("input tokens"), std::string::npos);
    EXPECT_NE(fault({{"above.0.input_per_million", "1"}}), "");
    EXPECT_NE(fault({{"above.200000.per_image", "1"}}), "");
    EXPECT_NE(fault({{"images.", "1"}}), "");
    EXPECT_NE(fault({{"per_second", "1"}, {"per_minute", "60"}}).find("second time"), std::string::npos);
    EXPECT_NE(fault({{"per_megapixel", "1"}}).find("not in this version"), std::string::npos);
}

TEST(PriceCardKeys, a_cards_text_is_the_card) {
    const PriceConfig text{{"input_per_million", "0.0375"},      {"output_per_million", "0.15"},
                           {"cached_input_per_million", "0.01"}, {"above.128000.input_per_million", "0.075"},
                           {"images.1024x1024", "0.011"},        {"per_minute", "0.006"},
                           {"tools.web_search", "0.01"}};
    const auto card = *price_card(text);
    const auto again = price_card(price_text(card));
    ASSERT_TRUE(again) << again.error().message();
    EXPECT_EQ(*again, card);
}

TEST(PriceCardKeys, the_version_changes_with_any_price) {
    const PriceConfig base{{"input_per_million", "1"}, {"output_per_million", "2"}};
    const auto version = [&](std::string key, std::string value) {
        auto p = base;
        p[key] = std::move(value);
        return price_card(p)->id;
    };
    const auto plain = price_card(base)->id;
    EXPECT_EQ(price_card({{"input_per_million", "1.0"}, {"output_per_million", "2e0"}})->id, plain);
    EXPECT_NE(version("above.5.input_per_million", "1.1"), plain);
    EXPECT_NE(version("per_image", "1"), plain);
    EXPECT_NE(version("images.a", "1"), version("images.b", "1"));
}

TEST(DearestCard, no_failover_is_sold_at_a_loss) {
    const std::vector<canon::PriceCard> cards{
        *price_card({{"input_per_million", "1"}, {"output_per_million", "9"}, {"above.100.input_per_million", "4"}}),
        *price_card({{"input_per_million", "2"}, {"output_per_million", "8"}, {"per_image", "3"}})};
    const auto most = dearest(cards);
    for (const int64_t input : {0, 100, 101, 1'000'000})
        for (const auto& c : cards)
            for (size_t i = 0; i < canon::fixed_components; ++i) EXPECT_GE(most.at(input)[i], c.at(input)[i]);
    EXPECT_EQ(most.at(101)[0], 4'000'000);
    EXPECT_EQ(most.at(100)[0], 2'000'000);
    EXPECT_EQ(most.extra_price(Component::image, ""), 3'000'000'000'000);
}
