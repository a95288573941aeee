#include "identity/detail/key_text.h"

#include <gtest/gtest.h>

#include <regex>
#include <set>

using namespace aig;
using namespace aig::identity;

TEST(KeyText, forms) {
    const std::pair<const char*, const char*> forms[] = {
        {"sk-aig-", "sk-aig-[0-9A-Za-z]{46}"},
        {"gw_", "gw_[0-9A-Za-z]{46}"},
        {"sk-", "sk-[0-9A-Za-z]{48}"},
        {"sk_live_", "sk_live_[0-9A-Za-z]{12}_[0-9A-Za-z]{24}"},
        {"none", "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"},
    };
    for (const auto& [prefix, pattern] : forms) {
        std::set<std::string> seen;
        for (int i = 0; i < 200; ++i) {
            auto key = mint_key(prefix);
            ASSERT_TRUE(key);
            EXPECT_TRUE(std::regex_match(*key, std::regex(pattern))) << prefix;
            EXPECT_TRUE(checksum_ok(*key));
            EXPECT_TRUE(plausible(*key));
            EXPECT_EQ(key_prefix(*key), std::string(prefix) == "none" ? "" : prefix);
            seen.insert(*key);
        }
        EXPECT_EQ(seen.size(), 200u);
    }
    EXPECT_EQ(mint_key("whsec_").error().code(), ErrorCode::bad_param);
}

TEST(KeyText, every_single_typing_error_is_seen) {
    for (const char* prefix : {"sk-aig-", "gw_", "sk-"}) {
        const auto key = *mint_key(prefix);
        for (size_t i = std::string_view(prefix).size(); i < key.size(); ++i) {
            auto typo = key;
            typo[i] = typo[i] == 'x' ? 'y' : 'x';
            EXPECT_FALSE(checksum_ok(typo)) << i;
        }
        auto swapped = key;
        std::swap(swapped[12], swapped[13]);
        EXPECT_EQ(checksum_ok(swapped), swapped == key);
    }
}

TEST(KeyText, foreign_keys_have_no_checksum_to_fail) {
    EXPECT_TRUE(checksum_ok("sk-proj-abc"));
    EXPECT_TRUE(checksum_ok("FreeScenarioWriter"));
    EXPECT_TRUE(checksum_ok("sk_live_AAAAAAAAAAAA_BBBBBBBBBBBBBBBBBBBBBBBB"));
    EXPECT_FALSE(plausible(""));
    EXPECT_FALSE(plausible("a b"));
    EXPECT_FALSE(plausible("a\nb"));
    EXPECT_FALSE(plausible("k\xC3\xA9y"));
    EXPECT_FALSE(plausible(std::string(257, 'a')));
    EXPECT_TRUE(plausible(std::string(256, 'a')));
}

TEST(KeyText, hash_and_shown) {
    // FIPS 180-2's own example.
    EXPECT_EQ(hash_key("abc").hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(KeyHash::from_hex(hash_key("abc").hex()), hash_key("abc"));
    EXPECT_EQ(shown_key("sk-aig-ABCDEFGHIJKLMNOP"), "sk-aig-ABCDE...MNOP");
}
