#include "gateway/rate_headers.h"

#include <gtest/gtest.h>

#include <map>

namespace aig::gateway {
namespace {
constexpr int64_t now = 1'795'271'145'200'000;  // 2026-11-21T14:25:45.2Z

std::map<std::string, std::string> headers(const limits::State& s, canon::Surface surface) {
    net::Headers h;
    add_rate_headers(h, s, surface, now);
    return {h.begin(), h.end()};
}

TEST(RateHeaders, no_limit_no_header) { EXPECT_TRUE(headers({}, canon::Surface::aigate).empty()); }

TEST(RateHeaders, all_families_agree) {
    limits::State s;
    s.limit_requests = 60, s.remaining_requests = 59, s.reset_requests_ms = 1'001;
    s.limit_tokens = 6'000, s.remaining_tokens = 4'500, s.reset_tokens_ms = 15'000;
    s.limit_day = 1'000, s.remaining_day = 7, s.reset_day_ms = 34'454'800;
    auto h = headers(s, canon::Surface::aigenway);
    EXPECT_EQ(h["x-ratelimit-limit"], "60");
    EXPECT_EQ(h["x-ratelimit-remaining"], "59");
    EXPECT_EQ(h["x-ratelimit-reset"], "1795271147");
    EXPECT_EQ(h["x-ratelimit-limit-requests"], "60");
    EXPECT_EQ(h["x-ratelimit-remaining-requests"], "59");
    EXPECT_EQ(h["x-ratelimit-reset-requests"], "2s");
    EXPECT_EQ(h["x-ratelimit-reset-tokens"], "15s");
    EXPECT_EQ(h["x-ratelimit-remaining-requests-day"], "7");
    EXPECT_EQ(h["x-ratelimit-reset-requests-day"], "34455s");
    h = headers(s, canon::Surface::anthropic);
    EXPECT_EQ(h.size(), 6u);
    EXPECT_EQ(h["anthropic-ratelimit-requests-limit"], "60");
    EXPECT_EQ(h["anthropic-ratelimit-requests-reset"], "2026-11-21T14:25:47Z");
    EXPECT_EQ(h["anthropic-ratelimit-tokens-remaining"], "4500");
}

TEST(RateHeaders, a_daily_limit_alone_is_the_trios) {
    limits::State s;
    s.limit_day = 10, s.remaining_day = 0, s.reset_day_ms = 1'000;
    const auto h = headers(s, canon::Surface::aigenway);
    EXPECT_EQ(h.at("x-ratelimit-limit"), "10");
    EXPECT_EQ(h.at("x-ratelimit-remaining"), "0");
    EXPECT_FALSE(h.contains("x-ratelimit-limit-requests"));
}
}  // namespace
}  // namespace aig::gateway
