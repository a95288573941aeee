// Our renderers against the automaton, with everything a reply may hold in any order; the automaton against streams
// that are none.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <random>

#include "dialect/registry.h"
#include "dialect/testing/chat_grammar.h"
#include "dialect/testing/receipts.h"

using namespace aig;
using namespace aig::canon;
using namespace aig::dialect::testing;
using Kind = Event::Kind;

namespace {

struct Rendering {
    Envelope envelope;
    std::unique_ptr<Renderer> renderer;
    Rendering(bool stream, bool wants_usage) {
        envelope.stream = stream;
        envelope.wants_usage = wants_usage;
        ReplyTerms terms;
        terms.envelope = &envelope;
        terms.public_model = "pub";
        terms.request_id = "req_1";
        terms.created_s = 7;
        renderer = dialect::openai_chat().renderer(terms);
    }
    std::string finish(bool cut = false) {
        Usage u;
        u[Component::input] = 3;
        u[Component::output] = 2;
        const Receipt receipt = ledger::ReceiptMint::test(42);
        return cut ? renderer->cut({u, receipt}) : renderer->finish({u, receipt});
    }
};

/// Any event that a decoder may give, with texts that break careless writers.
class Script {
  public:
    explicit Script(unsigned seed) : random_(seed) {}
    int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }

    Event next() {
        static constexpr std::string_view texts[] = {"", "a", " b\n", "\"}{", "\xC3\xA9", "data: [DONE]\n\n"};
        static constexpr Kind kinds[] = {Kind::text,       Kind::text,       Kind::reasoning,  Kind::reasoning,
                                         Kind::refusal,    Kind::tool_begin, Kind::tool_begin, Kind::state,
                                         Kind::state,      Kind::state,      Kind::logprobs,   Kind::tool_arguments,
                                         Kind::annotation, Kind::media,      Kind::block,      Kind::extra,
                                         Kind::finish,     Kind::usage,      Kind::started};
        Event e{.kind = kinds[below(std::size(kinds))], .choice = below(2), .index = below(3)};
        e.custom = e.index == 2;
        e.text = texts[below(6)];
        if (e.kind == Kind::tool_begin) e.id = ids[e.index], e.name = "f", e.text = {};
        if (e.kind == Kind::state) state(e);
        if (e.kind == Kind::media) media(e);
        if (e.kind == Kind::annotation)
            e.raw = R"({"type":"url_citation","url":"u",
            "title":"t"})";
        if (e.kind == Kind::logprobs) e.raw = "{\"content\":\n[]}";
        if (e.kind == Kind::block) e.name = "web_search", e.raw = "{}";
        if (e.kind == Kind::extra) e.name = below(2) ? "audio" : "citations", e.raw = "{\"data\":\r\n\"x\"}";
        if (e.kind == Kind::finish) e.stop = static_cast<StopReason>(1 + below(9));
        return e;
    }
    std::vector<std::string> states[2];  ///< what was given, choice by choice

  private:
    void state(Event& e) {
        switch (below(4)) {
            case 0:
                e.name = state_kind::details;
                e.text = "{\"type\":\"reasoning.encrypted\",\n\"data\":\"OPENROUTER\"}";
                states[e.choice].emplace_back("OPENROUTER");
                return;
            case 1:
                e.name = state_kind::thought;
                e.text = "GEMINI";
                e.id = ids[below(3)];
                states[e.choice].emplace_back(e.text);
                return;
            default:
                e.name = state_kind::capsule;
                e.text = "aigs1.abc";
                e.id = below(2) ? ids[below(3)] : "";
                states[e.choice].emplace_back(e.text);
        }
    }
    void media(Event& e) {
        static constexpr std::string_view types[] = {"image/png", "audio/wav", "image/*"};
        e.name = types[below(3)];
        if (e.name == "image/*")
            e.id = "https://example.com/a.png", e.text = {};
        else
            e.text = "AAAA";
    }
    static constexpr std::string_view ids[3] = {"call_a", "call_b", "call_c"};
    std::mt19937 random_;
};

int scaled(int n) {
    const char* scale = std::getenv("AIG_TEST_SCALE");
    return n * (scale ? std::max(1, std::atoi(scale)) : 1);
}

}  // namespace

TEST(ChatGrammar, every_interleaving_of_ours_is_a_legal_stream_that_keeps_its_state) {
    for (int seed = 0; seed < scaled(20'000); ++seed) {
        Script script(static_cast<unsigned>(seed));
        Rendering r(true, seed % 2);
        std::string out;
        for (int i = script.below(14); i > 0; --i) r.renderer->event(script.next(), out);
        const int how = script.below(8);
        out += how == 0 ? r.renderer->fail(Error(ErrorCode::upstream_truncated, "x")) : r.finish(how == 1);
        const auto v = judge_chat_stream(out);
        ASSERT_EQ(v.fault, "") << "seed " << seed << "\n" << out;
        ASSERT_EQ(v.failed, how == 0) << "seed " << seed;
        ASSERT_EQ(v.complete, how != 0) << "seed " << seed;
        ASSERT_EQ(v.usage, how != 0 && seed % 2) << "seed " << seed;
        for (const auto& [index, c] : v.choices) ASSERT_EQ(c.states, script.states[index]) << "seed " << seed;
    }
}

TEST(ChatGrammar, a_whole_reply_says_the_same) {
    for (int seed = 0; seed < scaled(4'000); ++seed) {
        Script script(static_cast<unsigned>(seed));
        Rendering whole(false, false), streamed(true, true);
        std::string none, out;
        for (int i = script.below(14); i > 0; --i) {
            const Event e = script.next();
            whole.renderer->event(e, none);
            streamed.renderer->event(e, out);
        }
        EXPECT_EQ(none, "");
        const auto body = whole.finish();
        const auto w = judge_chat_body(body);
        const auto s = judge_chat_stream(out + streamed.finish());
        ASSERT_EQ(w.fault + s.fault, "") << "seed " << seed << "\n" << body;
        // A choice of which nothing but empty texts came is not begun in a stream.
        for (const auto& [index, t] : s.choices) {
            ASSERT_TRUE(w.choices.contains(index) || s.choices.size() == 1) << "seed " << seed;
            if (!w.choices.contains(index)) continue;
            const auto& c = w.choices.at(index);
            ASSERT_EQ(c.text + "|" + c.reasoning + "|" + c.refusal + "|" + c.finish,
                      t.text + "|" + t.reasoning + "|" + t.refusal + "|" + t.finish)
                << "seed " << seed;
            ASSERT_EQ(c.calls, t.calls) << "seed " << seed;
            ASSERT_EQ(c.images, t.images) << "seed " << seed;
            ASSERT_EQ(c.annotations, t.annotations) << "seed " << seed;
        }
        ASSERT_EQ(whole.renderer->losses(), streamed.renderer->losses()) << "seed " << seed;
    }
}

TEST(ChatGrammar, refuses_streams_that_are_none) {
    const auto chunk = [](std::string_view choices, std::string_view more = "") {
        return fmt::format(
            "data: "
            "{{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\",\"choices\":[{}]{}}}"
            "\n\n",
            choices, more);
    };
    const std::string role = chunk(R"({"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null})");
    const std::string text = chunk(R"({"index":0,"delta":{"content":"hi"},"finish_reason":null})");
    const std::string stop = chunk(R"({"index":0,"delta":{},"finish_reason":"stop"})");
    const std::string usage = chunk("", R"(,"usage":{"prompt_tokens":1})"), done = "data: [DONE]\n\n";
    const std::string error = "data: {\"error\":{\"message\":\"x\"}}\n\n";
    const auto call = [&](std::string_view members) {
        return chunk(fmt::format(R"({{"index":0,"delta":{{"tool_calls":[{{{}}}]}},"finish_reason":null}})", members));
    };
    const std::string begin = call(R"("index":0,"id":"a","type":"function","function":{"name":"f","arguments":""})");
    EXPECT_EQ(judge_chat_stream(role + text + begin + stop + usage + done).fault, "");
    EXPECT_EQ(judge_chat_stream(role + text + error).fault, "");
    const std::pair<const char*, std::string> broken[] = {
        {"no [DONE]", role + text + stop},
        {"no finish", role + text + done},
        {"no role", text + stop + done},
        {"role twice", role + role + stop + done},
        {"behind [DONE]", role + stop + done + text},
        {"behind the finish", role + stop + text + done},
        {"an end behind an error", role + error + done},
        {"usage first", role + usage + stop + done},
        {"usage twice", role + stop + usage + usage + done},
        {"a gap", role + call(R"("index":1,"id":"a","type":"function","function":{"name":"f"})") + stop + done},
        {"no id", role + call(R"("index":0,"type":"function","function":{"name":"f"})") + stop + done},
        {"id twice", role + begin + begin + stop + done},
        {"a word", role + chunk(R"({"index":0,"delta":{},"finish_reason":"end_turn"})") + done},
        {"an entry", role + chunk(R"({"index":0,"delta":{"images":[{}]}})") + stop + done},
        {"an annotation", role + chunk(R"({"index":0,"delta":{"annotations":[{"type":"u"}]}})") + stop + done},
        {"two lines", "event: x\n" + role + stop + done},
        {"no JSON", role + "data: {\"id\n\n" + stop + done},
        {"no choice", done},
    };
    for (const auto& [why, stream] : broken) EXPECT_NE(judge_chat_stream(stream).fault, "") << why;
}
