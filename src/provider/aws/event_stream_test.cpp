#include "provider/aws/event_stream.h"

#include <gtest/gtest.h>

#include "provider/testing/event_stream.h"

using namespace aig;
using provider::aws::EventMessage;
using provider::aws::EventStreamReader;
namespace make = provider::testing;

namespace {

std::string bytes_of(std::string_view hex) {
    std::string out;
    for (size_t i = 0; i + 1 < hex.size(); i += 2)
        out += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
    return out;
}

struct Seen {
    std::vector<std::string> messages;
    bool ok = true, empty = false;
    bool operator==(const Seen&) const = default;
};
Seen read(std::string_view bytes, size_t piece) {
    EventStreamReader reader;
    Seen seen;
    for (size_t at = 0; seen.ok && at < bytes.size(); at += piece) {
        reader.feed(std::string(bytes.substr(at, piece)));
        EventMessage m;
        for (;;) {
            auto got = reader.next(m);
            seen.ok = got.ok();
            if (!got || !*got) break;
            seen.messages.push_back(std::string(m.message_type) + "|" + std::string(m.type) + "|" +
                                    std::string(m.payload));
        }
    }
    seen.empty = reader.empty();
    return seen;
}

}  // namespace

// The format's smallest message, and one with a header: worked examples of the AWS SDKs' event-stream test vectors
// ("empty_message", "payload_no_headers"; github.com/awslabs/aws-c-event-stream, tests/resources, 2026-11).
TEST(EventStream, published_messages) {
    const auto empty = read(bytes_of("000000100000000005c248eb7d98c8ff"), 99);
    EXPECT_TRUE(empty.ok);
    EXPECT_EQ(empty.messages, std::vector<std::string>{"||"});
    const auto payload = read(bytes_of("0000001d00000000fd528c5a7b27666f6f273a27626172277dc3653936"), 99);
    EXPECT_TRUE(payload.ok);
    EXPECT_EQ(payload.messages, std::vector<std::string>{"||{'foo':'bar'}"});
}

TEST(EventStream, cuts_change_nothing) {
    const std::string bytes =
        make::event("messageStart", R"({"role":"assistant"})") + make::event("x", "") + make::exception("e", "{}");
    const Seen whole = read(bytes, bytes.size());
    EXPECT_EQ(whole.messages,
              (std::vector<std::string>{R"(event|messageStart|{"role":"assistant"})", "event|x|", "exception|e|{}"}));
    EXPECT_TRUE(whole.empty);
    for (size_t piece = 1; piece < bytes.size(); ++piece) EXPECT_EQ(read(bytes, piece), whole) << piece;
}

TEST(EventStream, an_unfinished_message_is_not_empty) {
    const std::string bytes = make::event("x", "{}");
    for (size_t n = 1; n < bytes.size(); ++n) {
        const Seen seen = read(std::string_view(bytes).substr(0, n), n);
        EXPECT_TRUE(seen.ok && seen.messages.empty() && !seen.empty) << n;
    }
}

TEST(EventStream, every_damaged_byte_is_noticed) {
    const std::string good = make::event("messageStart", R"({"role":"assistant"})");
    for (size_t i = 0; i < good.size(); ++i)
        for (const char flip : {'\x01', '\x80'}) {
            std::string bad = good;
            bad[i] = static_cast<char>(bad[i] ^ flip);
            EXPECT_FALSE(read(bad, bad.size()).ok) << i;
        }
}

TEST(EventStream, every_header_type_is_passed_over) {
    // true, false, byte, short, int, long, bytes, timestamp, uuid; then the one that is looked for.
    std::string headers;
    const auto add = [&](char type, std::string value) { headers += std::string("\x01h", 2) + type + value; };
    for (const auto& [type, size] : {std::pair{'\0', 0}, {'\1', 0}, {'\2', 1}, {'\3', 2}, {'\4', 4}, {'\5', 8}})
        add(type, std::string(static_cast<size_t>(size), 'v'));
    add('\6', std::string("\0\3abc", 5));
    add('\x08', std::string(8, 'v'));
    add('\x09', std::string(16, 'v'));
    headers += std::string(
        "\x0b:event-type\x07\x00\x05"
        "found",
        20);
    EXPECT_EQ(read(make::raw_message(headers, "p"), 999).messages, std::vector<std::string>{"|found|p"});
}

TEST(EventStream, lengths_and_headers_that_cannot_be) {
    EXPECT_FALSE(read(make::raw_message(std::string("\x05") + "ab", ""), 999).ok);   // a name longer than the headers
    EXPECT_FALSE(read(make::raw_message(std::string("\x01h\x0a", 3), ""), 999).ok);  // no such type
    EXPECT_FALSE(read(make::raw_message(std::string("\x01h\x07\x00\x09x", 6), ""), 999).ok);
    EXPECT_FALSE(read(make::prelude(15, 0), 999).ok);
    EXPECT_FALSE(read(make::prelude(16, 1), 999).ok);
    EXPECT_FALSE(read(make::prelude((16u << 20) + 1, 0), 999).ok);
    EXPECT_FALSE(read(make::prelude(1u << 20, (128u << 10) + 1), 999).ok);
    EXPECT_TRUE(read(make::prelude(16u << 20, 0), 999).ok);  // waits for the rest
    EXPECT_FALSE(read("<html>no stream</html>", 999).ok);
}
