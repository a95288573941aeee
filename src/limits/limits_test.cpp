#include "limits/limits.h"

#include <atomic>
#include <random>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "limits/detail/meter.h"

namespace aig::limits {
namespace {
constexpr int64_t second = 1'000'000'000, start = 1'000 * second;
const KeyId key{7};

int admitted(Limiter& l, const Limits& limits, int calls, int64_t tokens, int64_t now) {
    int n = 0;
    for (int i = 0; i < calls; ++i) n += l.admit(key, limits, tokens, now).ok();
    return n;
}

TEST(Limiter, AdmitsTheLimitAtOnceThenOnePerInterval) {
    for (const int64_t rpm : {1, 2, 5, 7, 60, 1000, 7'001, 10'007}) {
        Limiter l;
        EXPECT_EQ(admitted(l, {rpm, {}, {}}, static_cast<int>(rpm) + 10, 0, start), rpm);
        const int64_t interval = (minute_ns + rpm - 1) / rpm;
        EXPECT_EQ(admitted(l, {rpm, {}, {}}, 3, 0, start + interval - 1), 0) << rpm;
        EXPECT_EQ(admitted(l, {rpm, {}, {}}, 3, 0, start + interval), 1) << rpm;
        EXPECT_EQ(admitted(l, {rpm, {}, {}}, static_cast<int>(rpm) + 10, 0, start + 10 * minute_ns), rpm);
    }
}

TEST(Limiter, RefusalsSayWhatAndWhen) {
    Limiter l;
    const Limits both{2, 100, {}};
    EXPECT_TRUE(l.admit(key, both, 60, start));
    const auto tokens = l.admit(key, both, 60, start);
    ASSERT_FALSE(tokens);
    EXPECT_EQ(tokens.error().code(), ErrorCode::rate_limited);
    EXPECT_EQ(tokens.error().reason(), "tokens");
    EXPECT_EQ(tokens.error().retry_after_ms(), 12'000);  // 20 tokens too many, 100 a minute
    EXPECT_TRUE(l.admit(key, both, 40, start));
    const auto requests = l.admit(key, both, 0, start);
    EXPECT_EQ(requests.error().reason(), "requests");
    EXPECT_EQ(requests.error().retry_after_ms(), 30'000);
}

TEST(Limiter, ARefusedCallTakesNothing) {
    Limiter l;
    const Limits both{10, 100, 1};
    auto first = l.admit(key, both, 100, start);
    ASSERT_TRUE(first);
    for (int i = 0; i < 50; ++i) EXPECT_FALSE(l.admit(key, both, 1, start));
    *first = Ticket();
    first = l.admit(key, both, 0, start);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->state().remaining_requests, 8);
}

TEST(Limiter, ZeroAdmitsNothingAndNoLimitIsNotRemembered) {
    Limiter l;
    EXPECT_FALSE(l.admit(key, {0, {}, {}}, 0, start));
    EXPECT_FALSE(l.admit(key, {{}, 0, {}}, 0, start));
    EXPECT_FALSE(l.admit(key, {{}, {}, 0}, 0, start));
    const auto other = l.remembered();
    for (int i = 0; i < 1000; ++i) {
        const auto t = l.admit(KeyId{100 + i}, {}, 1'000'000, start);
        ASSERT_TRUE(t);
        EXPECT_EQ(t->state().limit_requests, -1);
    }
    EXPECT_EQ(l.remembered(), other);
}

TEST(Limiter, ACallLargerThanTheLimitNeverPassesAndSaysSo) {
    Limiter l;
    const auto r = l.admit(key, {{}, 100, {}}, 101, start);
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().retry_after_ms(), 0);
    EXPECT_NE(r.error().message().find("about 101 tokens, more than"), std::string::npos);
    EXPECT_TRUE(l.admit(key, {{}, 100, {}}, 100, start));
}

TEST(Limiter, ConcurrencyComesBackWithTheTicket) {
    Limiter l;
    const Limits two{{}, {}, 2};
    auto a = l.admit(key, two, 0, start), b = l.admit(key, two, 0, start);
    ASSERT_TRUE(a && b);
    EXPECT_EQ(l.admit(key, two, 0, start).error().reason(), "concurrency");
    Ticket moved = *std::move(a);
    EXPECT_FALSE(l.admit(key, two, 0, start));
    moved = Ticket();
    auto c = l.admit(key, two, 0, start);
    EXPECT_TRUE(c);
    *b = *std::move(c);  // b's own slot comes back, c's lives on
    EXPECT_TRUE(l.admit(key, two, 0, start));
}

TEST(Limiter, CorrectionGivesBackOrTakes) {
    const Limits tpm{{}, 1000, {}};
    Limiter l;
    auto t = l.admit(key, tpm, 900, start);
    EXPECT_EQ(t->state().remaining_tokens, 100);
    t->correct(100);
    EXPECT_EQ(l.admit(key, tpm, 0, start)->state().remaining_tokens, 900);
    t->correct(0);  // only once
    EXPECT_EQ(l.admit(key, tpm, 0, start)->state().remaining_tokens, 900);
    auto more = l.admit(key, tpm, 100, start);
    more->correct(1100);
    const auto refused = l.admit(key, tpm, 1, start);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().retry_after_ms(), 12'060);  // 200 overdrawn, one wanted
    EXPECT_TRUE(l.admit(key, tpm, 1, start + 12'060'000'000));
}

TEST(Limiter, ACorrectionFarBeyondTheLimitIsBounded) {
    Limiter l;
    auto t = l.admit(key, {{}, 10, {}}, 1, start);
    t->correct(INT64_MAX);
    EXPECT_FALSE(l.admit(key, {{}, 10, {}}, 1, start + 9 * minute_ns));
    EXPECT_TRUE(l.admit(key, {{}, 10, {}}, 1, start + 11 * minute_ns));
}

TEST(Limiter, RefundUndoesEverything) {
    Limiter l;
    const Limits all{3, 100, 1};
    auto t = l.admit(key, all, 80, start);
    t->refund();
    t->refund();
    const auto again = l.admit(key, all, 100, start);
    ASSERT_TRUE(again);
    EXPECT_EQ(again->state().remaining_requests, 2);
}

TEST(Limiter, AJoinedTicketGoesTheWayOfTheFirstAndTheTighterLimitIsShown) {
    Limiter l;
    const KeyId other{8}, all{-3};
    const Limits own{10, 1'000, {}}, shared{4, 500, 2, {}, "sub-account"};
    const auto both = [&](KeyId k, int64_t tokens) -> Result<Ticket> {
        TRY(auto ticket, l.admit(k, own, tokens, start));
        TRY(auto together, l.admit(all, shared, tokens, start));
        ticket.join(std::move(together));
        return ticket;
    };
    auto one = both(key, 100);
    ASSERT_TRUE(one);
    EXPECT_EQ(one->state().limit_requests, 4);
    EXPECT_EQ(one->state().remaining_requests, 3);
    EXPECT_EQ(one->state().remaining_tokens, 400);
    auto two = both(other, 100);
    ASSERT_TRUE(two);
    auto three = both(other, 0);
    ASSERT_FALSE(three);
    EXPECT_EQ(three.error().reason(), "concurrency");
    EXPECT_EQ(three.error().message(), "This sub-account may have 2 calls in flight at once");
    one->correct(10);  // of both meters
    EXPECT_EQ(l.state(all, shared, start).remaining_tokens, 390);
    EXPECT_EQ(l.state(key, own, start).remaining_tokens, 990);
    two->refund();
    EXPECT_EQ(l.state(all, shared, start).remaining_requests, 3);
    EXPECT_EQ(l.state(all, shared, start).remaining_tokens, 490);
    *one = Ticket();
    EXPECT_TRUE(both(key, 0));
}

TEST(Limiter, HeadersTellLimitRemainingAndReset) {
    Limiter l;
    const auto t = l.admit(key, {60, 6000, {}}, 1500, start);
    EXPECT_EQ(t->state().limit_requests, 60);
    EXPECT_EQ(t->state().remaining_requests, 59);
    EXPECT_EQ(t->state().reset_requests_ms, 1000);
    EXPECT_EQ(t->state().limit_tokens, 6000);
    EXPECT_EQ(t->state().remaining_tokens, 4500);
    EXPECT_EQ(t->state().reset_tokens_ms, 15'000);
}

TEST(Limiter, ForgetsIdleKeysAndRefusesWhenAllAreBusy) {
    Limiter l(6400);
    for (int64_t i = 0; i < 10'000; ++i) ASSERT_TRUE(l.admit(KeyId{i + 1}, {60, {}, {}}, 0, start + i * second));
    EXPECT_LT(l.remembered(), 1000u);
    Limiter busy(64);
    int refused = 0;
    for (int64_t i = 0; i < 1000; ++i) {
        const auto r = busy.admit(KeyId{i + 1}, {1, {}, {}}, 0, start);
        if (r) continue;
        ++refused;
        EXPECT_EQ(r.error().code(), ErrorCode::overloaded);
    }
    EXPECT_LE(busy.remembered(), 64u);
    EXPECT_GE(refused, 1000 - 64);
}

TEST(Limiter, AKeyWithCallsInFlightIsNotForgotten) {
    Limiter l(64 * 4);
    auto held = l.admit(key, {{}, {}, 1}, 0, start);
    for (int64_t i = 0; i < 10'000; ++i) (void)l.admit(KeyId{i + 100}, {60, {}, {}}, 0, start + i * minute_ns);
    EXPECT_FALSE(l.admit(key, {{}, {}, 1}, 0, start + 20'000 * minute_ns));
}

/// Exact fluid model: `level` units are in the bucket, `limit` a minute drain, at most `limit` fit. In 1/minute_ns
/// units.
class Reference {
  public:
    explicit Reference(int64_t limit) : limit_(limit) {}
    bool admit(int64_t units, int64_t now) {
        level_ = std::max<__int128>(0, level_ - static_cast<__int128>(now - last_) * limit_);
        last_ = now;
        const __int128 cost = static_cast<__int128>(units) * minute_ns;
        if (level_ + cost > static_cast<__int128>(limit_) * minute_ns) return false;
        level_ += cost;
        return true;
    }

  private:
    int64_t limit_, last_ = 0;
    __int128 level_ = 0;
};

TEST(Limiter, AgreesWithTheExactModelCallForCall) {
    std::mt19937_64 draw(20260101);
    for (int round = 0; round < 24; ++round) {
        const int64_t limit = 1 + static_cast<int64_t>(draw() % (round % 2 ? 10 : 100'000));
        const bool tokens = round % 3 == 0;
        Limiter l;
        Reference model(limit);
        int64_t now = start;
        for (int i = 0; i < 1'500; ++i) {
            now += static_cast<int64_t>(draw() % static_cast<uint64_t>(2 * minute_ns / limit + 2));
            const int64_t units = tokens ? static_cast<int64_t>(draw() % static_cast<uint64_t>(limit / 3 + 2)) : 1;
            const Limits limits = tokens ? Limits{{}, limit, {}} : Limits{limit, {}, {}};
            ASSERT_EQ(l.admit(key, limits, units, now).ok(), model.admit(units, now))
                << "limit " << limit << " call " << i;
        }
    }
}

TEST(Limiter, NoWindowHoldsMoreThanBurstPlusRate) {
    std::mt19937_64 draw(7);
    for (const int64_t limit : {3, 17, 250, 9'999}) {
        Limiter l;
        std::vector<int64_t> times;
        int64_t now = start;
        while (times.size() < 2'000) {
            now += static_cast<int64_t>(draw() % static_cast<uint64_t>(minute_ns / limit));
            if (l.admit(key, {limit, {}, {}}, 0, now)) times.push_back(now);
        }
        for (size_t i = 0; i < times.size(); i += 17)
            for (size_t j = i; j < times.size(); j += 29) {
                const auto window = static_cast<__int128>(times[j] - times[i]);
                ASSERT_LE(static_cast<__int128>(j - i + 1) * minute_ns,
                          static_cast<__int128>(limit) * minute_ns + window * limit);
            }
    }
}

TEST(Limiter, WaitingForRetryAfterPassesAndAMillisecondLessDoesNot) {
    std::mt19937_64 draw(99);
    for (int round = 0; round < 120; ++round) {
        const int64_t limit = 1 + static_cast<int64_t>(draw() % 500);
        Limiter l;
        int64_t now = start + static_cast<int64_t>(draw() % 1'000'000'007);
        Error refused(ErrorCode::internal);
        for (;;) {
            const auto r = l.admit(key, {limit, {}, {}}, 0, now);
            if (!r) {
                refused = r.error();
                break;
            }
            now += static_cast<int64_t>(draw() % 1000);
        }
        ASSERT_GT(refused.retry_after_ms(), 0);
        const int64_t wait = refused.retry_after_ms() * 1'000'000;
        if (refused.retry_after_ms() > 1)
            ASSERT_FALSE(l.admit(key, {limit, {}, {}}, 0, now + wait - 1'000'000)) << limit;
        ASSERT_TRUE(l.admit(key, {limit, {}, {}}, 0, now + wait)) << limit;
    }
}

TEST(Limiter, ThreadsTogetherGetExactlyTheLimit) {
    Limiter l;
    std::atomic<int> passed{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < 2'000; ++i) passed += l.admit(key, {1'000, {}, {}}, 0, start).ok();
        });
    for (auto& t : threads) t.join();
    EXPECT_EQ(passed, 1'000);
}

TEST(Limiter, AChangedLimitCountsFromThenOn) {
    Limiter l;
    EXPECT_EQ(admitted(l, {7, {}, {}}, 3, 0, start), 3);
    EXPECT_LE(admitted(l, {70, {}, {}}, 100, 0, start), 70);
    auto t = l.admit(KeyId{9}, {{}, 100, {}}, 50, start);
    (void)l.admit(KeyId{9}, {{}, 200, {}}, 1, start);
    t->correct(0);  // taken under another limit: stays taken, nothing breaks
    EXPECT_TRUE(l.admit(KeyId{9}, {{}, 200, {}}, 1, start));
}

constexpr int64_t day_us = 86'400'000'000, noon = 20'000 * day_us + day_us / 2;

TEST(DailyLimit, CountsAUtcDayAndBeginsAnewAtMidnight) {
    Limiter l;
    const Limits three{{}, {}, {}, 3};
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(l.admit(key, three, 0, start, noon));
    const auto refused = l.admit(key, three, 0, start, noon);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().reason(), "requests_day");
    EXPECT_EQ(refused.error().retry_after_ms(), 12 * 3'600'000);
    EXPECT_NE(refused.error().details_json().find(R"("windowSeconds":86400)"), std::string::npos);
    EXPECT_FALSE(l.admit(key, three, 0, start, noon + day_us / 2 - 1));
    const auto next = l.admit(key, three, 0, start, noon + refused.error().retry_after_ms() * 1000);
    ASSERT_TRUE(next) << "Retry-After is honoured exactly";
    EXPECT_EQ(next->state().limit_day, 3);
    EXPECT_EQ(next->state().remaining_day, 2);
}

TEST(DailyLimit, AClockSetBackDoesNotBeginTheDayAgain) {
    Limiter l;
    const Limits two{{}, {}, {}, 2};
    EXPECT_TRUE(l.admit(key, two, 0, start, noon + day_us));
    EXPECT_TRUE(l.admit(key, two, 0, start, noon));
    EXPECT_FALSE(l.admit(key, two, 0, start, noon));
    EXPECT_FALSE(l.admit(key, two, 0, start, noon + day_us));
    EXPECT_TRUE(l.admit(key, two, 0, start, noon + 2 * day_us));
}

TEST(DailyLimit, ARefundCountsOnlyInItsOwnDay) {
    Limiter l;
    const Limits one{{}, {}, {}, 1};
    auto first = l.admit(key, one, 0, start, noon);
    first->refund();
    first->refund();
    auto again = l.admit(key, one, 0, start, noon);
    ASSERT_TRUE(again);
    auto tomorrow = l.admit(key, one, 0, start, noon + day_us);
    ASSERT_TRUE(tomorrow);
    again->refund();
    EXPECT_FALSE(l.admit(key, one, 0, start, noon + day_us)) << "yesterday's refund is not today's";
}

TEST(DailyLimit, IsExactUnderThreadsAndRememberedOverARestart) {
    Limiter l;
    l.used_today(key, 300, noon);
    std::atomic<int> passed{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < 1'000; ++i) passed += l.admit(key, {{}, {}, {}, 1'000}, 0, start, noon).ok();
        });
    for (auto& t : threads) t.join();
    EXPECT_EQ(passed, 700);
}

TEST(DailyLimit, AKeyWithADayCountIsNotForgottenThatDay) {
    Limiter l(64 * 4);
    EXPECT_TRUE(l.admit(key, {{}, {}, {}, 1}, 0, start, noon));
    for (int64_t i = 0; i < 10'000; ++i) (void)l.admit(KeyId{i + 100}, {60, {}, {}}, 0, start + i * minute_ns, noon);
    EXPECT_FALSE(l.admit(key, {{}, {}, {}, 1}, 0, start + 20'000 * minute_ns, noon));
}

TEST(Limiter, PeekAndStateTakeNothing) {
    Limiter l;
    const Limits two{2, {}, {}};
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(l.peek(key, two, start));
    EXPECT_EQ(l.remembered(), 0u);
    EXPECT_EQ(l.state(key, two, start).remaining_requests, 2);
    EXPECT_EQ(admitted(l, two, 5, 0, start), 2);
    const auto refused = l.peek(key, two, start);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().retry_after_ms(), 30'000);
    EXPECT_EQ(l.state(key, two, start).remaining_requests, 0);
    EXPECT_TRUE(l.peek(key, two, start + 30 * second));
}
}  // namespace
}  // namespace aig::limits
