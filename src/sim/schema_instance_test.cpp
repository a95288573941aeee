#include "sim/detail/schema_instance.h"

#include <gtest/gtest.h>

#include "sim/detail/pattern_text.h"

namespace aig::sim {
namespace {

std::string instance(std::string_view schema, std::string_view subject = "", std::string_view prompt = "") {
    const auto doc = JsonDoc::parse(schema);
    EXPECT_TRUE(doc.ok()) << schema;
    const std::string out = schema_instance(doc->root(), {subject, prompt});
    EXPECT_TRUE(JsonDoc::parse(out).ok()) << out;
    return out;
}

TEST(SchemaInstance, FillsWhatIsRequiredAndLeavesTheRestOut) {
    EXPECT_EQ(
        instance(
            R"({"type":"object","properties":{"city":{"type":"string"},"unit":{"type":"string"}},"required":["city"]})",
            "Paris"),
        R"({"city":"Paris"})");
}

TEST(SchemaInstance, FillsEverythingWhenNothingIsRequired) {
    EXPECT_EQ(instance(R"({"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"boolean"}}})"),
              R"({"a":1,"b":true})");
}

TEST(SchemaInstance, TakesTheEnumWordThePromptNames) {
    const std::string_view schema = R"({"enum":["celsius","fahrenheit"]})";
    EXPECT_EQ(instance(schema, "", "in Fahrenheit please"), R"("fahrenheit")");
    EXPECT_EQ(instance(schema, "", "as you like"), R"("celsius")");
    EXPECT_EQ(instance(R"({"const":{"a":[1]}})"), R"({"a":[1]})");
}

TEST(SchemaInstance, KeepsNumberBounds) {
    EXPECT_EQ(instance(R"({"type":"integer","minimum":18,"maximum":99})"), "18");
    EXPECT_EQ(instance(R"({"type":"integer","maximum":-4})"), "-4");
    EXPECT_EQ(instance(R"({"type":"integer","exclusiveMinimum":7})"), "8");
    EXPECT_EQ(instance(R"({"type":"integer","minimum":10,"multipleOf":7})"), "14");
    EXPECT_EQ(instance(R"({"type":"number","minimum":0.25,"maximum":0.75})"), "0.75");
}

TEST(SchemaInstance, KeepsArrayLengthsAndMakesItemsDiffer) {
    EXPECT_EQ(instance(R"({"type":"array","items":{"type":"integer"},"minItems":3,"uniqueItems":true})"), "[1,2,3]");
    EXPECT_EQ(instance(R"({"type":"array","items":{"type":"string"},"maxItems":0})"), "[]");
    EXPECT_EQ(instance(R"({"type":"array","prefixItems":[{"type":"boolean"},{"type":"integer"}]})"), "[true,1]");
    EXPECT_EQ(instance(R"({"type":"array","items":{"enum":["a","b"]},"minItems":2})"), R"(["a","b"])");
}

TEST(SchemaInstance, KeepsStringLengthsFormatsAndPatterns) {
    EXPECT_EQ(instance(R"({"type":"string","minLength":8})", "ab"), R"("abxxxxxx")");
    EXPECT_EQ(instance(R"({"type":"string","maxLength":3})", "Paris"), R"("Par")");
    EXPECT_EQ(instance(R"({"type":"string","format":"date"})"), R"("2026-01-15")");
    EXPECT_EQ(instance(R"({"type":"string","pattern":"^[A-Z]{3}-\\d{2}$"})"), R"("AAA-11")");
}

TEST(SchemaInstance, FollowsReferencesAndAlternatives) {
    EXPECT_EQ(
        instance(
            R"({"$ref":"#/$defs/P","$defs":{"P":{"type":"object","properties":{"n":{"$ref":"#/$defs/N"}},"required":["n"]},"N":{"type":"integer"}}})"),
        R"({"n":1})");
    EXPECT_EQ(instance(R"({"anyOf":[{"type":"null"},{"type":"integer"}]})"), "1");
    EXPECT_EQ(instance(R"({"type":["null","boolean"]})"), "true");
    EXPECT_EQ(
        instance(
            R"({"allOf":[{"properties":{"a":{"type":"integer"}},"required":["a"]},{"properties":{"b":{"type":"null"}},"required":["b"]}]})"),
        R"({"a":1,"b":null})");
}

TEST(SchemaInstance, EndsOnSchemasThatContainThemselves) {
    const std::string out = instance(
        R"({"$ref":"#/$defs/T","$defs":{"T":{"type":"object","properties":{"next":{"$ref":"#/$defs/T"}},"required":["next"]}}})");
    EXPECT_LT(out.size(), 1'000u);
    EXPECT_NE(instance(R"({"$ref":"#"})"), "");
}

TEST(SchemaInstance, AnswersNoSchemaWithAnEmptyObject) {
    EXPECT_EQ(schema_instance({}, {"", ""}), "{}");
    EXPECT_EQ(instance("{}"), "{}");
    EXPECT_EQ(instance("true"), "{}");
}

TEST(PatternText, MatchesItsPattern) {
    const std::pair<const char*, const char*> cases[] = {{"^abc$", "abc"},
                                                         {"^[A-Z]{3}$", "AAA"},
                                                         {"\\d{4}-\\d{2}", "1111-11"},
                                                         {"^(foo|bar)+$", "foo"},
                                                         {"a?b*c+", "c"},
                                                         {"^[^a1]x$", " x"},
                                                         {"x|y", "x"},
                                                         {"^\\+[0-9]{2,5}$", "+00"},
                                                         {"^(?:v)?\\d+\\.\\d+$", "1.1"},
                                                         {"[a\\-]", "a"},
                                                         {"^\\w+@\\w+$", "a@a"}};
    for (const auto& [pattern, text] : cases) EXPECT_EQ(pattern_text(pattern), text) << pattern;
    EXPECT_EQ(pattern_text("(?=look)a"), "");
    EXPECT_EQ(pattern_text("(unclosed"), "");
    EXPECT_EQ(pattern_text("*"), "");
}

}  // namespace
}  // namespace aig::sim
