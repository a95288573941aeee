#include "base/settings.h"

#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aig::settings {
namespace {
constexpr std::array rows{
    group("server", "Listeners."),
    address("server.listen", "127.0.0.1:80", "Where."),
    integer("server.threads", "auto", "How many.").words("auto").range(1, 8).restart(),
    named("providers", "Who."),
    group("providers.*", "One."),
    text("providers.*.key", "", "Secret.").required().secret(),
    duration("providers.*.wait", "2s", "How long.").range(1, 60'000),
    list("targets", "What."),
    group("targets[]", "One."),
    integer("targets[].weight", "3", "Share."),
    texts("words", "Words."),
};

Node scalar(std::string text) {
    Node n;
    n.kind = Node::Kind::scalar;
    n.text = std::move(text);
    return n;
}
Node map(std::vector<std::pair<std::string, Node>> members) {
    Node n;
    n.kind = Node::Kind::map;
    for (auto& [key, value] : members) {
        n.keys.push_back(key);
        n.items.push_back(std::move(value));
    }
    return n;
}
Node list_of(std::vector<Node> items) {
    Node n;
    n.kind = Node::Kind::list;
    n.items = std::move(items);
    return n;
}

TEST(Settings, ReadsWrittenValuesAndDefaults) {
    const Schema schema(rows);
    const auto node = map({{"server", map({{"threads", scalar("4")}})},
                           {"providers", map({{"a.b", map({{"key", scalar("k")}, {"wait", scalar("500ms")}})}})},
                           {"targets", list_of({map({}), map({{"weight", scalar("7")}})})},
                           {"words", list_of({scalar("x"), scalar("y")})}});
    ASSERT_TRUE(check(schema, node).empty());
    const Reader r(schema, node);
    EXPECT_EQ(r.group("server").text("listen"), "127.0.0.1:80");
    EXPECT_EQ(r.group("server").number("threads"), 4);
    const auto providers = r.named("providers");
    ASSERT_EQ(providers.size(), 1u);
    EXPECT_EQ(providers[0].first, "a.b");
    EXPECT_EQ(providers[0].second.number("wait"), 500);
    EXPECT_EQ(r.list("targets")[0].number("weight"), 3);
    EXPECT_EQ(r.list("targets")[1].number("weight"), 7);
    EXPECT_EQ(r.texts("words"), (std::vector<std::string>{"x", "y"}));
    const auto nothing = map({});
    const Reader empty(schema, nothing);
    EXPECT_EQ(empty.group("server").number("threads"), std::nullopt) << "'auto' is no number";
    EXPECT_FALSE(empty.present("server"));
    EXPECT_TRUE(empty.named("providers").empty());
}

TEST(Settings, PathsNameTheValue) {
    const Schema schema(rows);
    const auto faults = check(schema, map({{"providers", map({{"a.b", map({{"wait", scalar("1h")}})}})},
                                           {"targets", list_of({map({{"weigth", scalar("1")}})})}}));
    ASSERT_EQ(faults.size(), 3u);
    EXPECT_EQ(faults[0].path, "providers.a.b.wait");
    EXPECT_EQ(faults[1].path, "providers.a.b.key");
    EXPECT_EQ(faults[2].path, "targets[0].weigth");
    EXPECT_THAT(faults[2].message, ::testing::HasSubstr("did you mean 'weight'?"));
}

TEST(Settings, AtMostAHundredFaults) {
    const Schema schema(rows);
    std::vector<std::pair<std::string, Node>> many;
    for (int i = 0; i < 1000; ++i) many.emplace_back("k" + std::to_string(i), scalar("x"));
    EXPECT_EQ(check(schema, map(std::move(many))).size(), 100u);
}

TEST(Settings, Durations) {
    const struct {
        const char* text;
        int64_t ms;
    } good[] = {{"500ms", 500}, {"2s", 2'000}, {"10m", 600'000}, {"1h", 3'600'000}, {"7d", 604'800'000}, {"0s", 0}};
    for (const auto& g : good) EXPECT_EQ(*parse_duration(g.text), g.ms) << g.text;
    for (const char* bad :
         {"", "2", "s", "-1s", "1.5s", "1 s", "1S", "1s1", "99999999999999999999s", "9223372036854775807d", "+1s"})
        EXPECT_FALSE(parse_duration(bad)) << bad;
}

TEST(Settings, Sizes) {
    const struct {
        const char* text;
        int64_t bytes;
    } good[] = {{"0", 0},          {"1000", 1000},       {"64KiB", 65536}, {"256MiB", 268435456},
                {"1GiB", 1 << 30}, {"10MB", 10'000'000}, {"5B", 5}};
    for (const auto& g : good) EXPECT_EQ(*parse_size(g.text), g.bytes) << g.text;
    for (const char* bad : {"", "MiB", "-1", "1.5MiB", "1 MiB", "1mib", "99999999999GiB"})
        EXPECT_FALSE(parse_size(bad)) << bad;
}

TEST(Settings, Addresses) {
    EXPECT_EQ(parse_address("127.0.0.1:8080")->port, 8080);
    EXPECT_EQ(parse_address("[::1]:0")->host, "::1");
    EXPECT_EQ(parse_address("gateway.local:443")->host, "gateway.local");
    for (const char* bad :
         {"", ":80", "host", "host:", "host:65536", "host:-1", "host:8a", "::1:80", "a b:80", "http://h:80", "[]:80"})
        EXPECT_FALSE(parse_address(bad)) << bad;
}

TEST(SettingsDeathTest, ABrokenTableEndsTheProcess) {
    const std::array orphan{text("a.b", "", "x.")};
    EXPECT_DEATH(Schema schema(orphan), "its group has no row before it");
    const std::array twice{text("a", "", "x."), text("a", "", "y.")};
    EXPECT_DEATH(Schema schema(twice), "stands there twice");
}
}  // namespace
}  // namespace aig::settings
