// Every recorded Responses request: what a provider took is peeked and parsed; the spliced request differs in nothing
// but the written places.
#include <gtest/gtest.h>

#include <cstdio>
#include <set>

#include "base/json.h"
#include "dialect/registry.h"
#include "openai_responses.h"

using namespace aig;
using namespace aig::canon;
using recordings::Recording;

namespace {

/// The written splices undone: each place of `model` and of what is the gateway's own gets its old bytes back.
std::string undone(std::string_view body, const Envelope& e, std::string spliced, std::string_view model) {
    const std::string now = json_string(model);
    std::set<std::pair<size_t, size_t>> places{{e.spans.model.begin, e.spans.model.end}};
    for (const Span s : e.ours) places.insert({s.begin, s.end});
    std::ptrdiff_t shift = 0;
    for (const auto& [begin, end] : places) {
        const std::string_view written = begin == e.spans.model.begin ? std::string_view(now) : "null";
        const auto at = static_cast<size_t>(static_cast<std::ptrdiff_t>(begin) + shift);
        EXPECT_EQ(spliced.substr(at, written.size()), written);
        spliced.replace(at, written.size(), body.substr(begin, end - begin));
    }
    return spliced;
}
}  // namespace

TEST(RecordedResponsesRequests, peek_parse_and_splice) {
    AIG_NEED_RECORDINGS("openai_responses");
    int seen = 0, native = 0, refused_there = 0;
    for (const Recording& r : recordings::openai_responses()) {
        const auto doc = JsonDoc::parse(r.request);
        if (!doc || !doc->root()["model"].is_string() || r.path.find("/responses") == std::string::npos) continue;
        if (r.status != 200) {
            ++refused_there;
            continue;
        }
        SCOPED_TRACE(r.provider + ' ' + r.id);
        const Incoming in{Operation::chat, r.request};
        const auto e = dialect::openai_responses().peek(in);
        ASSERT_TRUE(e) << e.error().message();
        ++seen;
        native += !e->native_only.empty();
        EXPECT_EQ(e->stream, r.stream);
        EXPECT_EQ(e->model, doc->root()["model"].text());
        const auto spliced = dialect::openai_responses().splice(r.request, *e, {.model = "up/\"x\""});
        ASSERT_TRUE(spliced);
        std::string text;
        for (const auto p : spliced->pieces) text += p;
        EXPECT_EQ(undone(r.request, *e, text, "up/\"x\""), r.request);
        const auto parsed = dialect::openai_responses().parse(in);
        ASSERT_TRUE(parsed);
        const Chat& chat = std::get<Chat>(*parsed);
        if (doc->root()["input"].is_string()) {
            EXPECT_EQ(std::get<Text>(chat.messages.back().parts[0]).text, doc->root()["input"].text());
        }
        if (e->native_only.empty()) {
            for (const Message& m : chat.messages)
                for (const Part& p : m.parts) EXPECT_FALSE(std::holds_alternative<Other>(p));
        }
    }
    std::printf("[          ] %d requests, %d of them for their own family only; %d had been refused\n", seen, native,
                refused_there);
    EXPECT_GT(seen, 500);
}
