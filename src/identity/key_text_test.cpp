#include "identity/detail/key_text.h"

#include <gtest/gtest.h>

#include <set>

using namespace aig;
using namespace aig::identity;

namespace {
/// 'B' stands for a base62 character, 'x' for a lower-case hexadecimal one; everything else for itself.
bool has_form(std::string_view key, std::string_view form) {
    if (key.size() != form.size()) return false;
    for (size_t i = 0; i < key.size(); ++i) {
        const char c = key[i];
        const bool digit = c >= '0' && c <= '9', lower = c >= 'a' && c <= 'z', upper = c >= 'A' && c <= 'Z';
        if (form[i] == 'B'   ? !(digit || lower || upper)
            : form[i] == 'x' ? !(digit || (lower && c <= 'f'))
                             : c != form[i])
            return false;
    }
    return true;
}
}  // namespace

TEST(KeyText, forms) {
    const std::string body46(46, 'B'), body48(48, 'B');
    const std::pair<std::string, std::string> forms[] = {
        {"sk-aig-", "sk-aig-" + body46},
        {"gw_", "gw_" + body46},
        {"sk-", "sk-" + body48},
        {"sk_live_", "sk_live_BBBBBBBBBBBB_BBBBBBBBBBBBBBBBBBBBBBBB"},
        {"none", "xxxxxxxx-xxxx-4xxx-?xxx-xxxxxxxxxxxx"},
    };
    for (const auto& [prefix, form] : forms) {
        std::set<std::string> seen;
        for (int i = 0; i < 200; ++i) {
            auto key = mint_key(prefix);
            ASSERT_TRUE(key);
            auto shape = *key;
            if (prefix == "none") {
                EXPECT_NE(std::string_view("89ab").find(shape[19]), std::string_view::npos) << shape;
                shape[19] = '?';
            }
            EXPECT_TRUE(has_form(shape, form)) << prefix;
            EXPECT_TRUE(checksum_ok(*key));
            EXPECT_TRUE(plausible(*key));
            EXPECT_EQ(key_prefix(*key), prefix == "none" ? "" : prefix);
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
