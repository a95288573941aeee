#include "canon/size.h"

#include <gtest/gtest.h>

#include <string>

using namespace aig::canon;

namespace {
TextSize size_of(std::string_view s) {
    TextSize t;
    t.add(s);
    return t;
}
bool same(const TextSize& a, const TextSize& b) {
    return a.letters == b.letters && a.words == b.words && a.digits == b.digits && a.spaces == b.spaces &&
           a.marks == b.marks && a.european == b.european && a.wide == b.wide && a.bytes == b.bytes;
}
const std::string mixed = "Hello, wor1d 42!\n\tÜber Привет 日本語 🙂 don't";
}  // namespace

TEST(TextSize, counts_by_class) {
    const TextSize t = size_of(mixed);
    EXPECT_EQ(t.words, 6);  // Hello wor d ber don t
    EXPECT_EQ(t.letters, 5 + 3 + 1 + 3 + 3 + 1);
    EXPECT_EQ(t.digits, 3);
    EXPECT_EQ(t.spaces, 8);
    EXPECT_EQ(t.marks, 3);
    EXPECT_EQ(t.european, 1 + 6);
    EXPECT_EQ(t.wide, 3 + 1);
    EXPECT_EQ(t.bytes, static_cast<int64_t>(mixed.size()));
}

TEST(TextSize, cuts_do_not_matter) {
    std::string text;
    for (int i = 0; i < 40; ++i) text += mixed;
    const TextSize whole = size_of(text);
    for (size_t cut = 0; cut <= text.size(); ++cut) {
        TextSize t;
        t.add(std::string_view(text).substr(0, cut));
        t.add(std::string_view(text).substr(cut));
        ASSERT_TRUE(same(t, whole)) << cut;
    }
    TextSize bytewise;
    for (const char c : text) bytewise.add({&c, 1});
    EXPECT_TRUE(same(bytewise, whole));
}

TEST(TextSize, a_block_boundary_inside_a_word_counts_it_once) {
    EXPECT_EQ(size_of(std::string(1000, 'x')).words, 1);
    EXPECT_EQ(size_of(std::string(254, ' ') + "ab").words, 1);
    EXPECT_EQ(size_of(std::string(255, ' ') + "ab").words, 1);
}

TEST(TextSize, sums) {
    TextSize a = size_of("one two"), b = size_of("three");
    a += b;
    EXPECT_EQ(a.words, 3);
    EXPECT_EQ(a.bytes, 12);
}

TEST(Tokens, names) {
    EXPECT_EQ(tokenizer_named("claude"), Tokenizer::claude);
    EXPECT_EQ(tokenizer_named("gemini"), Tokenizer::gemini);
    EXPECT_EQ(tokenizer_named("never heard of"), Tokenizer::other);
}

TEST(Tokens, text_is_between_one_and_its_bytes) {
    for (const Tokenizer k :
         {Tokenizer::openai, Tokenizer::claude, Tokenizer::gemini, Tokenizer::llama, Tokenizer::other}) {
        EXPECT_EQ(estimate_tokens(TextSize{}, k), 0);
        for (std::string_view s : {"a", "7", " ", "日", "!!!!", "the quick brown fox"}) {
            const int64_t n = estimate_tokens(size_of(s), k);
            EXPECT_GE(n, 1) << s;
            EXPECT_LE(n, static_cast<int64_t>(s.size())) << s;
        }
        const int64_t english =
            estimate_tokens(size_of("The quick brown fox jumps over the lazy dog near the river bank."), k);
        EXPECT_GE(english, 11);
        EXPECT_LE(english, 22);
    }
}

TEST(Tokens, hold_lies_between_estimate_and_bound) {
    InputSize in;
    in.messages = 1;
    in.text.add("hi");
    EXPECT_EQ(bound_tokens(in), 2 + 16 + call_preamble_bound);
    for (const Tokenizer k :
         {Tokenizer::openai, Tokenizer::claude, Tokenizer::gemini, Tokenizer::llama, Tokenizer::other})
        EXPECT_LE(hold_tokens(in, k), bound_tokens(in));
    in.text.add(std::string(40'000, 'w'));
    in.tools = 2;
    EXPECT_GE(hold_tokens(in, Tokenizer::claude), estimate_tokens(in, Tokenizer::claude));
    EXPECT_LE(hold_tokens(in, Tokenizer::claude), bound_tokens(in));
    InputSize given;
    given.tokens_given = 77;
    EXPECT_EQ(estimate_tokens(given, Tokenizer::openai), 77);
    EXPECT_EQ(bound_tokens(given), 77);
}
