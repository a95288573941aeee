#include "limits/failed_auth.h"

#include <gtest/gtest.h>

namespace aig::limits {
namespace {
constexpr int64_t second = 1'000'000'000, start = 1'000 * second;

int until_refused(FailedAuth& f, std::string_view address, int64_t now) {
    int n = 0;
    for (; n < 1'000 && f.admit(address, now); ++n) f.failed(address, now);
    return n;
}

TEST(FailedAuth, TwentyThenOneEveryThreeSeconds) {
    FailedAuth f;
    EXPECT_EQ(until_refused(f, "203.0.113.7", start), 20);
    const auto refused = f.admit("203.0.113.7", start);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::rate_limited);
    EXPECT_EQ(refused.error().reason(), "failed_auth");
    EXPECT_EQ(refused.error().retry_after_ms(), 3'000);
    EXPECT_FALSE(f.admit("203.0.113.7", start + 3 * second - 1));
    EXPECT_EQ(until_refused(f, "203.0.113.7", start + 3 * second), 1);
    EXPECT_EQ(until_refused(f, "203.0.113.8", start), 20) << "another address is another caller";
}

TEST(FailedAuth, LookingCostsNothing) {
    FailedAuth f;
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(f.admit("203.0.113.7", start));
    EXPECT_EQ(until_refused(f, "203.0.113.7", start), 20);
}

TEST(FailedAuth, LoopbackIsExempt) {
    FailedAuth f;
    for (const char* here : {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"})
        EXPECT_EQ(until_refused(f, here, start), 1'000) << here;
}

TEST(FailedAuth, AnIpv6NetworkIsOneCaller) {
    FailedAuth f;
    EXPECT_EQ(until_refused(f, "2001:db8:0:1::1", start), 20);
    EXPECT_FALSE(f.admit("2001:db8:0:1:ffff::9", start));
    EXPECT_TRUE(f.admit("2001:db8:0:2::1", start));
    EXPECT_EQ(until_refused(f, "198.51.100.1", start), 20);
    EXPECT_FALSE(f.admit("::ffff:198.51.100.1", start)) << "the same address on a dual-stack socket";
}

TEST(FailedAuth, CallersWithoutAnAddressCountAsOne) {
    FailedAuth f;
    EXPECT_EQ(until_refused(f, "", start), 20);
}
}  // namespace
}  // namespace aig::limits
