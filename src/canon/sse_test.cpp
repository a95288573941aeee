#include "canon/sse.h"

#include <gtest/gtest.h>

#include <random>

using namespace aig::canon;

namespace {
struct Seen {
    std::string raw, event, data;
    bool has_data;
    bool operator==(const Seen&) const = default;
};

/// Feeds pieces, gathers all events and what is left at the end.
std::vector<Seen> read(const std::vector<std::string>& pieces) {
    SseReader reader;
    std::vector<Seen> out;
    SseEvent e;
    for (const auto& p : pieces) {
        EXPECT_TRUE(reader.feed(p).ok());
        while (reader.next(e))
            out.push_back({std::string(e.raw), std::string(e.event), std::string(e.data), e.has_data});
    }
    while (reader.last(e)) out.push_back({std::string(e.raw), std::string(e.event), std::string(e.data), e.has_data});
    return out;
}
}  // namespace

TEST(Sse, reads_every_line_end) {
    const std::string text =
        "data: a\n\nevent: x\r\ndata:b\r\n\r\ndata: c\rdata:  d\r\r: comment\n\ndata\n\nid: 7\n\ndata: left";
    const auto events = read({text});
    ASSERT_EQ(events.size(), 7u);
    EXPECT_EQ(events[0].data, "a");
    EXPECT_EQ(events[1], (Seen{"event: x\r\ndata:b\r\n\r\n", "x", "b", true}));
    EXPECT_EQ(events[2].data, "c\n d");
    EXPECT_EQ(events[3], (Seen{": comment\n\n", "", "", false}));
    EXPECT_EQ(events[4], (Seen{"data\n\n", "", "", true}));
    EXPECT_FALSE(events[5].has_data);
    EXPECT_EQ(events[6], (Seen{"data: left", "", "left", true}));
}

TEST(Sse, same_events_for_every_cut_into_three) {
    const std::string text =
        "\xEF\xBB\xBF"
        "data: \xC3\xA9\n\nevent: e\r\ndata: 1\r\ndata: 2\r\n\r\ndata: x\r\r\n\n: c\r\n\r\ndata: [DONE]\n\n";
    const auto whole = read({text});
    EXPECT_EQ(whole.front().data, "\xC3\xA9");
    std::string joined;
    for (const auto& e : whole) joined += e.raw;
    EXPECT_EQ(joined, text) << "raw bytes lose nothing";
    for (size_t i = 0; i <= text.size(); ++i)
        for (size_t k = i; k <= text.size(); ++k)
            ASSERT_EQ(read({text.substr(0, i), text.substr(i, k - i), text.substr(k)}), whole) << i << ' ' << k;
}

TEST(Sse, one_endless_event_is_refused) {
    SseReader reader;
    const std::string block(1 << 20, 'x');
    SseEvent e;
    size_t fed = 0;
    while (reader.feed(block).ok()) {
        EXPECT_FALSE(reader.next(e));
        ASSERT_LE(++fed, 17u);
    }
    EXPECT_EQ(fed, 16u);
    // Many events that come at once are no reason to refuse.
    SseReader other;
    std::string many;
    for (int i = 0; i < 3000; ++i) many += "data: " + std::string(8000, 'y') + "\n\n";
    ASSERT_TRUE(other.feed(many).ok());
    int n = 0;
    while (other.next(e)) ++n;
    EXPECT_EQ(n, 3000);
}
