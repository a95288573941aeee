// Real usage objects of recorded replies times price cards and terms, exact to the nano. The expected figures were
// computed apart from this code, with exact fractions (tests/golden/inputs/anthropic_usage.jsonl).
#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include <fmt/format.h>

#include "base/json.h"
#include "provider/anthropic/anthropic.h"

using namespace aig;
using namespace aig::canon;

namespace {

const std::map<std::string, std::array<int64_t, fixed_components>> cards{
    {"sonnet", {3'000'000, 300'000, 3'750'000, 6'000'000, 15'000'000, 15'000'000, 0}},
    {"opus", {15'000'000, 1'500'000, 18'750'000, 30'000'000, 75'000'000, 75'000'000, 0}},
    {"odd", {333'333, 7, 1, 999'999'999, 123'456'789, 123'456'788, 1}},
    {"request", {0, 0, 0, 0, 0, 0, 2'500'000'000}}};
constexpr std::array terms{Ratio{1, 1}, Ratio{21, 20}, Ratio{1, 2}, Ratio{1'000'003, 999'983}};

Usage usage_of(std::string_view usage_json) {
    auto decoder = provider::anthropic_wire().decoder(Operation::chat, false);
    std::vector<Event> out;
    EXPECT_TRUE(decoder
                    ->feed(fmt::format(R"({{"id":"m","model":"c","content":[],"stop_reason":"end_turn","usage":{}}})",
                                       usage_json),
                           out)
                    .ok());
    EXPECT_TRUE(decoder->end(out).ok());
    for (const Event& e : out)
        if (e.kind == Event::Kind::usage) return e.usage;
    ADD_FAILURE() << usage_json;
    return {};
}

}  // namespace

TEST(AnthropicUsage, real_usage_is_priced_to_the_nano) {
    std::ifstream in(std::string(AIG_SOURCE_DIR) + "/tests/golden/inputs/anthropic_usage.jsonl");
    std::string line;
    int vectors = 0, prices = 0;
    while (std::getline(in, line)) {
        auto doc = JsonDoc::parse(line);
        ASSERT_TRUE(doc.ok());
        const JsonRef v = doc->root();
        const Usage usage = usage_of(v["usage"].raw());
        EXPECT_TRUE(usage.sane());
        size_t at = 0;
        for (const JsonRef units : v["units"]) EXPECT_EQ(usage.units[at++], units.integer()) << v["usage"].raw();
        for (const auto& [name, pico] : cards) {
            PriceCard card;
            card.pico = pico;
            size_t term = 0;
            for (const JsonRef expected : v["nanos"][name]) {
                auto charge = price(card, usage, terms[term++]);
                ASSERT_TRUE(charge.ok());
                EXPECT_EQ(*charge, expected.integer()) << name << " " << v["usage"].raw();
                ++prices;
            }
        }
        ++vectors;
    }
    EXPECT_GE(vectors, 30);
    EXPECT_EQ(prices, vectors * 16);
}
