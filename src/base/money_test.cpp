#include "base/money.h"

#include <gtest/gtest.h>

using namespace aig;

TEST(Money, parses_exactly_or_refuses) {
    EXPECT_EQ(*parse_decimal("10", 9, "amount"), 10'000'000'000);
    EXPECT_EQ(*parse_decimal("0.000000001", 9, "amount"), 1);
    EXPECT_EQ(*parse_decimal("1e-9", 9, "amount"), 1);
    EXPECT_EQ(*parse_decimal("1.5E2", 9, "amount"), 150'000'000'000);
    EXPECT_EQ(*parse_decimal("-0.01", 9, "amount"), -10'000'000);
    EXPECT_EQ(*parse_decimal("0.0100000000000", 9, "amount"), 10'000'000);
    EXPECT_EQ(*parse_decimal("9223372036.854775807", 9, "amount"), INT64_MAX);
    EXPECT_EQ(*parse_decimal("000", 9, "amount"), 0);
    for (auto bad : {"", ".", "-", "1.0000000001", "9223372036.854775808", "1e", "1e999", "abc", "1 ", " 1", "0x10",
                     "1.2.3", "1e-10", "NaN", "inf", "1,5"})
        EXPECT_FALSE(parse_decimal(bad, 9, "amount").ok()) << bad;
}

TEST(Money, prints_exactly) {
    EXPECT_EQ(dollars(42'000), "0.000042000");
    EXPECT_EQ(dollars_number(42'000), "0.000042");
    EXPECT_EQ(dollars_number(10'000'000'000), "10");
    EXPECT_EQ(cents_number(1), "0.0000001");
    EXPECT_EQ(cents_number(12'345'678), "1.2345678");
    EXPECT_EQ(dollars(-1), "-0.000000001");
    EXPECT_EQ(dollars(INT64_MIN), "-9223372036.854775808");
    EXPECT_EQ(dollars(0), "0.000000000");
}

TEST(Money, round_trip) {
    for (int64_t v : {INT64_MAX, INT64_MIN + 1, int64_t{-1}, int64_t{0}, int64_t{999'999'999}, int64_t{1'000'000'001}})
        EXPECT_EQ(*parse_decimal(dollars(v), 9, "x"), v);
}
