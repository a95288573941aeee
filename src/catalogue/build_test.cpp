#include "catalogue/build.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalogue/data.h"
#include "catalogue/dev.h"
#include "catalogue/testing/fake_wire.h"

namespace aig::catalogue {
namespace {
using canon::Component;
using ::testing::Contains;
using testing::fake_wires;
using ::testing::HasSubstr;

Config small() {
    Config c;
    ProviderConfig openai, own;
    openai.name = "openai";
    openai.keys = {{"sk-a", 1}};
    own.name = "my-vllm";
    own.wire = "openai-chat";
    own.base_url = "http://127.0.0.1:8000/v1/";
    c.providers = {openai, own};
    ModelConfig m;
    m.id = "openai/gpt-5.4";
    m.targets = {{"my-vllm", "gpt-oss-120b", 1, 1, {{"input_per_million", "0.10"}, {"output_per_million", "0.40"}}},
                 {"openai", "gpt-5.4", 0, 1, {}}};
    m.price = {{"input_per_million", "1.25"}, {"cached_input_per_million", "0.125"}, {"output_per_million", "10"}};
    c.models = {m};
    c.aliases = {{"gpt", "openai/gpt-5.4"}};
    return c;
}

std::string faults_of(const Config& c) {
    std::string all;
    const auto built = build(c, fake_wires);
    EXPECT_EQ(built.snapshot == nullptr, !built.faults.empty());
    for (const auto& f : built.faults) all += f.path + ": " + f.message + "\n";
    return all;
}

TEST(Build, MakesTheModelOfTheContractExample) {
    const auto built = build(small(), fake_wires);
    ASSERT_TRUE(built.snapshot) << faults_of(small());
    const auto model = *built.snapshot->resolve("openai/gpt-5.4");
    EXPECT_EQ(model->price[Component::input], 1'250'000);
    EXPECT_EQ(model->price[Component::cached_input], 125'000);
    EXPECT_EQ(model->price[Component::cache_write], 1'250'000);
    EXPECT_EQ(model->price[Component::cache_write_1h], 1'250'000);
    EXPECT_EQ(model->price[Component::reasoning], 10'000'000);
    EXPECT_EQ(model->price[Component::request], 0);
    EXPECT_NE(model->price.id, 0);
    ASSERT_EQ(model->targets.size(), 2u);
    EXPECT_EQ(model->targets[0].provider->name, "openai");
    EXPECT_EQ(model->targets[0].provider->base_url, "https://api.openai.com/v1");
    EXPECT_TRUE(model->targets[0].provider->quirks.max_completion_tokens);
    EXPECT_EQ(model->targets[1].provider->base_url, "http://127.0.0.1:8000/v1");
    EXPECT_EQ(model->targets[1].provider->auth, Auth::none);
    EXPECT_EQ((*model->targets[1].cost)[Component::output], 400'000);
    EXPECT_EQ(model->tokenizer, canon::Tokenizer::openai);
    EXPECT_EQ(model->owned_by, "openai");
    EXPECT_EQ(built.snapshot->fee, (Ratio{21, 20}));
}

TEST(Build, AProviderMaySpeakSeveralWires) {
    auto c = small();
    c.providers[1].also = {"openai-responses"};
    const auto built = build(c, fake_wires);
    ASSERT_TRUE(built.snapshot) << faults_of(c);
    const auto& provider = *(*built.snapshot->resolve("openai/gpt-5.4"))->targets[1].provider;
    EXPECT_EQ(&provider.wire_for(canon::Family::openai_responses), fake_wires("openai-responses"));
    EXPECT_EQ(&provider.wire_for(canon::Family::openai_chat), fake_wires("openai-chat"));
    EXPECT_EQ(&provider.wire_for(canon::Family::anthropic), fake_wires("openai-chat"));
    c.providers[1].also = {"openai-responses", "anthropc"};
    EXPECT_THAT(faults_of(c), HasSubstr("did you mean 'anthropic'?"));
}

TEST(Build, AmazonsKeysSignAndARegionFillsTheAddress) {
    auto c = small();
    auto& p = c.providers[1];
    p.base_url = "https://bedrock-runtime.{region}.amazonaws.com";
    p.region = "us-east-1";
    p.keys = {{"secret", 1, "AKID", ""}};
    const auto built = build(c, fake_wires);
    ASSERT_TRUE(built.snapshot) << faults_of(c);
    const auto& own = *(*built.snapshot->resolve("gpt"))->targets[1].provider;
    EXPECT_EQ(own.base_url, "https://bedrock-runtime.us-east-1.amazonaws.com");
    EXPECT_EQ(own.auth, Auth::sigv4);
    EXPECT_EQ(own.keys[0].access_key, "AKID");
    p.keys = {{"bedrock-api-key", 1}};
    EXPECT_EQ((*build(c, fake_wires).snapshot->resolve("gpt"))->targets[1].provider->auth, Auth::bearer);
}

TEST(Build, ATargetsQuirksAddToItsProviders) {
    auto c = small();
    c.models->front().targets[1].quirks = {"no_sampling"};
    const auto built = build(c, fake_wires);
    ASSERT_TRUE(built.snapshot) << faults_of(c);
    const auto model = *built.snapshot->resolve("openai/gpt-5.4");
    const auto &own = model->targets[0], &other = model->targets[1];
    ASSERT_EQ(own.provider->name, "openai");
    EXPECT_TRUE(own.quirks.max_completion_tokens && own.quirks.no_sampling);
    EXPECT_FALSE(own.provider->quirks.no_sampling);
    EXPECT_FALSE(other.quirks.max_completion_tokens || other.quirks.no_sampling);
}

TEST(Build, ModelsOfTheDataHaveTheirQuirks) {
    Config c;
    c.providers.resize(1);
    c.providers[0].name = "anthropic";
    c.providers[0].keys = {{"sk-ant", 1}};
    const auto built = build(c, fake_wires);
    ASSERT_TRUE(built.snapshot);
    const auto quirks = [&](const char* id) { return (*built.snapshot->resolve(id))->targets[0].quirks; };
    EXPECT_TRUE(quirks("claude-opus-4-8").adaptive_thinking && quirks("claude-opus-4-8").system_in_messages);
    EXPECT_TRUE(quirks("claude-sonnet-5").no_sampling);
    EXPECT_FALSE(quirks("claude-haiku-4-5").adaptive_thinking || quirks("claude-haiku-4-5").no_sampling);
}

TEST(Build, SamePriceHasTheSameIdAndAnotherPriceAnother) {
    const auto a = price_card({{"input_per_million", "1"}, {"output_per_million", "2"}});
    const auto b = price_card({{"output_per_million", "2.0"}, {"input_per_million", "1e0"}});
    const auto c = price_card({{"input_per_million", "1"}, {"output_per_million", "2.000001"}});
    ASSERT_TRUE(a && b && c);
    EXPECT_EQ(a->id, b->id);
    EXPECT_NE(a->id, c->id);
}

TEST(Build, PricesAreExactOrRefused) {
    EXPECT_EQ((*price_card({{"input_per_million", "0.000001"}}))[Component::input], 1);
    EXPECT_EQ((*price_card({{"per_request", "0.000000000001"}}))[Component::request], 1);
    EXPECT_EQ((*price_card({{"per_request", "0.01"}}))[Component::request], 10'000'000'000);
    for (const char* bad : {"0.0000001", "-1", "1.2.3", "", "NaN", "1e13", "1000000.000001", "0x10", " 1"})
        EXPECT_FALSE(price_card({{"input_per_million", bad}})) << bad;
    EXPECT_FALSE(price_card({{"per_request", "0.0000000000001"}}));
    EXPECT_THAT(price_card({{"per_megapixel", "1"}}).error().message(), HasSubstr("not in this version"));
    EXPECT_THAT(price_card({{"input_per_milion", "1"}}).error().message(),
                HasSubstr("did you mean 'input_per_million'"));
}

struct BadCase {
    const char* what;
    std::function<void(Config&)> spoil;
    const char* says;
};

TEST(Build, SaysWhatIsWrongAndWhatInstead) {
    const BadCase cases[] = {
        {"no price", [](Config& c) { c.models->front().price.clear(); }, "models.openai/gpt-5.4.price: has no price"},
        {"half a price", [](Config& c) { c.models->front().price.erase("output_per_million"); },
         "output_per_million is missing"},
        {"inexact price", [](Config& c) { c.models->front().price["input_per_million"] = "0.0000001"; },
         "price.input_per_million: input_per_million: '0.0000001' has more than 6"},
        {"no target", [](Config& c) { c.models->front().targets.clear(); }, "at least one is needed"},
        {"unknown provider in a target", [](Config& c) { c.models->front().targets[1].provider = "opanai"; },
         "no provider 'opanai' is configured; did you mean 'openai'?"},
        {"zero weight", [](Config& c) { c.models->front().targets[0].weight = 0; },
         "targets[0].weight: must be 1 to 1000"},
        {"alias to nothing", [](Config& c) { c.aliases["x"] = "openai/gpt-5.5"; },
         "aliases.x: there is no model 'openai/gpt-5.5'; did you mean 'openai/gpt-5.4'?"},
        {"alias over a model", [](Config& c) { c.aliases["openai/gpt-5.4"] = "openai/gpt-5.4"; },
         "a model has this id already"},
        {"model twice", [](Config& c) { c.models->push_back(c.models->front()); }, "stands here twice"},
        {"media model", [](Config& c) { c.models->front().modality = "image"; }, "'image' is not in this version"},
        {"bad id", [](Config& c) { c.models->front().id = "a b"; }, "a model's id has"},
        {"unknown provider", [](Config& c) { c.providers[0].name = "opnai"; },
         "providers.opnai: 'opnai' is not a provider this version knows; did you mean 'openai'?"},
        {"no key", [](Config& c) { c.providers[0].keys.clear(); }, "has no key: set api_key: ${env:OPENAI_API_KEY}"},
        {"unknown wire", [](Config& c) { c.providers[1].wire = "gemni"; },
         "there is no wire 'gemni'; did you mean 'gemini'?"},
        {"unknown wire", [](Config& c) { c.providers[1].wire = "openai-caht"; }, "did you mean 'openai-chat'?"},
        {"no address", [](Config& c) { c.providers[1].base_url.clear(); }, "base_url: is missing"},
        {"other scheme", [](Config& c) { c.providers[1].base_url = "ftp://x"; }, "must begin with https:// or http://"},
        {"credentials in the address", [](Config& c) { c.providers[1].base_url = "https://u:p@x/v1"; },
         "must not hold a user"},
        {"no region", [](Config& c) { c.providers[1].base_url = "https://x.{region}.y"; },
         "my-vllm.region: is missing"},
        {"bad region", [](Config& c) { c.providers[1].region = "a.evil.com/"; }, "region: is made of"},
        {"signed without an access key",
         [](Config& c) {
             c.providers[1].auth = "sigv4";
             c.providers[1].region = "r";
             c.providers[1].keys = {{"s", 1}};
         },
         "its access_key is missing"},
        {"no host", [](Config& c) { c.providers[1].base_url = "https:///v1"; }, "has no host"},
        {"line end in a key", [](Config& c) { c.providers[0].keys[0].secret = "sk-a\r\nx: y"; },
         "holds a space, a line end"},
        {"same provider twice", [](Config& c) { c.providers.push_back(c.providers[0]); }, "stands here twice"},
        {"unknown quirk", [](Config& c) { c.providers[1].quirks = {"no_stream_option"}; },
         "did you mean 'no_stream_options'?"},
        {"unknown quirk of a target", [](Config& c) { c.models->front().targets[0].quirks = {"no_samplin"}; },
         "models.openai/gpt-5.4.targets[0].quirks: there is no quirk 'no_samplin'; did you mean 'no_sampling'?"},
        {"fee", [](Config& c) { c.fee_percent = "lots"; }, "billing.fee_percent"},
    };
    for (const auto& k : cases) {
        auto c = small();
        k.spoil(c);
        EXPECT_THAT(faults_of(c), HasSubstr(k.says)) << k.what;
    }
}

TEST(Build, ReportsAllFaultsAtOnceAndNeverASecret) {
    auto c = small();
    c.providers[0].keys[0].secret = "sk-very-secret\n";
    c.models->front().price.clear();
    c.aliases["x"] = "y";
    const auto all = faults_of(c);
    EXPECT_THAT(all, HasSubstr("holds a space"));
    EXPECT_THAT(all, HasSubstr("has no price"));
    EXPECT_THAT(all, HasSubstr("aliases.x"));
    EXPECT_EQ(all.find("very-secret"), std::string::npos);
}

TEST(Build, ProviderIdsStayAcrossReloads) {
    const auto first = build(small(), fake_wires).snapshot;
    auto changed = small();
    std::swap(changed.providers[0], changed.providers[1]);
    ProviderConfig extra;
    extra.name = "a-first";
    extra.wire = "openai-chat";
    extra.base_url = "http://10.0.0.1/v1";
    changed.providers.push_back(extra);
    const auto second = build(changed, fake_wires, first.get()).snapshot;
    ASSERT_TRUE(first && second);
    EXPECT_EQ(second->version, 2);
    const auto id_of = [](const Snapshot& s, std::string_view name) {
        for (const auto& p : s.providers)
            if (p->name == name) return p->id;
        return size_t{999};
    };
    EXPECT_EQ(id_of(*first, "openai"), id_of(*second, "openai"));
    EXPECT_EQ(id_of(*first, "my-vllm"), id_of(*second, "my-vllm"));
    EXPECT_EQ(id_of(*second, "a-first"), 2u);
    changed.providers[0].base_url = "http://127.0.0.1:8001/v1";
    const auto third = build(changed, fake_wires, second.get()).snapshot;
    EXPECT_EQ(id_of(*third, "my-vllm"), 3u);
    EXPECT_EQ((*first->resolve("gpt"))->targets[0].breaker, (*third->resolve("gpt"))->targets[0].breaker);
    EXPECT_NE((*first->resolve("gpt"))->targets[1].breaker, (*third->resolve("gpt"))->targets[1].breaker);
}

TEST(Resolve, FindsByIdAliasAndBareName) {
    auto c = small();
    auto other = c.models->front();
    other.id = "a/Same";
    c.models->push_back(other);
    other.id = "b/same";
    c.models->push_back(other);
    const auto s = build(c, fake_wires).snapshot;
    ASSERT_TRUE(s);
    for (const char* name : {"openai/gpt-5.4", "gpt", "gpt-5.4", "GPT-5.4", "OpenAI/GPT-5.4"}) {
        const auto m = s->resolve(name);
        ASSERT_TRUE(m) << name;
        EXPECT_EQ((*m)->id, "openai/gpt-5.4");
    }
    EXPECT_FALSE(s->resolve("same"));
    EXPECT_EQ((*s->resolve("a/Same"))->id, "a/Same");
    EXPECT_EQ((*s->resolve("B/SAME"))->id, "b/same");
}

TEST(Resolve, NamesTheNearestAndSurvivesGarbage) {
    const auto s = build(small(), fake_wires).snapshot;
    const auto near = s->resolve("openai/gtp-5.4");
    ASSERT_FALSE(near);
    EXPECT_EQ(near.error().code(), ErrorCode::model_not_found);
    EXPECT_THAT(near.error().message(), HasSubstr("did you mean 'openai/gpt-5.4'?"));
    EXPECT_THAT(s->resolve("gpt5.4").error().message(), HasSubstr("did you mean 'openai/gpt-5.4'?"));
    EXPECT_EQ(s->resolve("").error().code(), ErrorCode::bad_param);
    EXPECT_EQ(s->resolve(std::string(100'000, 'a')).error().code(), ErrorCode::model_not_found);
    EXPECT_LT(s->resolve(std::string(100'000, 'a')).error().message().size(), 200u);
    EXPECT_THAT(s->resolve("a\r\nb").error().message(), HasSubstr("(unprintable)"));
    EXPECT_FALSE(s->resolve("fault/x"));
}

TEST(Resolve, KnowsClaudeByAnthropicsOwnNames) {
    const auto s = build(dev_config("http://127.0.0.1:4999/"), fake_wires).snapshot;
    ASSERT_TRUE(s);
    for (const char* name :
         {"claude-opus-4.7", "claude-opus-4-7-20260416", "claude-opus-4-7@20260416", "Claude-Opus-4-7",
          "claude-opus-4-7-latest", "claude-opus-4-7[1m]", "anthropic/claude-opus-4-7"}) {
        const auto m = s->resolve(name);
        ASSERT_TRUE(m) << name;
        EXPECT_EQ((*m)->id, "anthropic/claude-opus-4.7") << name;
    }
    for (const char* name : {"claude-opus-4-9", "claude-opus-47", "claude-", "opus-4-7", "claude-opus-4-7-2026041x"})
        EXPECT_FALSE(s->resolve(name)) << name;
}

TEST(Dev, HasTheModelsOfTheSamplesAndHidesTheRest) {
    const auto built = build(dev_config("http://127.0.0.1:4999/"), fake_wires);
    ASSERT_TRUE(built.snapshot) << built.faults.front().path << built.faults.front().message;
    std::vector<std::string> listed;
    for (const auto& [id, m] : built.snapshot->models)
        if (m->listed) listed.push_back(id);
    EXPECT_THAT(listed,
                ::testing::ElementsAre("anthropic/claude-opus-4.7", "anthropic/claude-sonnet-4.6", "baai/bge-m3",
                                       "google/gemini-2.5-flash", "google/gemini-2.5-flash-image",
                                       "google/gemini-embedding-001", "google/text-embedding-004", "llama-3.1-70b",
                                       "moonshot/kimi-k2.6", "nomic-embed-text", "openai/gpt-5.4", "openai/gpt-5.5"));
    const auto per_request = *built.snapshot->resolve("sim/per-request");
    EXPECT_TRUE(per_request->price.per_request_only());
    EXPECT_EQ(per_request->price[Component::request], 10'000'000'000);
    EXPECT_EQ((*built.snapshot->resolve("sim/per-request-anthropic"))->targets[0].provider->wire_name, "anthropic");
    EXPECT_EQ((*built.snapshot->resolve("claude-opus-4-7"))->id, "anthropic/claude-opus-4.7");
    const auto gemini = *built.snapshot->resolve("gemini-2.5-flash");
    EXPECT_EQ(gemini->targets[0].provider->base_url, "http://127.0.0.1:4999/v1beta");
    EXPECT_EQ(gemini->targets[0].provider->auth, Auth::x_goog_api_key);
    EXPECT_EQ((*built.snapshot->resolve("openai/gpt-5.4"))->targets[0].provider->base_url, "http://127.0.0.1:4999/v1");
}

TEST(Dev, FaultFamiliesResolveToTheirTargets) {
    const auto s = build(dev_config("http://127.0.0.1:4999"), fake_wires).snapshot;
    struct {
        const char* name;
        std::vector<std::pair<std::string, std::string>> targets;
    } const cases[] = {
        {"fault/http_500", {{"sim-openai", "fault/http_500"}}},
        {"fault-anthropic/http_500", {{"sim-anthropic", "fault/http_500"}}},
        {"failover/cut", {{"sim-openai", "fault/cut"}, {"sim-anthropic", "claude-sonnet-4-6"}}},
        {"failover-anthropic/cut", {{"sim-anthropic", "fault/cut"}, {"sim-openai", "gpt-5.4"}}},
    };
    for (const auto& k : cases) {
        const auto m = s->resolve(k.name);
        ASSERT_TRUE(m) << k.name;
        EXPECT_EQ((*m)->id, k.name);
        EXPECT_FALSE((*m)->listed);
        std::vector<std::pair<std::string, std::string>> got;
        for (const auto& t : (*m)->targets) got.emplace_back(t.provider->name, t.model);
        EXPECT_EQ(got, k.targets);
    }
    EXPECT_NE((*s->resolve("fault/a"))->targets[0].breaker, (*s->resolve("fault/b"))->targets[0].breaker);
    EXPECT_FALSE(s->resolve("fault/"));
}

TEST(Data, EmbeddedRowsAreGoodForEveryProviderAlone) {
    const auto& data = embedded_data();
    ASSERT_TRUE(data) << data.error().message();
    EXPECT_GE(data->providers.size(), 12u);
    EXPECT_GE(data->models.size(), 40u);
    for (const auto& [name, facts] : data->providers) {
        Config c;
        ProviderConfig p;
        p.name = name;
        p.keys = {{"k", 1}};
        p.region = p.account = p.project = "x";
        c.providers = {p};
        const auto built = build(c, fake_wires);
        ASSERT_TRUE(built.snapshot) << name << built.faults.front().path << built.faults.front().message;
    }
    for (const auto& m : data->models)
        for (const auto& t : m.targets) EXPECT_TRUE(data->providers.contains(t.provider)) << m.id << " " << t.provider;
}

TEST(Build, AFileBesideTheDevelopmentCatalogueComesFirst) {
    Config file;
    ProviderConfig own;
    own.name = "mine";
    own.wire = "openai-chat";
    own.base_url = "http://127.0.0.1:1/v1";
    file.providers = {own};
    ModelConfig changed;
    changed.id = "openai/gpt-5.4";
    changed.targets = {{"mine", "m", 0, 1, {}}};
    changed.price = {{"per_request", "0.5"}};
    file.models = {{changed}};
    file.aliases = {{"fast", "llama-3.1-70b"}};
    const auto s = build(dev_config_with(file, "http://127.0.0.1:4999"), fake_wires).snapshot;
    ASSERT_TRUE(s);
    EXPECT_EQ((*s->resolve("openai/gpt-5.4"))->targets[0].provider->name, "mine");
    EXPECT_EQ((*s->resolve("fast"))->targets[0].provider->name, "sim-openai");
    EXPECT_TRUE(s->resolve("fault/slow"));
}

TEST(Build, AFileWithoutModelsBringsTheKnownOnesOfItsProviders) {
    Config file;
    ProviderConfig openai;
    openai.name = "openai";
    openai.keys = {{"k", 1}};
    file.providers = {openai};
    const auto s = build(dev_config_with(file, "http://127.0.0.1:4999"), fake_wires).snapshot;
    ASSERT_TRUE(s);
    EXPECT_EQ((*s->resolve("openai/gpt-5.4"))->targets[0].provider->name, "openai");
    EXPECT_EQ((*s->resolve("anthropic/claude-opus-4.7"))->targets[0].provider->name, "sim-anthropic");
}

TEST(Data, ThePublicPriceCoversTheDearestTarget) {
    Config c;
    for (const char* name : {"groq", "cerebras"}) {
        ProviderConfig p;
        p.name = name;
        p.keys = {{"k", 1}};
        c.providers.push_back(p);
    }
    const auto both = build(c, fake_wires).snapshot;
    c.providers.pop_back();
    const auto one = build(c, fake_wires).snapshot;
    ASSERT_TRUE(both && one);
    const auto price = [](const SnapshotPtr& s) {
        return (*s->resolve("openai/gpt-oss-120b"))->price[Component::output];
    };
    EXPECT_EQ(price(one), 600'000);
    EXPECT_EQ(price(both), 750'000);
}

TEST(Data, BrokenRowsAreNamed) {
    const struct {
        const char *providers, *models, *says;
    } cases[] = {
        {R"({"x":{"wire":"openai-chat"}})", "[]", "data/providers.json: x base_url is missing"},
        {R"({"x":{"wire":1,"base_url":"u"}})", "[]", "wire must be a string"},
        {R"({"x":{"wire":"w","base_url":"u","colour":"red"}})", "[]", "unknown or repeated member"},
        {R"({"x":{"wire":"w","base_url":"u"},"x":{"wire":"w","base_url":"u"}})", "[]", "stands there twice"},
        {"{}", R"([{"id":"a","name":"A","owned_by":"o","modality":"text","context":-1,"targets":[]}])",
         "context must be a whole number"},
        {"{}", R"([{"id":"a","name":"A","owned_by":"o","modality":"text"}])", "data/models.json: a targets is missing"},
        {"{}", R"([{"id":"a","name":"A","owned_by":"o","modality":"text","targets":[{"model":"m"}]}])",
         "provider is missing"},
        {"{}", R"([{"id":"a","name":"A","owned_by":"o","modality":"text","released":"2026-02-30","targets":[]}])",
         "released must be a day like 2026-03-05"},
        {"{}", R"([{"id":"a","name":"A","owned_by":"o","modality":"text","targets":[{"provider":"p","model":"m"}]}])",
         "data/prices.json has no price of m at p"},
        {"{}", R"([7])", "is not an object"},
        {"{", "[]", ""},
    };
    for (const auto& k : cases) {
        const auto data = parse_data(k.providers, k.models, R"({"currency":"USD","prices":{}})");
        ASSERT_FALSE(data) << k.says;
        EXPECT_THAT(data.error().message(), HasSubstr(k.says));
    }
}
}  // namespace
}  // namespace aig::catalogue
