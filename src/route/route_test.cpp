#include "route/route.h"

#include <map>
#include <set>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalogue/testing/fake_wire.h"

namespace aig::route {
namespace {
using catalogue::Model;
using catalogue::Provider;
using catalogue::ProviderKey;
using catalogue::Target;
using catalogue::testing::fake_wires;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
constexpr int64_t start = 1'000'000;

/// Three providers a, b (OpenAI wire) and c (Anthropic wire) and a model over them.
class RouteTest : public ::testing::Test {
  protected:
    RouteTest() {
        model.id = "m";
        add("a", "openai-chat", 0, 1);
        add("b", "openai-chat", 1, 1);
        add("c", "anthropic", 2, 1);
    }
    Provider& add(std::string name, std::string_view wire, int64_t priority, int64_t weight, size_t keys = 1) {
        auto p = std::make_shared<Provider>();
        p->name = name;
        p->wire = fake_wires(wire);
        p->id = model.targets.size();
        for (size_t i = 0; i < keys; ++i) p->keys.push_back({"k", 1, i});
        model.targets.push_back({p, "up", priority, weight, {}, p->id + 100, {}});
        return *p;
    }
    Provider& provider(size_t i) { return const_cast<Provider&>(*model.targets[i].provider); }
    Result<Plan> make(double random = 0.5, int64_t now = start) { return plan(model, envelope, health, now, random); }
    /// "a0 b0": provider and key of each attempt.
    std::string order(double random = 0.5, int64_t now = start) {
        const auto p = make(random, now);
        if (!p) return std::string(p.error().row().name);
        std::string out;
        for (const auto& a : p->attempts)
            out += (out.empty() ? "" : " ") + a.target->provider->name + std::to_string(a.key->index);
        return out;
    }
    Attempt attempt(size_t target, size_t key = 0) {
        return {&model.targets[target], &model.targets[target].provider->keys[key], true};
    }
    void fail(size_t target, ErrorCode code, int times, int64_t now = start) {
        for (int i = 0; i < times; ++i) health.failure(attempt(target), Error(code), now);
    }

    Model model;
    canon::Envelope envelope;
    Health health;
};

TEST_F(RouteTest, PriorityFirst) {
    EXPECT_EQ(order(), "a0 b0 c0");
    const auto p = make();
    EXPECT_TRUE(p->attempts[0].lossless);
    EXPECT_FALSE(p->attempts[2].lossless);
}

TEST_F(RouteTest, AProviderSpeaksToACallerOnTheWireThatCarriesIt) {
    provider(0).also = {fake_wires("openai-responses")};
    EXPECT_EQ(make()->attempts[0].wire, fake_wires("openai-chat"));
    envelope.family = canon::Family::openai_responses;
    const auto p = make();
    EXPECT_TRUE(p->attempts[0].lossless);
    EXPECT_EQ(p->attempts[0].wire, fake_wires("openai-responses"));
    EXPECT_FALSE(p->attempts[1].lossless);
    EXPECT_EQ(p->attempts[1].wire, fake_wires("openai-chat"));
}

TEST_F(RouteTest, WeightedDrawWithinOnePriority) {
    model.targets[1].priority = 0;
    model.targets[0].weight = 3;
    std::map<std::string, int> firsts, orders;
    for (int i = 0; i < 4000; ++i) {
        const auto o = order((i + 0.5) / 4000);
        ++firsts[o.substr(0, 1)];
        ++orders[o];
    }
    EXPECT_EQ(firsts["a"], 3000);
    EXPECT_EQ(firsts["b"], 1000);
    EXPECT_EQ(orders.size(), 2u);
    for (const double edge : {-1.0, 0.0, 0.999999999999, 1.0, 2.0}) EXPECT_NE(order(edge), "");
}

TEST_F(RouteTest, KeysAreDrawnByWeightAndOthersFollow) {
    model.targets.resize(2);
    auto& a = provider(0);
    a.keys = {{"x", 1, 0}, {"y", 9, 1}};
    std::map<std::string, int> orders;
    for (int i = 0; i < 1000; ++i) ++orders[order((i + 0.5) / 1000)];
    EXPECT_EQ(orders["a0 b0 a1"], 100);
    EXPECT_EQ(orders["a1 b0 a0"], 900);
}

TEST_F(RouteTest, LiveStateGoesToItsOriginWhateverThePriority) {
    provider(1).keys = {{"x", 1, 0}, {"y", 1, 1}};
    const auto prefer = [&](size_t target, size_t key) {
        const uint64_t from = origin(model.targets[target], model.targets[target].provider->keys[key]);
        const auto p = plan(model, envelope, health, start, 0.1, from);
        std::string out;
        for (const auto& a : p->attempts) out += a.target->provider->name + std::to_string(a.key->index) + ' ';
        return out;
    };
    EXPECT_EQ(prefer(0, 0), "a0 b0 c0 b1 ");
    EXPECT_EQ(prefer(1, 0), "b0 a0 c0 b1 ");
    EXPECT_EQ(prefer(1, 1), "b1 a0 c0 b0 ") << "the very key that made it";
    EXPECT_EQ(prefer(2, 0), "c0 a0 b0 b1 ") << "behind it the priority decides";
    // Not into a known outage.
    fail(2, ErrorCode::upstream_error, 5);
    EXPECT_EQ(prefer(2, 0), "a0 b0 c0 b1 ");
    // Nor to a key that rests.
    health.failure(attempt(1, 1), Error(ErrorCode::upstream_rate_limited).retry_after_ms(60'000), start);
    EXPECT_EQ(prefer(1, 1), "a0 b0 c0 ");
    EXPECT_EQ(order(), "a0 b0 c0") << "no preference, no change";
}

TEST_F(RouteTest, AnOriginIsProviderCredentialAndFamilyOfModels) {
    auto& t = model.targets[0];
    const ProviderKey one{"sk-one", 1, 0}, two{"sk-two", 1, 1};
    const auto of = [&](std::string_view name) {
        t.model = name;
        return origin(t, one);
    };
    const auto claude = of("claude-sonnet-4-6");
    EXPECT_EQ(of("anthropic/claude-haiku-4.5"), claude);
    EXPECT_EQ(of("us.anthropic.claude-3-7-sonnet-20250219-v1:0"), claude);
    EXPECT_NE(of("gpt-5.4"), claude);
    EXPECT_EQ(of("gpt-5.4-mini"), of("openai/gpt-4.1"));
    EXPECT_NE(of("o3"), of("gpt-5"));
    EXPECT_NE(origin(t, two), origin(t, one));
    EXPECT_NE(origin(model.targets[1], one), origin(model.targets[2], one));
    EXPECT_NE(of(""), 0u);
}

TEST_F(RouteTest, AWireWithoutTheFeatureIsLeftOut) {
    envelope.needs = canon::feature_many_choices;
    EXPECT_EQ(order(), "a0 b0");
    EXPECT_THAT(make()->skipped[0].why, HasSubstr("lacks"));
    envelope.family = canon::Family::anthropic;  // its own family carries whatever the caller can say
    EXPECT_EQ(order(), "a0 b0 c0");
    envelope.family = canon::Family::openai_chat;
    envelope.needs = canon::feature_logprobs | canon::feature_seed;  // decoration never moves a call
    EXPECT_EQ(order(), "a0 b0 c0");
}

TEST_F(RouteTest, NoTargetWithTheFeatureIsNamed) {
    model.targets.erase(model.targets.begin(), model.targets.begin() + 2);
    envelope.needs = canon::feature_many_choices;
    const auto p = make();
    ASSERT_FALSE(p);
    EXPECT_EQ(p.error().code(), ErrorCode::unsupported_feature);
    EXPECT_THAT(p.error().message(), HasSubstr(std::string(canon::feature_name(canon::feature_many_choices))));
}

TEST_F(RouteTest, WhatOnlyTheFamilyCarriesGoesToTheFamily) {
    envelope.family = canon::Family::anthropic;
    envelope.native_only = "conversation";
    EXPECT_EQ(order(), "c0");
    EXPECT_EQ(make()->skipped[0].why, "cannot carry conversation");
    envelope.family = canon::Family::openai_responses;
    const auto p = make();
    ASSERT_FALSE(p);
    EXPECT_EQ(p.error().code(), ErrorCode::unsupported_feature);
    EXPECT_EQ(p.error().param(), "conversation");
}

TEST_F(RouteTest, AModelsOwnLackCountsInEveryFamily) {
    model.lacks = canon::feature_images;
    envelope.needs = canon::feature_images;
    EXPECT_EQ(order(), "unsupported_feature");
}

TEST_F(RouteTest, EmbeddingModelsTakeEmbeddingsOnly) {
    model.modality = "embedding";
    EXPECT_THAT(make().error().message(), HasSubstr("/v1/embeddings"));
    envelope.operation = canon::Operation::embedding;
    EXPECT_EQ(order(), "a0 b0 c0");
    model.modality = "text";
    EXPECT_THAT(make().error().message(), HasSubstr("/v1/chat/completions"));
}

TEST_F(RouteTest, BreakerOpensAfterFiveInARowAndGoesLast) {
    fail(0, ErrorCode::upstream_error, 4);
    EXPECT_EQ(order(), "a0 b0 c0");
    fail(0, ErrorCode::upstream_timeout, 1);
    EXPECT_EQ(order(), "b0 c0 a0");
    EXPECT_TRUE(health.target_open(model.targets[0], start));
    EXPECT_FALSE(health.target_open(model.targets[1], start));
}

TEST_F(RouteTest, ASuccessInBetweenStartsTheCountAgain) {
    fail(0, ErrorCode::upstream_error, 4);
    health.success(attempt(0), start);
    fail(0, ErrorCode::upstream_error, 4);
    EXPECT_EQ(order(), "a0 b0 c0");
}

TEST_F(RouteTest, BreakerOpensAboveHalfOfTwentyInTenSeconds) {
    for (int i = 0; i < 9; ++i) {  // one good after each bad: never five in a row
        fail(0, ErrorCode::upstream_error, 1, start + i * 1000);
        health.success(attempt(0), start + i * 1000);
    }
    EXPECT_FALSE(health.target_open(model.targets[0], start));
    fail(0, ErrorCode::upstream_error, 1, start + 9000);
    EXPECT_FALSE(health.target_open(model.targets[0], start)) << "10 of 19";
    fail(0, ErrorCode::upstream_error, 1, start + 9000);
    EXPECT_TRUE(health.target_open(model.targets[0], start)) << "11 of 20";
}

TEST_F(RouteTest, OldCallsDoNotCountInTheWindow) {
    const auto mostly_bad = [&](int64_t at) {
        for (int i = 0; i < 5; ++i) {
            fail(0, ErrorCode::upstream_error, 2, at);
            health.success(attempt(0), at);
        }
    };
    mostly_bad(start);
    mostly_bad(start + 10'000);
    EXPECT_FALSE(health.target_open(model.targets[0], start)) << "15 calls in each window";
    mostly_bad(start + 12'000);
    EXPECT_TRUE(health.target_open(model.targets[0], start));
}

TEST_F(RouteTest, OneProbeEveryFiveSecondsAndOneSuccessCloses) {
    fail(0, ErrorCode::upstream_unreachable, 5);
    EXPECT_EQ(order(0.5, start + 4'999), "b0 c0 a0");
    EXPECT_EQ(order(0.5, start + 5'000), "a0 b0 c0") << "this call is the probe";
    EXPECT_EQ(order(0.5, start + 5'000), "b0 c0 a0") << "only one";
    fail(0, ErrorCode::upstream_unreachable, 1, start + 5'001);
    EXPECT_EQ(order(0.5, start + 9'999), "b0 c0 a0");
    EXPECT_EQ(order(0.5, start + 10'000), "a0 b0 c0");
    health.success(attempt(0), start + 10'001);
    EXPECT_EQ(order(0.5, start + 10'002), "a0 b0 c0");
    EXPECT_EQ(order(0.5, start + 10'002), "a0 b0 c0");
}

TEST_F(RouteTest, TheLastOneIsNeverEjectedButTriedOnlyOnce) {
    for (size_t i = 0; i < 3; ++i) fail(i, ErrorCode::upstream_overloaded, 5);
    EXPECT_EQ(order(), "a0");
    EXPECT_EQ(order(0.5, start + 5'000), "a0 b0 c0") << "a's probe, with somewhere to go when it fails";
    health.success(attempt(0), start + 5'001);
    EXPECT_EQ(order(0.5, start + 5'001), "a0 b0 c0");
}

TEST_F(RouteTest, CallsUnderWayWhenItOpenedDoNotCloseIt) {
    fail(0, ErrorCode::upstream_error, 5);
    health.success(attempt(0), start);
    EXPECT_EQ(order(), "b0 c0 a0");
}

TEST_F(RouteTest, AllProvidersDownCostAtMostAQuarterMoreAttempts) {  // B4 in small
    int attempts = 0;
    for (int call = 0; call < 1000; ++call) {
        const int64_t now = start + call;
        const auto p = plan(model, envelope, health, now, 0.3);
        ASSERT_TRUE(p);
        const Error error(ErrorCode::upstream_overloaded);
        for (size_t made = 1;; ++made) {
            ++attempts;
            health.failure(p->attempts[made - 1], error, now);
            if (decide(error, made, *p, false, health.retry_allowed(*p->attempts[made - 1].target->provider)) ==
                Decision::answer)
                break;
        }
    }
    EXPECT_LE(attempts, 1250);
    EXPECT_GE(attempts, 1000);
}

TEST_F(RouteTest, WhatCountsAsAStrike) {
    const struct {
        ErrorCode code;
        bool strikes;
    } cases[] = {
        {ErrorCode::upstream_unreachable, true},   {ErrorCode::upstream_error, true},
        {ErrorCode::upstream_overloaded, true},    {ErrorCode::upstream_timeout, true},
        {ErrorCode::upstream_garbage, true},       {ErrorCode::upstream_empty, true},
        {ErrorCode::upstream_truncated, true},     {ErrorCode::upstream_model_missing, true},
        {ErrorCode::upstream_rate_limited, false}, {ErrorCode::upstream_auth, false},
        {ErrorCode::upstream_spend_limit, false},  {ErrorCode::upstream_rejected, false},
        {ErrorCode::content_rejected, false},      {ErrorCode::context_too_long, false},
        {ErrorCode::client_gone, false},           {ErrorCode::internal, false},
    };
    for (const auto& c : cases) {
        Health fresh;
        for (int i = 0; i < 5; ++i) fresh.failure(attempt(0), Error(c.code), start);
        EXPECT_EQ(fresh.target_open(model.targets[0], start), c.strikes) << error_row(c.code).name;
    }
}

TEST_F(RouteTest, AKeyRestsAsLongAsRetryAfterSays) {
    const struct {
        int64_t retry_after_ms, rests_ms;
    } cases[] = {{1'000, 1'000}, {30'000, 30'000}, {300'000, 300'000}, {3'600'000, 300'000}, {0, 5'000}};
    for (const auto& c : cases) {
        Health fresh;
        fresh.failure(attempt(0), Error(ErrorCode::upstream_rate_limited).retry_after_ms(c.retry_after_ms), start);
        EXPECT_FALSE(fresh.key_usable(provider(0), 0, start + c.rests_ms - 1));
        EXPECT_TRUE(fresh.key_usable(provider(0), 0, start + c.rests_ms));
        EXPECT_EQ(fresh.key_rest_ms(provider(0), 0, start), c.rests_ms);
        EXPECT_TRUE(fresh.key_usable(provider(1), 0, start));
    }
}

TEST_F(RouteTest, RestingKeysGoOutAndNoRouteSaysHowLong) {
    model.targets.resize(1);
    provider(0).keys = {{"x", 1, 0}, {"y", 1, 1}};
    health.failure(attempt(0, 0), Error(ErrorCode::upstream_rate_limited).retry_after_ms(20'000), start);
    EXPECT_EQ(order(0.1), "a1");
    health.failure(attempt(0, 1), Error(ErrorCode::upstream_rate_limited).retry_after_ms(7'000), start);
    const auto p = make(0.5, start + 1'000);
    ASSERT_FALSE(p);
    EXPECT_EQ(p.error().code(), ErrorCode::no_route);
    EXPECT_EQ(p.error().retry_after_ms(), 6'000);
    EXPECT_EQ(order(0.5, start + 7'000), "a1");
}

TEST_F(RouteTest, RefusedAccessDisablesTheKeyUntilReload) {
    for (const auto code : {ErrorCode::upstream_auth, ErrorCode::upstream_spend_limit}) {
        fail(0, code, 1);
        EXPECT_EQ(order(0.5, start + 1'000'000'000), "b0 c0");
        EXPECT_EQ(health.key_rest_ms(provider(0), 0, start), -1);
        health.failure(attempt(0), Error(ErrorCode::upstream_rate_limited).retry_after_ms(1), start);
        EXPECT_EQ(health.key_rest_ms(provider(0), 0, start + 10), -1) << "a shorter rest does not end it";
        health.reset_keys();
        EXPECT_EQ(order(), "a0 b0 c0");
    }
}

TEST_F(RouteTest, SimulatedProvidersKeepTheirKeys) {
    provider(0).keys_rest = false;
    fail(0, ErrorCode::upstream_auth, 3);
    fail(0, ErrorCode::upstream_rate_limited, 3);
    EXPECT_EQ(order(), "a0 b0 c0");
}

TEST_F(RouteTest, DecideByTheTable) {
    const auto p = make();
    ASSERT_TRUE(p);
    const struct {
        ErrorCode code;
        size_t made;
        bool gone, budget;
        Decision want;
    } cases[] = {
        {ErrorCode::upstream_unreachable, 1, false, true, Decision::next_attempt},
        {ErrorCode::upstream_error, 1, false, true, Decision::next_attempt},
        {ErrorCode::upstream_overloaded, 2, false, true, Decision::next_attempt},
        {ErrorCode::upstream_timeout, 1, false, true, Decision::next_attempt},
        {ErrorCode::upstream_garbage, 1, false, true, Decision::next_attempt},
        {ErrorCode::upstream_empty, 1, false, true, Decision::next_attempt},
        {ErrorCode::upstream_truncated, 1, false, true, Decision::next_attempt},
        {ErrorCode::upstream_rate_limited, 1, false, true, Decision::next_attempt},
        {ErrorCode::upstream_auth, 1, false, true, Decision::next_attempt},
        {ErrorCode::upstream_spend_limit, 1, false, true, Decision::next_attempt},
        {ErrorCode::upstream_model_missing, 1, false, true, Decision::next_attempt},
        {ErrorCode::upstream_rejected, 1, false, true, Decision::answer},
        {ErrorCode::content_rejected, 1, false, true, Decision::answer},
        {ErrorCode::context_too_long, 1, false, true, Decision::answer},
        {ErrorCode::unsupported_feature, 1, false, true, Decision::answer},
        {ErrorCode::internal, 1, false, true, Decision::answer},
        {ErrorCode::upstream_error, 3, false, true, Decision::answer},
        {ErrorCode::upstream_error, 0, false, true, Decision::answer},
        {ErrorCode::upstream_error, 1, true, true, Decision::answer},
        {ErrorCode::upstream_error, 1, false, false, Decision::answer},
    };
    for (const auto& c : cases)
        EXPECT_EQ(decide(Error(c.code), c.made, *p, c.gone, c.budget), c.want) << error_row(c.code).name << c.made;
}

TEST_F(RouteTest, AnotherKeyHelpsOnlyAgainstAKeysOwnFailure) {
    model.targets.resize(1);
    provider(0).keys = {{"x", 1, 0}, {"y", 1, 1}};
    const auto p = make();
    ASSERT_EQ(p->attempts.size(), 2u);
    EXPECT_EQ(decide(Error(ErrorCode::upstream_rate_limited), 1, *p, false, true), Decision::next_attempt);
    EXPECT_EQ(decide(Error(ErrorCode::upstream_auth), 1, *p, false, true), Decision::next_attempt);
    EXPECT_EQ(decide(Error(ErrorCode::upstream_error), 1, *p, false, true), Decision::answer);
}

TEST_F(RouteTest, RetryBudgetIsAFifthOfTheCallsInFlightAndAtLeastThree) {
    auto& a = provider(0);
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(health.retry_allowed(a));
        EXPECT_TRUE(health.enter(a, true));
    }
    EXPECT_FALSE(health.retry_allowed(a));
    for (int i = 0; i < 97; ++i) EXPECT_TRUE(health.enter(a));
    for (int i = 3; i < 20; ++i) {
        EXPECT_TRUE(health.retry_allowed(a)) << i;
        EXPECT_TRUE(health.enter(a, true));
        health.leave(a);
    }
    EXPECT_FALSE(health.retry_allowed(a));
    EXPECT_TRUE(health.retry_allowed(provider(1)));
    health.leave(a, true);
    EXPECT_TRUE(health.enter(a));
    EXPECT_TRUE(health.retry_allowed(a));
}

TEST_F(RouteTest, ConcurrencyCap) {
    auto& a = provider(0);
    a.max_concurrency = 2;
    EXPECT_TRUE(health.enter(a));
    EXPECT_TRUE(health.enter(a));
    EXPECT_FALSE(health.enter(a));
    EXPECT_TRUE(health.enter(provider(1)));
    health.leave(a);
    EXPECT_TRUE(health.enter(a));
    EXPECT_EQ(health.in_flight(a), 2);
}

TEST_F(RouteTest, TheLineIsServedInOrder) {
    auto& a = provider(0);
    a.max_concurrency = 1;
    EXPECT_EQ(health.wait_in_line(a, false, [] {}), nullptr) << "there is room";
    ASSERT_TRUE(health.enter(a));
    std::string woken;
    auto first = health.wait_in_line(a, false, [&] { woken += '1'; });
    auto second = health.wait_in_line(a, false, [&] { woken += '2'; });
    auto third = health.wait_in_line(a, false, [&] { woken += '3'; });
    ASSERT_TRUE(first && second && third);
    EXPECT_FALSE(first->took());
    health.leave(a);
    EXPECT_EQ(woken, "1");
    EXPECT_FALSE(health.enter(a)) << "the slot went to the line";
    EXPECT_TRUE(first->took());
    EXPECT_FALSE(second->took());
    second.reset();  // gave up waiting
    health.leave(a);
    EXPECT_EQ(woken, "13");
    third.reset();  // was handed the slot but has gone: it comes back
    EXPECT_EQ(health.in_flight(a), 0);
    EXPECT_TRUE(health.enter(a));
}

TEST_F(RouteTest, TheLineIsBounded) {
    auto& a = provider(0);
    a.max_concurrency = 1;
    ASSERT_TRUE(health.enter(a));
    std::vector<std::unique_ptr<Health::Place>> places;
    for (int i = 0; i < 1'000; ++i) places.push_back(health.wait_in_line(a, false, [] {}));
    EXPECT_NE(places.back(), nullptr);
    EXPECT_EQ(health.wait_in_line(a, false, [] {}), nullptr);
}

TEST_F(RouteTest, ThreadsNeverExceedTheCapNorLoseASlot) {
    auto& a = provider(0);
    a.max_concurrency = 3;
    std::atomic<int> inside{0}, most{0}, served{0};
    const auto work = [&] {
        const int now = ++inside;
        for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
        }
        --inside;
        ++served;
        health.leave(a);
    };
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < 2'000;) {
                if (health.enter(a)) {
                    work();
                    ++i;
                    continue;
                }
                std::atomic<bool> woken{false};
                auto place = health.wait_in_line(a, false, [&] { woken = true; });
                if (!place) continue;
                if (i % 3 == 0) {  // gives up at once, also in the middle of being served
                    place.reset();
                    ++i;
                    continue;
                }
                while (!woken) std::this_thread::yield();
                ASSERT_TRUE(place->took());
                work();
                ++i;
            }
        });
    for (auto& t : threads) t.join();
    EXPECT_LE(most, 3);
    EXPECT_EQ(health.in_flight(a), 0);
}

TEST_F(RouteTest, ManyFailingNamesStayBounded) {
    Target t = model.targets[0];
    const ProviderKey key{"k", 1, 0};
    for (uint64_t i = 0; i < 100'000; ++i) {
        t.breaker = i * 0x9E3779B97F4A7C15u;
        health.failure({&t, &key, true}, Error(ErrorCode::upstream_error), start + static_cast<int64_t>(i));
    }
    EXPECT_EQ(order(), "a0 b0 c0");
}
}  // namespace
}  // namespace aig::route
