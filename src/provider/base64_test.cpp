#include "provider/base64.h"

#include <gtest/gtest.h>

using namespace aig::provider;

// RFC 4648, section 10.
TEST(Base64, the_published_vectors) {
    const std::pair<std::string, std::string> rows[] = {{"", ""},
                                                        {"f", "Zg=="},
                                                        {"fo", "Zm8="},
                                                        {"foo", "Zm9v"},
                                                        {"foob", "Zm9vYg=="},
                                                        {"fooba", "Zm9vYmE="},
                                                        {"foobar", "Zm9vYmFy"}};
    for (const auto& [bytes, text] : rows) {
        EXPECT_EQ(base64_text(bytes), text);
        EXPECT_EQ(base64_bytes(text), bytes);
    }
}

TEST(Base64, both_alphabets_are_read) {
    EXPECT_EQ(base64_text("\xff\xef\xbf"), "/++/");
    EXPECT_EQ(base64_url_text("\xff\xef\xbf\xff"), "_--__w");
    EXPECT_EQ(base64_bytes("_--__w"), "\xff\xef\xbf\xff");
    EXPECT_EQ(base64_bytes("/++//w=="), "\xff\xef\xbf\xff");
}

TEST(Base64, what_is_not_base64_is_refused) {
    EXPECT_FALSE(base64_bytes("Zg*="));
    EXPECT_FALSE(base64_bytes("Z"));
    EXPECT_FALSE(base64_bytes("Zm 9v"));
}
