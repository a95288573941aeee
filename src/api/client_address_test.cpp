#include <gtest/gtest.h>

#include "api/client_address.h"

using namespace aig;

namespace {
std::string seen(const std::string& peer, std::vector<std::pair<std::string, std::string>> lines,
                 std::vector<std::string> proxies = {"10.0.0.0/8", "2001:db8::/32"}) {
    net::Headers h;
    for (auto& [n, v] : lines) h.add_named(n, v);
    std::vector<IpBlock> trusted;
    for (const auto& p : proxies) trusted.push_back(*parse_ip_block(p));
    return api::client_address(h, peer, trusted);
}
}  // namespace

TEST(ClientAddress, a_caller_cannot_speak_for_itself) {
    EXPECT_EQ(seen("203.0.113.7", {{"x-forwarded-for", "192.0.2.1"}}, {}), "203.0.113.7");
    EXPECT_EQ(seen("203.0.113.7", {{"x-forwarded-for", "192.0.2.1"}}), "203.0.113.7");
    EXPECT_EQ(seen("203.0.113.7", {{"forwarded", "for=192.0.2.1"}}), "203.0.113.7");
}

TEST(ClientAddress, the_rightmost_untrusted_entry_counts) {
    EXPECT_EQ(seen("10.0.0.1", {{"x-forwarded-for", "192.0.2.1"}}), "192.0.2.1");
    EXPECT_EQ(seen("10.0.0.1", {{"X-Forwarded-For", "1.1.1.1, 192.0.2.1, 10.2.3.4"}}), "192.0.2.1");
    EXPECT_EQ(seen("10.0.0.1", {{"x-forwarded-for", "1.1.1.1"}, {"x-forwarded-for", "192.0.2.1"}}), "192.0.2.1");
    EXPECT_EQ(seen("10.0.0.1", {{"x-forwarded-for", "192.0.2.1:4711"}}), "192.0.2.1");
    EXPECT_EQ(seen("2001:db8::5", {{"x-forwarded-for", "[2620::1]:4711,2001:db8::9"}}), "2620::1");
    EXPECT_EQ(seen("::ffff:10.0.0.1", {{"x-forwarded-for", "192.0.2.1"}}), "192.0.2.1");
    EXPECT_EQ(seen("10.0.0.1", {}), "10.0.0.1");
    EXPECT_EQ(seen("10.0.0.1", {{"x-forwarded-for", "10.9.9.9, 10.2.3.4"}}), "10.9.9.9");
}

TEST(ClientAddress, reads_forwarded) {
    EXPECT_EQ(seen("10.0.0.1", {{"forwarded", "for=192.0.2.1;proto=https;by=10.0.0.1"}}), "192.0.2.1");
    EXPECT_EQ(seen("10.0.0.1", {{"forwarded", "for=1.1.1.1, proto=https; For=\"[2620::1]:80\""}}), "2620::1");
}

TEST(ClientAddress, what_cannot_be_read_is_unknown_and_two_stories_are_none) {
    EXPECT_EQ(seen("10.0.0.1", {{"x-forwarded-for", "192.0.2.1, unknown"}}), "");
    EXPECT_EQ(seen("10.0.0.1", {{"x-forwarded-for", "192.0.2.1,"}}), "");
    EXPECT_EQ(seen("10.0.0.1", {{"forwarded", "for=_hidden"}}), "");
    EXPECT_EQ(seen("10.0.0.1", {{"forwarded", "proto=https"}}), "");
    EXPECT_EQ(seen("10.0.0.1", {{"x-forwarded-for", "[2620::1"}}), "");
    EXPECT_EQ(seen("10.0.0.1", {{"x-forwarded-for", "192.0.2.1"}, {"forwarded", "for=192.0.2.2"}}), "");
    EXPECT_EQ(seen("10.0.0.1", {{"x-forwarded-for", "192.0.2.1"}, {"forwarded", "for=192.0.2.1"}}), "192.0.2.1");
}
