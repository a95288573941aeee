// Header lists, and how their lines go out.
#include "net/http.h"

#include <gtest/gtest.h>

#include "net/detail/framing.h"
#include "net/detail/header_lines.h"

namespace aig::net {
namespace {

bool nothing(std::string_view) { return false; }
bool dates(std::string_view name) { return iequals(name, "date"); }

std::string written(const Headers& headers, bool (*ours)(std::string_view) = nothing, size_t left_out = 0) {
    std::string out;
    EXPECT_EQ(detail::append_lines(out, headers, ours), left_out);
    return out;
}

TEST(Headers, KeepTheirOrderThroughGrowingCopyingAndRemoving) {
    Headers h;
    std::string all;
    for (int i = 0; i < 50; ++i) {
        const std::string name = "x-" + std::to_string(i), value(static_cast<size_t>(i), 'v');
        h.add_named(name, value);
        all += name + ": " + value + "\r\n";
    }
    EXPECT_EQ(h.wire(), all);
    EXPECT_EQ(written(h), all);
    const Headers copy = h;
    h.remove("X-7");
    h.set("x-3", "three");
    EXPECT_EQ(h.wire(), "");  // has gaps
    all.replace(all.find("x-7: vvvvvvv\r\n"), 14, "");
    all.replace(all.find("x-3: vvv\r\n"), 10, "");
    EXPECT_EQ(written(h), all + "x-3: three\r\n");
    EXPECT_EQ(h.size(), 49u);
    EXPECT_EQ(copy.get("x-7"), "vvvvvvv");
    EXPECT_EQ(h.count("x-7"), 0u);
    EXPECT_EQ(h.get("X-3"), "three");
    EXPECT_EQ(h.get(""), "");
    h.clear();
    h.add("a", "");
    EXPECT_EQ(h.wire(), "a: \r\n");
}

TEST(Headers, TakeViewsOfTheirOwnLines) {
    Headers h;
    h.add("name", "value");
    for (int i = 0; i < 100; ++i) h.add_named(h.begin().operator*().first, h.get("name"));
    EXPECT_EQ(h.count("name"), 101u);
    for (const auto& [name, value] : h) EXPECT_EQ(std::string(name) + std::string(value), "namevalue");
}

TEST(Headers, AreEmptyWhenTheyHaveBeenMovedAway) {
    Headers from;
    from.add("a", "1");
    Headers to(std::move(from));
    from.add("b", "2");
    EXPECT_EQ(to.wire(), "a: 1\r\n");
    EXPECT_EQ(from.wire(), "b: 2\r\n");
    to = std::move(from);
    EXPECT_EQ(to.get("b"), "2");
}

TEST(HeaderLines, LeaveOutOursAndWhatMayNotStandOnAConnection) {
    Headers h;
    h.add("content-type", "text/plain; charset=utf-8");
    h.add_named("Date", "now");
    EXPECT_EQ(written(h, dates), "content-type: text/plain; charset=utf-8\r\n");
    EXPECT_EQ(written(h), "content-type: text/plain; charset=utf-8\r\nDate: now\r\n");
    h.add("evil", "a\r\nset-cookie: b");
    h.add_named("two words", "c");
    h.add_named("", "d");
    h.add("tab", "a\tb");
    EXPECT_EQ(written(h, dates, 3), "content-type: text/plain; charset=utf-8\r\ntab: a\tb\r\n");
}

/// However many bytes may be read behind a name, only its own count.
TEST(HeaderLines, NamesAreTokens) {
    for (size_t n = 1; n <= 70; ++n) {
        const std::string name(n, 'a');
        for (const size_t behind : {size_t{0}, size_t{1}, size_t{15}, size_t{16}, size_t{100}}) {
            std::string text = name + std::string(behind, '\n');
            const auto is_token = [&] { return detail::is_token(std::string_view(text).substr(0, n), text.size()); };
            EXPECT_TRUE(is_token()) << n << ' ' << behind;
            for (size_t at = 0; at < n; ++at) {
                text[at] = 'A';
                EXPECT_TRUE(is_token()) << n << ' ' << behind << ' ' << at;
                text[at] = ':';
                EXPECT_FALSE(is_token()) << n << ' ' << behind << ' ' << at;
                text[at] = 'a';
            }
        }
    }
}

}  // namespace
}  // namespace aig::net
