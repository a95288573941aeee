#include <gtest/gtest.h>

#include "base/ip.h"

using namespace aig;

TEST(Ip, reads_addresses_and_nothing_else) {
    for (const char* good : {"203.0.113.7", "0.0.0.0", "2001:db8::1", "::1", "::ffff:203.0.113.7"})
        EXPECT_TRUE(parse_ip(good)) << good;
    for (const char* bad : {"", "localhost", "203.0.113", "203.0.113.256", "203.0.113.07", "0x7f.0.0.1", "2130706433",
                            "fe80::1%eth0", "[::1]", "1.2.3.4:80", " 1.2.3.4", "1.2.3.4 ", "1:2:3"})
        EXPECT_FALSE(parse_ip(bad)) << bad;
    EXPECT_EQ(*parse_ip("::ffff:203.0.113.7"), *parse_ip("203.0.113.7"));
    EXPECT_EQ(to_text(*parse_ip("::ffff:203.0.113.7")), "203.0.113.7");
    EXPECT_EQ(to_text(*parse_ip("2001:0DB8:0::1")), "2001:db8::1");
}

TEST(Ip, a_block_holds_exactly_its_addresses) {
    const auto in = [](const char* block, const char* address) {
        return parse_ip_block(block)->contains(*parse_ip(address));
    };
    EXPECT_TRUE(in("10.0.0.0/8", "10.255.255.255"));
    EXPECT_FALSE(in("10.0.0.0/8", "11.0.0.0"));
    EXPECT_TRUE(in("203.0.113.128/25", "203.0.113.128"));
    EXPECT_FALSE(in("203.0.113.128/25", "203.0.113.127"));
    EXPECT_TRUE(in("203.0.113.7", "203.0.113.7"));
    EXPECT_FALSE(in("203.0.113.7", "203.0.113.6"));
    EXPECT_TRUE(in("0.0.0.0/0", "255.255.255.255"));
    EXPECT_FALSE(in("0.0.0.0/0", "2001:db8::1"));
    EXPECT_TRUE(in("2001:db8::/33", "2001:db8:7fff::1"));
    EXPECT_FALSE(in("2001:db8::/33", "2001:db8:8000::1"));
    EXPECT_TRUE(in("::/0", "203.0.113.7"));
    EXPECT_TRUE(in("10.0.0.0/8", "::ffff:10.1.2.3"));
}

TEST(Ip, refuses_blocks_that_are_not_one) {
    for (const char* bad : {"10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.1/8", "2001:db8::/129", "2001:db8::1/64",
                            "10.0.0.0/8/8", "example.com/8", "/8", "10.0.0.0/ 8", "10.0.0.0/8x"})
        EXPECT_FALSE(parse_ip_block(bad)) << bad;
}
