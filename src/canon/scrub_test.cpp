#include <gtest/gtest.h>

#include "canon/wire.h"

using aig::canon::scrub;

TEST(Scrub, removes_credentials_and_keeps_the_sentence) {
    EXPECT_EQ(scrub("Incorrect API key provided: sk-proj-Ab12****xyz. You can find it."),
              "Incorrect API key provided: [removed] You can find it.");
    EXPECT_EQ(scrub("Authorization: Bearer abcdefgh12345678 refused"), "Authorization: Bearer [removed] refused");
    EXPECT_EQ(scrub("GET https://x/v1?key=AIzaSyD12345678901234567890123&alt=sse"),
              "GET https://x/v1?key=[removed]&alt=sse");
    EXPECT_EQ(scrub(R"({"api_key":"deadbeef12345678"})"), R"({"api_key":"[removed]"})");
    EXPECT_EQ(scrub("token gsk_0123456789abcdef"), "token [removed]");
}

TEST(Scrub, leaves_ordinary_words) {
    for (const char* s : {"unknown key: temperature", "max_tokens: 4096 is too large", "the task-list is empty",
                          "risk-free", "Bearer authentication is required", "desk-12"})
        EXPECT_EQ(scrub(s), s);
}

TEST(Scrub, bounds_length_and_control_characters) {
    EXPECT_EQ(scrub("a\r\nb\x1b[31m"), "a  b [31m");
    EXPECT_LE(scrub(std::string(9000, 'a')).size(), 500u);
    std::string wide;
    for (int i = 0; i < 400; ++i) wide += "\xC3\xA9";
    EXPECT_LE(scrub(wide).size(), 500u);
    EXPECT_EQ(scrub(wide).size() % 2, 0u);
}
