#include "base/json.h"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

using namespace aig;

TEST(Json, keeps_raw_bytes_of_every_value) {
    const std::string text =
        R"( {"a": 12.50, "b":[1, {"x":"\u00e9\n"} ] , "c" : {}, "d":[ ], "e":"pl\"ain", "f":null,"g":true,"h":1e400 } )";
    auto doc = JsonDoc::parse(text);
    ASSERT_TRUE(doc.ok()) << doc.error().message();
    const auto r = doc->root();
    EXPECT_EQ(r["a"].raw(), "12.50");
    EXPECT_EQ(r["b"].raw(), R"([1, {"x":"\u00e9\n"} ])");
    EXPECT_EQ(r["c"].raw(), "{}");
    EXPECT_EQ(r["d"].raw(), "[ ]");
    EXPECT_EQ(r["e"].text(), "pl\"ain");
    EXPECT_EQ(r["e"].raw(), R"("pl\"ain")");
    EXPECT_TRUE(r["f"].is_null());
    EXPECT_TRUE(r["g"].boolean());
    EXPECT_EQ(r["h"].raw(), "1e400");
    EXPECT_EQ(r.size(), 8u);
    EXPECT_EQ(r["b"].size(), 2u);
    for (auto item : r["b"])
        if (item.is_object()) {
            EXPECT_EQ(item["x"].text(), "é\n");
        }
    EXPECT_EQ(text.substr(doc->offset(r["a"].raw()), 5), "12.50");
    EXPECT_FALSE(r["nope"]);
}

TEST(Json, refuses_what_is_not_json) {
    for (std::string_view bad :
         {"",           "{",           "{\"a\":}", "[1,]",      "{\"a\":1}x", "nul",    "01",          "1.",
          "-",          "\"\x01\"",    "\"abc",    "{\"a\" 1}", "[1 2]",      "\xff",   "{\"a\":tru}", "{\"a\":nulll}",
          "[\"a\\x\"]", "\"\\ud800\"", "{1:2}",    "[1.e5]",    "[+1]",       "[truee]"})
        EXPECT_FALSE(JsonDoc::parse(bad).ok()) << bad;
}

TEST(Json, bounds) {
    EXPECT_FALSE(JsonDoc::parse(std::string(300, '[') + std::string(300, ']')).ok());
    EXPECT_TRUE(JsonDoc::parse(std::string(200, '[') + std::string(200, ']')).ok());
    EXPECT_FALSE(JsonDoc::parse(std::string(100000, '9')).ok());
}

TEST(Json, integers_and_duplicates) {
    auto doc = JsonDoc::parse(
        R"({"a":3.0,"b":1e3,"c":1.5,"d":9223372036854775807,"e":9223372036854775808,"n":1,"n":2,"\u006e":3})");
    ASSERT_TRUE(doc.ok());
    const auto r = doc->root();
    EXPECT_EQ(r["a"].integer(), 3);
    EXPECT_EQ(r["b"].integer(), 1000);
    EXPECT_EQ(r["c"].integer(), std::nullopt);
    EXPECT_EQ(r["d"].integer(), INT64_MAX);
    EXPECT_EQ(r["e"].integer(), std::nullopt);
    EXPECT_TRUE(r.duplicate("n"));
    EXPECT_EQ(r["n"].integer(), 3);
    EXPECT_FALSE(r.duplicate("a"));
}

TEST(Json, one_walk_finds_what_many_would) {
    static constexpr std::string_view names[] = {"a", "n", "absent", "", "ab"};
    const auto doc = JsonDoc::parse(R"({"n":1,"a":{"n":7},"ab":null,"n":2,"\u006e":3,"":[]})");
    ASSERT_TRUE(doc.ok());
    const auto picked = doc->root().pick(names);
    for (size_t i = 0; i < std::size(names); ++i) {
        EXPECT_EQ(picked[i].raw(), doc->root()[names[i]].raw()) << names[i];
        EXPECT_EQ(bool(picked[i]), bool(doc->root()[names[i]])) << names[i];
    }
    EXPECT_EQ(picked.twice, 1U << 1);
    EXPECT_FALSE(picked.others);
    EXPECT_TRUE(picked[0].pick({std::string_view("x")}).others);
    const auto list = JsonDoc::parse("[1]");
    EXPECT_FALSE(list->root().pick(names).others) << "what is no object has no members";
    EXPECT_FALSE(JsonRef().pick(names)[0]);
}

TEST(Json, escapes_and_positions) {
    const auto doc =
        JsonDoc::parse(R"({"a":"\"\\\/\b\f\n\r\t\u0000\u20ac\ud83d\ude00 and text that is longer than a block"})");
    ASSERT_TRUE(doc.ok()) << doc.error().message();
    const std::string want = std::string("\"\\/\b\f\n\r\t") + '\0' + "€😀 and text that is longer than a block";
    EXPECT_EQ(doc->root()["a"].text(), want);
    for (std::string_view bad :
         {R"("\ud83d")", R"("\ude00")", R"("\ud83dx")", R"("\u12g4")", R"("\u12)", R"("\q")", R"("\)"})
        EXPECT_FALSE(JsonDoc::parse(bad).ok()) << bad;
    const auto broken = JsonDoc::parse(R"({"a":1 "b":2})");
    EXPECT_NE(broken.error().message().find("at byte 7"), std::string::npos) << broken.error().message();
}

/// Strings of all kinds in one text, each where only it may be, and written as they were.
TEST(Json, many_escaped_strings_keep_apart) {
    std::minstd_rand dice(7);
    static constexpr std::string_view pieces[] = {
        "\n", "\"", "\\", "\t", "\x01", "é", "😀", "plain", " and a longer piece of text "};
    JsonDoc doc;
    for (int round = 0; round < 200; ++round) {
        std::vector<std::string> texts;
        std::string written;
        JsonWriter w(written);
        w.begin_array();
        for (size_t n = dice() % 40; texts.size() < n;) {
            std::string& text = texts.emplace_back();
            for (size_t k = dice() % 30; k > 0; --k) text += pieces[dice() % std::size(pieces)];
            w.begin_object().field(text, text).end_object();
        }
        w.end_array();
        ASSERT_TRUE(doc.assign(written).ok()) << written;
        ASSERT_EQ(doc.root().size(), texts.size());
        size_t i = 0;
        for (const JsonRef o : doc.root()) {
            const JsonRef member = *o.begin();
            EXPECT_EQ(member.key(), texts[i]);
            EXPECT_EQ(member.text(), texts[i]);
            EXPECT_EQ(json_string(texts[i++]), member.raw());
        }
    }
}

TEST(Json, an_opaque_member_is_checked_and_not_taken_apart) {
    JsonDoc doc;
    ASSERT_TRUE(
        doc.assign(R"({"logprobs": {"content":[{"t":"\n"},2]}, "b":{"logprobs":null},"c":3})", "logprobs").ok());
    EXPECT_EQ(doc.root()["logprobs"].raw(), R"({"content":[{"t":"\n"},2]})");
    EXPECT_EQ(doc.root()["logprobs"].size(), 0u);
    EXPECT_FALSE(doc.root()["logprobs"]["content"]);
    EXPECT_TRUE(doc.root()["b"]["logprobs"].is_null());
    EXPECT_EQ(doc.root()["c"].integer(), 3);
    EXPECT_FALSE(doc.assign(R"({"logprobs":{"content":[1,]}})", "logprobs").ok());
    EXPECT_FALSE(doc.assign("{\"logprobs\":" + std::string(300, '[') + std::string(300, ']') + "}", "logprobs").ok());
    ASSERT_TRUE(doc.assign("[1]").ok());
    EXPECT_EQ(doc.root().size(), 1u);
}

TEST(Json, scalar_roots) {
    for (std::string_view s : {"1", "\"a\"", "true", "null", " [1] ", "-0.5e+3"})
        EXPECT_TRUE(JsonDoc::parse(s).ok()) << s;
    EXPECT_EQ(JsonDoc::parse(" \"a\\tb\" ")->root().text(), "a\tb");
}

TEST(Json, writer) {
    std::string s;
    JsonWriter w(s);
    w.begin_object()
        .field("a", 1)
        .field("b", "x\"\n\x01")
        .key("c")
        .begin_array()
        .integer(1)
        .raw("2.50")
        .string("é")
        .end_array();
    w.raw_members("\"m\":1").raw_members("").key("o").begin_object().end_object().field_null("z").end_object();
    EXPECT_EQ(s, "{\"a\":1,\"b\":\"x\\\"\\n\\u0001\",\"c\":[1,2.50,\"é\"],\"m\":1,\"o\":{},\"z\":null}");
    EXPECT_EQ(json_string("a\xff"
                          "b"),
              "\"a\xEF\xBF\xBD"
              "b\"");
    EXPECT_TRUE(JsonDoc::parse(s).ok());
}

/// Every byte at every place of short texts: the shortcuts for texts without anything to escape take none that has.
TEST(Json, escapes_wherever_the_byte_stands) {
    for (size_t size = 1; size <= 34; ++size) {
        for (size_t at = 0; at < size; ++at) {
            for (unsigned byte = 0; byte < 0x80; ++byte) {
                std::string text(size, 'a');
                text[at] = static_cast<char>(byte);
                const std::string written = json_string(text);
                const auto doc = JsonDoc::parse(written);
                ASSERT_TRUE(doc.ok()) << size << ' ' << at << ' ' << byte;
                EXPECT_EQ(doc->root().text(), text);
                const bool plain = byte >= 0x20 && byte != '"' && byte != '\\';
                EXPECT_EQ(written.size() == size + 2, plain) << size << ' ' << at << ' ' << byte;
            }
            std::string broken(size, 'a');
            broken[at] = static_cast<char>(0x80 + at);
            EXPECT_EQ(json_string(broken).size(), size + 4) << "one byte becomes U+FFFD";
        }
    }
}
