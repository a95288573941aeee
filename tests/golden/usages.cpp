// Real usage objects of the wires times price cards, tiers and terms, exact to the nano. The expected figures were
// computed apart from this code, with exact fractions (tests/golden/inputs/usages.jsonl). Anthropic's stand in
// anthropic_usage.cpp.
#include <gtest/gtest.h>

#include <fstream>
#include <map>

#include "base/json.h"
#include "canon/openai/shape.h"
#include "canon/usage_shapes.h"

using namespace aig;
using namespace aig::canon;

namespace {
const std::map<std::string_view, std::optional<Usage> (*)(JsonRef)> readers{
    {"responses", responses_usage}, {"gemini", gemini_usage}, {"bedrock", bedrock_usage},
    {"cohere", cohere_usage},       {"ollama", ollama_usage}, {"openai_chat", openai::usage_of}};

std::map<std::string, PriceCard> cards() {
    std::map<std::string, PriceCard> c;
    c["gpt"].pico = {1'250'000, 125'000, 1'250'000, 1'250'000, 10'000'000, 10'000'000, 0};
    c["gpt"].tiers = {{272'000, {2'500'000, 250'000, 2'500'000, 2'500'000, 15'000'000, 15'000'000, 0}}};
    c["opus"].pico = {5'000'000, 500'000, 6'250'000, 10'000'000, 25'000'000, 25'000'000, 0};
    c["odd"].pico = {333'333, 7, 1, 999'999'999, 123'456'789, 123'456'788, 0};
    c["odd"].tiers = {{100, {1'000'001, 9, 1'000'000, 1'000'000, 123'456'790, 123'456'790, 0}}};
    return c;
}
std::vector<Terms> terms() {
    Terms fee, all, odd;
    fee.fee = all.fee = {21, 20};
    all.cache = {1, 10};
    all.fx = {7, 2};
    odd.coupon = {1'000'003, 999'983};
    return {{}, fee, all, odd};
}
}  // namespace

TEST(Usages, of_every_wire_are_priced_to_the_nano) {
    std::ifstream in(std::string(AIG_SOURCE_DIR) + "/tests/golden/inputs/usages.jsonl");
    std::string line;
    std::map<std::string, int> vectors;
    int prices = 0, cached = 0;
    const auto all_terms = terms();
    while (std::getline(in, line)) {
        auto doc = JsonDoc::parse(line);
        ASSERT_TRUE(doc.ok());
        const JsonRef v = doc->root();
        SCOPED_TRACE(line);
        const auto usage = readers.at(v["wire"].text())(v["usage"]);
        ASSERT_TRUE(usage);
        size_t at = 0;
        for (const JsonRef units : v["units"]) EXPECT_EQ(usage->units[at++], units.integer());
        for (const auto& [name, card] : cards()) {
            size_t term = 0;
            for (const JsonRef expected : v["nanos"][name]) {
                const auto cost = price(card, *usage, *all_terms[term++].fold());
                ASSERT_TRUE(cost);
                EXPECT_EQ(*cost, expected.integer()) << name << " " << term;
                ++prices;
            }
        }
        ++vectors[std::string(v["wire"].text())];
        cached += (*usage)[Component::cached_input] > 0;
    }
    EXPECT_EQ(vectors.size(), readers.size());
    EXPECT_GE(cached, 15);
    EXPECT_GE(prices, 50 * 12);
}

TEST(Usages, that_nobody_can_believe_are_none) {
    for (const char* text :
         {R"({"input_tokens":-1})", R"({"input_tokens":1.5,"output_tokens":1})", R"({})", R"([])",
          R"({"input_tokens":"7"})", R"({"input_tokens":1e18})", R"({"inputTokens":-3})",
          R"({"promptTokenCount":1000000001})", R"({"billed_units":{"input_tokens":-2}})", R"({"eval_count":-2})"}) {
        const auto doc = JsonDoc::parse(text);
        ASSERT_TRUE(doc);
        for (const auto& [name, read] : readers) EXPECT_FALSE(read(doc->root())) << name << " " << text;
    }
    const auto more_cached_than_input =
        JsonDoc::parse(R"({"input_tokens":5,"input_tokens_details":{"cached_tokens":9},"output_tokens":1})");
    const auto u = responses_usage(more_cached_than_input->root());
    ASSERT_TRUE(u);
    EXPECT_EQ(u->input_total(), 5);
}
