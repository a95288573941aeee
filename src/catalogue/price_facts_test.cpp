#include "catalogue/price_facts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalogue/build.h"
#include "catalogue/data.h"
#include "catalogue/price_import.h"
#include "catalogue/testing/fake_wire.h"

using namespace aig;
using namespace aig::catalogue;
using canon::Component;
using ::testing::HasSubstr;

namespace {
constexpr std::string_view litellm = R"({"sample_spec":{"litellm_provider":"one of ..."},
 "gpt-5.4":{"litellm_provider":"openai","input_cost_per_token":2.5e-06,"output_cost_per_token":1.5e-05,
  "cache_read_input_token_cost":2.5e-07,"input_cost_per_token_above_272k_tokens":5e-06,
  "output_cost_per_token_above_272k_tokens":0.0000225,"input_cost_per_token_batches":1.25e-06},
 "gemini/gemini-2.5-flash":{"litellm_provider":"gemini","input_cost_per_token":3e-07,"output_cost_per_token":2.5e-06},
 "gemini-2.5-flash":{"litellm_provider":"vertex_ai","input_cost_per_token":3e-07,"output_cost_per_token":2.5e-06},
 "whisper-1":{"litellm_provider":"openai","input_cost_per_second":0.0001,"output_cost_per_second":0.0},
 "odd":{"litellm_provider":"openai","input_cost_per_token":3.0000000000000004e-07,"output_cost_per_token":1e-06}})";
constexpr std::string_view models_dev =
    R"({"openai":{"id":"openai","models":{"gpt-5.4":{"cost":{"input":2.5,"output":15.0,
  "cache_read":0.25,"tiers":[{"tier":{"size":272000},"input":5.0,"output":22.5}]}},"free":{}}},
 "togetherai":{"models":{"a/b":{"cost":{"input":0.18,"output":0.59}}}}})";
}  // namespace

TEST(PriceFacts, the_embedded_rows_are_cards_of_a_date_and_a_source) {
    const auto& data = embedded_data();
    ASSERT_TRUE(data) << data.error().message();
    EXPECT_GE(data->prices.count(), 150u);
    EXPECT_EQ(data->prices.date.size(), 10u);
    for (const auto& [provider, models] : data->prices.rows) {
        ASSERT_TRUE(data->prices.sources.contains(provider)) << provider;
        for (const auto& [model, price] : models) {
            const auto card = price_card(price);
            ASSERT_TRUE(card) << provider << " " << model;
            EXPECT_LE((*card)[Component::cached_input], (*card)[Component::input]) << provider << " " << model;
            for (const auto& t : card->tiers) EXPECT_GE(t.pico[0], (*card)[Component::input]) << model;
        }
    }
}

TEST(PriceFacts, written_and_read_again_they_are_the_same) {
    const auto& facts = embedded_data()->prices;
    const auto again = parse_price_facts(price_facts_json(facts), "again");
    ASSERT_TRUE(again) << again.error().message();
    EXPECT_EQ(again->rows, facts.rows);
    EXPECT_EQ(again->date, facts.date);
}

TEST(PriceFacts, what_is_wrong_names_its_row) {
    const std::pair<const char*, const char*> cases[] = {
        {"[", "is not JSON"},
        {R"({"currency":"EUR","prices":{}})", "currency must be \"USD\""},
        {R"({"currency":"USD"})", "prices is missing"},
        {R"({"currency":"USD","prices":{},"colour":1})", "colour is an unknown member"},
        {R"({"currency":"USD","prices":{"p":{"m":{"input_per_million":1.25}}}})",
         "p m has a price that is not decimal text"},
        {R"({"currency":"USD","prices":{"p":{"m":{"input_per_milion":"1"}}}})", "did you mean 'input_per_million'"},
        {R"({"currency":"USD","prices":{"p":{"m":{"per_image":"1"},"m":{"per_image":"1"}}}})", "stands there twice"}};
    for (const auto& [text, says] : cases) {
        const auto facts = parse_price_facts(text, "file");
        ASSERT_FALSE(facts) << text;
        EXPECT_THAT(facts.error().message(), HasSubstr(says));
    }
}

TEST(PriceFacts, a_model_without_a_price_is_sold_at_its_targets_list_price) {
    Config c;
    ProviderConfig p;
    p.name = "openai";
    p.keys = {{"k", 1}};
    c.providers = {p};
    ModelConfig m;
    m.id = "openai/gpt-5.4";
    m.targets = {{"openai", "gpt-5.4", 0, 1, {}}};
    c.models = {m};
    const auto built = build(c, catalogue::testing::fake_wires);
    ASSERT_TRUE(built.snapshot);
    EXPECT_EQ((*built.snapshot->resolve("openai/gpt-5.4"))->price.at(272'001)[0], 5'000'000);
    ASSERT_EQ(built.warnings.size(), 1u);
    EXPECT_THAT(built.warnings[0], HasSubstr("openai/gpt-5.4"));

    PriceFacts own;
    own.rows["openai"]["gpt-5.4"] = {{"input_per_million", "9"}, {"output_per_million", "10"}};
    c.prices = std::make_shared<const PriceFacts>(own);
    const auto with_own = build(c, catalogue::testing::fake_wires).snapshot;
    EXPECT_EQ((*with_own->resolve("openai/gpt-5.4"))->price[Component::input], 9'000'000);

    c.models->front().targets[0].model = "gpt-of-nobody";
    const auto none = build(c, catalogue::testing::fake_wires);
    ASSERT_FALSE(none.faults.empty());
    EXPECT_THAT(none.faults[0].message, HasSubstr("has no price, and there is no list price of gpt-of-nobody"));
}

TEST(PriceImport, floats_are_read_as_decimal_text) {
    const auto got = import_prices(litellm, PriceFormat::litellm, "2026-11-21");
    ASSERT_TRUE(got) << got.error().message();
    const auto* gpt = got->facts.find("openai", "gpt-5.4");
    ASSERT_TRUE(gpt);
    EXPECT_EQ(gpt->at("input_per_million"), "2.5");
    EXPECT_EQ(gpt->at("cached_input_per_million"), "0.25");
    EXPECT_EQ(gpt->at("above.272000.output_per_million"), "22.5");
    EXPECT_EQ(gpt->size(), 5u) << "batches and priorities are other prices";
    EXPECT_EQ(got->facts.find("google", "gemini-2.5-flash")->at("input_per_million"), "0.3");
    EXPECT_EQ(got->facts.find("openai", "whisper-1")->at("per_second"), "0.0001");
    ASSERT_EQ(got->left_out.size(), 1u);
    EXPECT_THAT(got->left_out[0],
                HasSubstr("openai odd: input_cost_per_token: '3.0000000000000004e-07' has more than"));
}

TEST(PriceImport, models_dev_says_prices_a_million) {
    const auto got = import_prices(models_dev, PriceFormat::models_dev, "2026-11-21");
    ASSERT_TRUE(got) << got.error().message();
    EXPECT_EQ(got->facts.find("openai", "gpt-5.4")->at("above.272000.input_per_million"), "5");
    EXPECT_EQ(got->facts.find("together", "a/b")->at("output_per_million"), "0.59");
    EXPECT_EQ(got->facts.count(), 2u);
    EXPECT_FALSE(import_prices("{}", PriceFormat::models_dev, ""));
    EXPECT_FALSE(import_prices("[1", PriceFormat::litellm, ""));
    EXPECT_FALSE(import_prices(R"({"openai":7,"x":[{}]})", PriceFormat::litellm, ""));
}

TEST(PriceImport, a_diff_names_what_differs) {
    auto ours = import_prices(litellm, PriceFormat::litellm, "")->facts;
    const auto theirs = import_prices(models_dev, PriceFormat::models_dev, "")->facts;
    auto d = diff_prices(ours, theirs);
    EXPECT_EQ(d.compared, 1u);
    EXPECT_EQ(d.same, 1u) << "2.5 is 2.50; a cache price that only one gives is no difference";
    EXPECT_EQ(d.unknown_to_them.size(), 2u);
    ours.rows["openai"]["gpt-5.4"]["output_per_million"] = "14";
    d = diff_prices(ours, theirs);
    ASSERT_EQ(d.differences.size(), 1u);
    EXPECT_EQ(d.differences[0].ours, "14");
    EXPECT_EQ(d.differences[0].theirs, "15");
}
