#include "sim/detail/tokens.h"

#include <gtest/gtest.h>

#include <string>

namespace aig::sim {
namespace {

TEST(Tokens, JoinToTheTextTheyWereCutFrom) {
    for (const std::string& text :
         {std::string(), std::string("Hello there, world"), std::string("日本語のテキスト、とても長い"),
          std::string("a  b\n\n\tc   "), std::string("averyveryverylongwordindeed"), std::string("🙂🙂🙂"),
          std::string("\xff\xfe\x80\x80\x80\x80\x80\x80\x80\x80\x80")}) {
        std::string joined;
        for (const std::string_view t : split_tokens(text)) {
            EXPECT_FALSE(t.empty());
            EXPECT_LE(t.size(), 8u);
            joined += t;
        }
        EXPECT_EQ(joined, text);
        EXPECT_EQ(count_tokens(text), static_cast<int64_t>(split_tokens(text).size()));
    }
}

TEST(Tokens, NeverCutACharacter) {
    for (const std::string_view t : split_tokens("日本語のテキスト🙂🙂🙂é"))
        EXPECT_NE(static_cast<unsigned char>(t[0]) & 0xC0, 0x80) << t;
}

TEST(Tokens, WordsCarryTheSpaceBeforeThem) {
    const auto t = split_tokens("How can I help");
    ASSERT_EQ(t.size(), 4u);
    EXPECT_EQ(t[1], " can");
    EXPECT_EQ(first_tokens("How can I help", 2), "How can");
    EXPECT_EQ(first_tokens("How", 0), "");
    EXPECT_EQ(first_tokens("How", 9), "How");
}

}  // namespace
}  // namespace aig::sim
