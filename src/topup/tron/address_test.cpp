// Addresses in all their spellings, against pairs that are known from the network.
#include "topup/tron/address.h"

#include <gtest/gtest.h>

using namespace aig::topup::tron;

namespace {
struct Pair {
    const char *text, *digits;
};
constexpr Pair known[] = {{"TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", "a614f803b6fd780986a42c78ec9c7f77e6ded13c"},
                          {"TQn9Y2khEsLJW1ChVWFMSMeRDow5KcbLSE", "a2726afbecbd8e936000ed684cef5e2f5cf43008"},
                          {"TXYZopYRdj2D9XRtbG411XZZ3kM5VkAeBf", "eca9bc828a3005b9a3b909f2cc5c2a54794de05f"}};
}  // namespace

TEST(TronAddress, known_pairs_both_ways) {
    for (const auto& p : known) {
        const auto address = from_base58(p.text);
        ASSERT_TRUE(address) << p.text;
        EXPECT_EQ(to_hex(*address), p.digits);
        EXPECT_EQ(from_hex(p.digits), address);
        EXPECT_EQ(from_hex("41" + std::string(p.digits)), address);
        EXPECT_EQ(to_base58(*address), p.text);
    }
    EXPECT_EQ(to_base58(Address{}).size(), 34u);
    EXPECT_EQ(from_base58(to_base58(Address{})), Address{});
}

TEST(TronAddress, any_changed_character_is_refused) {
    const std::string good = known[0].text;
    for (size_t i = 0; i < good.size(); ++i)
        for (const char c : std::string_view("12Aa9zZ0OIl ")) {
            if (c == good[i]) continue;
            std::string bad = good;
            bad[i] = c;
            EXPECT_FALSE(from_base58(bad)) << bad;
        }
}

TEST(TronAddress, what_is_no_address_is_refused) {
    for (const std::string& bad :
         {std::string(), std::string("T"), std::string(34, '1'), std::string(34, 'z'), std::string(known[0].text) + "1",
          "1" + std::string(known[0].text).substr(0, 33), std::string("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
          std::string("0xa614f803b6fd780986a42c78ec9c7f77e6")})
        EXPECT_FALSE(from_base58(bad)) << bad;
    for (const std::string bad :
         {"", "41", "a614f803b6fd780986a42c78ec9c7f77e6ded13", "42a614f803b6fd780986a42c78ec9c7f77e6ded13c",
          "g614f803b6fd780986a42c78ec9c7f77e6ded13c", "0xa614f803b6fd780986a42c78ec9c7f77e6ded13c"})
        EXPECT_FALSE(from_hex(bad)) << bad;
}
