#include "dialect/body_doc.h"

#include <gtest/gtest.h>

namespace aig::dialect {
namespace {

TEST(BodyDoc, TheLastBodyIsKept) {
    auto first = BodyDoc::read(R"({"a":1})");
    ASSERT_TRUE(first.ok());
    const std::string same = R"({"a":1})";
    auto again = BodyDoc::read(same);
    ASSERT_TRUE(again.ok());
    EXPECT_EQ(&first->doc(), &again->doc());
    EXPECT_EQ(again->root()["a"].integer(), 1);
}

TEST(BodyDoc, AnotherBodyAtTheSameAddressIsAnother) {
    std::string body = R"({"a":1})";
    ASSERT_TRUE(BodyDoc::read(body).ok());
    body[5] = '2';
    auto other = BodyDoc::read(body);
    ASSERT_TRUE(other.ok());
    EXPECT_EQ(other->root()["a"].integer(), 2);
}

TEST(BodyDoc, WhatCouldNotBeReadIsNotKept) {
    const std::string broken = R"({"a":)";
    for (int i = 0; i < 2; ++i) {
        auto doc = BodyDoc::read(broken);
        ASSERT_FALSE(doc.ok());
        EXPECT_EQ(doc.error().code(), ErrorCode::bad_json);
    }
    EXPECT_EQ(BodyDoc::read("[1]").error().message(), "The body is JSON, but not an object.");
}

std::string body_of(size_t bytes, std::string_view more = "") {
    return R"({"a":")" + std::string(bytes, 'x').append(more) + R"("})";
}

/// parse() takes what peek() has read with it: its memory is not the thread's for good.
TEST(BodyDoc, ALargeBodyGoesToWhoReadsItAgain) {
    const std::string large = body_of(2'000'000, "\\n");
    const JsonDoc* peeked = nullptr;
    const char* text = nullptr;
    {
        auto one = BodyDoc::read(large);
        ASSERT_TRUE(one.ok());
        peeked = &one->doc();
        text = one->root().raw().data();
    }
    auto two = BodyDoc::read(large);
    ASSERT_TRUE(two.ok());
    EXPECT_NE(&two->doc(), peeked);
    EXPECT_EQ(two->root().raw().data(), text) << "it was not read anew";
    auto small = BodyDoc::read(R"({"a":"\n"})");
    const BodyDoc moved = *std::move(two);
    EXPECT_EQ(moved.root()["a"].text().size(), 2'000'001u);
    EXPECT_EQ(small->root()["a"].text(), "\n");
}

TEST(BodyDoc, AVeryLargeBodyIsItsOwn) {
    const std::string large = body_of(size_t{5} << 20);
    auto small = BodyDoc::read(R"({"a":1})");
    auto one = BodyDoc::read(large), two = BodyDoc::read(large);
    ASSERT_TRUE(small.ok() && one.ok() && two.ok());
    EXPECT_NE(&one->doc(), &two->doc());
    EXPECT_EQ(small->root()["a"].integer(), 1) << "it must not take the kept one's place";
}

}  // namespace
}  // namespace aig::dialect
