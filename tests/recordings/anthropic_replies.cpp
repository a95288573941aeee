// Every recorded Anthropic reply decodes, whole and streamed, and says the same however its bytes are cut.
#include <fmt/format.h>

#include <map>
#include <random>

#include "provider/anthropic/anthropic.h"
#include "recordings.h"

using namespace aig;
using namespace aig::canon;
using recordings::Recording;

namespace {

constexpr std::array files{"anthropic_messages", "azure_ai_messages", "vertex_anthropic", "local_messages"};

/// All that a reply said: texts joined by kind and tool (cuts between pieces are not part of the meaning), usage, stop.
/// Kept cheap: the cut tests decode hundreds of thousands of times.
struct Said {
    std::string order;                  ///< kind and index of each event, repeats folded
    std::array<std::string, 16> texts;  ///< by kind
    std::optional<Usage> usage;
    StopReason stop = StopReason::none;
    bool terminal = false, failed_in_band = false;
    std::optional<ErrorCode> failure;
    bool operator==(const Said&) const = default;
};

void note(Said& said, const Event& e) {
    const char kind = static_cast<char>('a' + static_cast<int>(e.kind)), index = static_cast<char>('0' + e.index);
    const size_t n = said.order.size();
    if (n < 2 || said.order[n - 2] != kind || said.order[n - 1] != index) {
        said.order += kind;
        said.order += index;
    }
    std::string& text = said.texts[static_cast<size_t>(e.kind)];
    text += e.text;
    text += e.id;
    text += e.name;
    text += e.raw;
    if (e.kind == Event::Kind::usage) said.usage = e.usage;
    if (e.kind == Event::Kind::finish) said.stop = e.stop;
}

Said decode(std::string_view bytes, bool stream, const std::vector<size_t>& cuts) {
    auto decoder = provider::anthropic_wire().decoder(Operation::chat, stream);
    Said said;
    std::vector<Event> out;
    size_t from = 0;
    const auto feed = [&](std::string_view piece) {
        // A copy of its own size, so that a read past the piece or a view kept too long is caught.
        const std::string own(piece);
        auto s = decoder->feed(own, out);
        for (const Event& e : out) note(said, e);
        out.clear();
        if (!s) said.failure = s.error().code();
        return s.ok();
    };
    bool ok = true;
    for (const size_t cut : cuts) {
        if (!ok) break;
        ok = feed(bytes.substr(from, cut - from));
        from = cut;
    }
    if (ok) ok = feed(bytes.substr(from));
    if (ok) {
        auto s = decoder->end(out);
        for (const Event& e : out) note(said, e);
        if (!s) said.failure = s.error().code();
    }
    said.terminal = decoder->terminal();
    said.failed_in_band = decoder->error().has_value();
    return said;
}

std::vector<size_t> bytewise(size_t size) {
    std::vector<size_t> cuts;
    for (size_t i = 1; i < size; ++i) cuts.push_back(i);
    return cuts;
}

bool is_message(const Recording& r) { return r.status == 200 && !r.base64; }

}  // namespace

TEST(AnthropicRecordings, every_reply_decodes) {
    AIG_NEED_RECORDINGS("anthropic_messages");
    int replies = 0;
    for (const auto* file : files)
        recordings::each(file, [&](const Recording& r) {
            if (!is_message(r)) return;
            ++replies;
            const Said s = decode(r.response, r.stream, {});
            EXPECT_TRUE(s.terminal) << file << " " << r.id << (s.failure ? error_row(*s.failure).name : "");
            EXPECT_FALSE(s.failed_in_band) << r.id;
            EXPECT_NE(s.stop, StopReason::none) << r.id;
            EXPECT_NE(s.stop, StopReason::other) << r.id;
            ASSERT_TRUE(s.usage) << r.id;
            EXPECT_TRUE(s.usage->sane()) << r.id;
        });
    EXPECT_GT(replies, 600);
}

TEST(AnthropicRecordings, error_replies_have_a_meaning) {
    AIG_NEED_RECORDINGS("anthropic_messages");
    std::map<std::string, int> codes;
    for (const auto* file : files)
        recordings::each(file, [&](const Recording& r) {
            if (r.status == 200) return;
            const Error e = provider::anthropic_wire().error(r.status, r.response);
            EXPECT_NE(e.code(), ErrorCode::internal);
            EXPECT_NE(e.message().find("the provider says: "), std::string::npos) << e.message();
            ++codes[fmt::format("{} {}", r.status, e.row().name)];
        });
    EXPECT_EQ(codes, (std::map<std::string, int>{
                         {"400 upstream_rejected", 7}, {"401 upstream_auth", 1}, {"404 upstream_model_missing", 7}}));
}

/// One byte at a time for all. Two pieces: every 32nd place of short streams, each from its own phase on, and 16 random
/// places of long ones; AIG_TEST_SCALE multiplies (32 = every place).
TEST(AnthropicRecordings, cuts_change_nothing) {
    AIG_NEED_RECORDINGS("anthropic_messages");
    const char* scale = std::getenv("AIG_TEST_SCALE");
    const size_t times = std::clamp<size_t>(scale ? std::strtoul(scale, nullptr, 10) : 1, 1, 32), step = 32 / times;
    std::mt19937 random(20261121);
    int streams = 0, swept = 0;
    for (const auto* file : files)
        recordings::each(file, [&](const Recording& r) {
            if (!is_message(r) || !r.stream) return;
            ++streams;
            const Said whole = decode(r.response, true, {});
            ASSERT_EQ(decode(r.response, true, bytewise(r.response.size())), whole) << r.id;
            if (r.response.size() <= 4096) {
                swept += r.verbatim();
                for (size_t cut = 1 + static_cast<size_t>(streams) % step; cut < r.response.size(); cut += step)
                    ASSERT_EQ(decode(r.response, true, {cut}), whole) << r.id << " " << cut;
            } else {
                for (size_t i = 0; i < 16 * times; ++i) {
                    const size_t cut = 1 + random() % (r.response.size() - 1);
                    ASSERT_EQ(decode(r.response, true, {cut}), whole) << r.id << " " << cut;
                }
            }
        });
    EXPECT_GT(streams, 200);
    EXPECT_GT(swept, 40);
}

/// A recorded stream, put together the way the API's SDKs do it, must bill like the stream itself.
TEST(AnthropicRecordings, buffered_bills_like_streamed) {
    AIG_NEED_RECORDINGS("anthropic_messages");
    int compared = 0;
    for (const auto* file : files)
        recordings::each(file, [&](const Recording& r) {
            if (!is_message(r) || !r.stream) return;
            std::map<std::string, std::string> usage;  // members in order of their last report
            std::string stop;
            bool over = false;
            size_t at = 0;
            while (!over && at < r.response.size()) {
                size_t line_end = r.response.find('\n', at);
                if (line_end == std::string::npos) line_end = r.response.size();
                std::string_view line = std::string_view(r.response).substr(at, line_end - at);
                at = line_end + 1;
                if (!line.starts_with("data:")) continue;
                auto doc = JsonDoc::parse(line.substr(5));
                if (!doc) continue;
                const JsonRef e = doc->root();
                const bool start = e["type"].text() == "message_start";
                const JsonRef u = start ? e["message"]["usage"] : e["usage"];
                for (const JsonRef m : u)
                    if (!m.is_null()) usage[std::string(m.key())] = m.raw();
                if (e["delta"]["stop_reason"].is_string()) stop = e["delta"]["stop_reason"].raw();
                over = e["type"].text() == "message_stop";
            }
            std::string whole = R"({"id":"m","model":"c","content":[],"stop_reason":)" + stop + R"(,"usage":{)";
            bool first = true;
            for (const auto& [name, raw] : usage) {
                whole += fmt::format("{}\"{}\":{}", first ? "" : ",", name, raw);
                first = false;
            }
            const Said buffered = decode(whole + "}}", false, {}), streamed = decode(r.response, true, {});
            ASSERT_TRUE(buffered.usage) << whole;
            EXPECT_EQ(*buffered.usage, *streamed.usage) << r.id;
            ++compared;
        });
    EXPECT_GT(compared, 200);
}
