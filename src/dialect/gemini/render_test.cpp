// Renderers against the automaton: whatever order events come in, the reply must be legal and say what the events said,
// streamed in both forms and whole.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <random>

#include "base/json.h"
#include "dialect/registry.h"
#include "dialect/testing/gemini_grammar.h"
#include "dialect/testing/receipts.h"

using namespace aig;
using namespace aig::canon;
using Kind = Event::Kind;

namespace {

enum class Form { events, array, whole };

struct Said {
    std::map<int64_t, std::string> text, thoughts, calls, finish;
    std::vector<std::string> signatures, media;
    bool operator==(const Said&) const = default;
};

void read(JsonRef root, Said& s) {
    for (const JsonRef c : root["candidates"]) {
        const int64_t i = c["index"].integer().value_or(0);
        for (const JsonRef p : c["content"]["parts"]) {
            if (const JsonRef t = p["text"]; t && !t.text().empty())
                (p["thought"].boolean() ? s.thoughts : s.text)[i] += t.text();
            if (const JsonRef f = p["functionCall"])
                s.calls[i] += fmt::format("{} {} {};", f["id"].text(), f["name"].text(), f["args"].raw());
            if (const JsonRef d = p["inlineData"]) s.media.emplace_back(d["data"].text());
            if (const JsonRef g = p["thoughtSignature"]) s.signatures.emplace_back(g.text());
        }
        if (const JsonRef f = c["finishReason"]) s.finish[i] = f.text();
    }
}

Said read_all(std::string_view bytes, Form form) {
    Said s;
    if (form != Form::events) {
        auto doc = JsonDoc::parse(bytes);
        EXPECT_TRUE(doc.ok()) << bytes;
        if (!doc) return s;
        if (form == Form::whole) read(doc->root(), s);
        if (form == Form::array)
            for (const JsonRef c : doc->root()) read(c, s);
    } else {
        for (size_t at = 0; at < bytes.size();) {
            const size_t end = bytes.find("\r\n\r\n", at);
            auto doc = JsonDoc::parse(bytes.substr(at + 6, end - at - 6));
            EXPECT_TRUE(doc.ok());
            if (doc) read(doc->root(), s);
            at = end + 4;
        }
    }
    std::sort(s.signatures.begin(), s.signatures.end());  // of all candidates
    std::sort(s.media.begin(), s.media.end());
    return s;
}

std::string render(const std::vector<Event>& events, Form form, bool cut = false) {
    Envelope envelope;
    envelope.stream = form != Form::whole;
    envelope.sse = form == Form::events;
    ReplyTerms terms;
    terms.envelope = &envelope;
    terms.public_model = "google/gemini";
    terms.request_id = "req_1";
    const auto renderer = dialect::gemini().renderer(terms);
    std::string out;
    for (const Event& e : events) renderer->event(e, out);
    Usage usage;
    usage[Component::input] = 7;
    usage[Component::cached_input] = 2;
    usage[Component::output] = 5;
    usage[Component::reasoning] = 3;
    const Receipt receipt = ledger::ReceiptMint::test(1'500);
    return out + (cut ? renderer->cut({usage, receipt}) : renderer->finish({usage, receipt}));
}

std::string verdict(const std::string& bytes, Form form) {
    return form == Form::whole ? dialect::testing::judge_gemini_body(bytes)
                               : dialect::testing::judge_gemini_stream(bytes).fault;
}

Event text(std::string_view t, Kind kind = Kind::text) { return {.kind = kind, .text = t}; }
Event call(int index, std::string_view id, std::string_view name) {
    return {.kind = Kind::tool_begin, .index = index, .id = id, .name = name};
}
Event arguments(int index, std::string_view t) { return {.kind = Kind::tool_arguments, .index = index, .text = t}; }
Event finish(StopReason stop) { return {.kind = Kind::finish, .stop = stop}; }
Event state(std::string_view data, std::string_view id = {}) {
    return {.kind = Kind::state, .text = data, .id = id, .name = state_kind::thought};
}

}  // namespace

TEST(GeminiRender, writes_thoughts_text_calls_and_their_signatures) {
    const std::vector<Event> events{{.kind = Kind::started},
                                    text("think", Kind::reasoning),
                                    text("Hel"),
                                    text("lo"),
                                    call(0, "c1", "weather"),
                                    arguments(0, "{\"city\":"),
                                    arguments(0, "\"Paris\"}"),
                                    state("SIG==", "c1"),
                                    call(1, "c2", "time"),
                                    finish(StopReason::tool_calls)};
    for (const Form form : {Form::events, Form::array, Form::whole}) {
        const std::string out = render(events, form);
        EXPECT_EQ(verdict(out, form), "") << out;
        const Said s = read_all(out, form);
        EXPECT_EQ(s.thoughts.at(0), "think");
        EXPECT_EQ(s.text.at(0), "Hello");
        EXPECT_EQ(s.calls.at(0), "c1 weather {\"city\":\"Paris\"};c2 time {};");
        EXPECT_EQ(s.finish.at(0), "STOP");
        EXPECT_EQ(s.signatures, std::vector<std::string>{"SIG=="});
        EXPECT_NE(out.find(R"("promptTokenCount":9,"cachedContentTokenCount":2,"candidatesTokenCount":5,)"
                           R"("thoughtsTokenCount":3,"totalTokenCount":17,"cost":0.0000015)"),
                  std::string::npos)
            << out;
    }
}

TEST(GeminiRender, puts_a_signature_where_it_belongs) {
    const std::vector<Event> events{text("think", Kind::reasoning), state("A"), text("x"), state("B"),
                                    finish(StopReason::end)};
    EXPECT_NE(
        render(events, Form::whole)
            .find(R"([{"text":"think","thought":true,"thoughtSignature":"A"},{"text":"x","thoughtSignature":"B"}])"),
        std::string::npos)
        << render(events, Form::whole);
    const std::string streamed = render(events, Form::events);
    EXPECT_NE(streamed.find(R"({"text":"","thought":true,"thoughtSignature":"A"})"), std::string::npos) << streamed;
    EXPECT_NE(streamed.find(R"({"text":"","thoughtSignature":"B"})"), std::string::npos) << streamed;
}

TEST(GeminiRender, writes_images_citations_and_refusals) {
    const std::vector<Event> events{
        text("h\u00e9llo world"),
        {.kind = Kind::annotation,
         .raw = R"({"type":"url_citation","start_index":1,"end_index":5,"url":"https://a","title":"A"})"},
        {.kind = Kind::media, .text = "iVBO", .name = "image/png"},
        finish(StopReason::end)};
    for (const Form form : {Form::events, Form::whole}) {
        const std::string out = render(events, form);
        EXPECT_EQ(verdict(out, form), "") << out;
        EXPECT_EQ(read_all(out, form).media, std::vector<std::string>{"iVBO"});
        EXPECT_NE(out.find(R"("segment":{"startIndex":1,"endIndex":6,"text":"éllo"})"), std::string::npos) << out;
    }
    const std::vector<Event> refused{text("I cannot.", Kind::refusal), finish(StopReason::end)};
    EXPECT_EQ(read_all(render(refused, Form::whole), Form::whole).finish.at(0), "SAFETY");
}

TEST(GeminiRender, a_dry_wallet_ends_with_max_tokens) {
    const std::vector<Event> events{text("half"), call(0, "c", "f"), arguments(0, "{\"a\":")};
    for (const Form form : {Form::events, Form::array, Form::whole}) {
        const std::string out = render(events, form, true);
        EXPECT_EQ(verdict(out, form), "") << out;
        EXPECT_EQ(read_all(out, form).finish.at(0), "MAX_TOKENS");
    }
}

TEST(GeminiRender, an_error_in_a_stream_is_the_last_chunk) {
    Envelope envelope;
    envelope.stream = true;
    for (const bool sse : {true, false}) {
        envelope.sse = sse;
        ReplyTerms terms;
        terms.envelope = &envelope;
        terms.public_model = "m";
        const auto renderer = dialect::gemini().renderer(terms);
        std::string out;
        renderer->event(text("x"), out);
        out += renderer->fail(Error(ErrorCode::upstream_truncated, "broke"));
        const auto v = dialect::testing::judge_gemini_stream(out);
        EXPECT_EQ(v.fault, "") << out;
        EXPECT_TRUE(v.failed);
        EXPECT_NE(out.find("\"status\":\"UNAVAILABLE\""), std::string::npos) << out;
    }
}

TEST(GeminiRender, embeddings_have_the_shape_of_their_request) {
    for (const bool batch : {true, false}) {
        Envelope envelope;
        envelope.operation = Operation::embedding;
        ReplyTerms terms;
        terms.envelope = &envelope;
        terms.body = batch ? R"({"requests":[{}]})" : R"({"content":{}})";
        const auto renderer = dialect::gemini().renderer(terms);
        std::string out;
        renderer->event({.kind = Kind::embedding, .index = 0, .raw = "[0.5,-1]"}, out);
        const Usage usage;
        const Receipt receipt = ledger::ReceiptMint::test(0);
        out += renderer->finish({usage, receipt});
        EXPECT_EQ(out.find(batch ? R"({"embeddings":[{"values":[0.5,-1]}])" : R"({"embedding":{"values":[0.5,-1]})"),
                  0u)
            << out;
    }
}

namespace {
/// Any events in any order: indexes repeat, calls interleave, things come behind the finish.
std::vector<Event> random_events(std::mt19937& random) {
    static const std::string_view words[] = {"a", "é", "\n", "\"", "漢", "{", "}", "[1]", "{\"a\":1}", ""};
    const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    std::vector<Event> events;
    static const std::string_view ids[] = {"c0", "c1", "c2"};
    for (int n = pick(24); n > 0; --n) {
        Event e{.kind = static_cast<Kind>(pick(static_cast<int>(Kind::error)))};
        e.choice = pick(12) ? pick(2) : pick(400) - 100;
        e.index = pick(3);
        e.text = words[pick(10)];
        if (e.kind == Kind::tool_begin || (e.kind == Kind::state && pick(2))) e.id = ids[e.index];
        if (e.kind == Kind::tool_begin) e.name = "f";
        if (e.kind == Kind::media) e.name = "image/png";
        if (e.kind == Kind::annotation) e.raw = R"({"url":"u","start_index":0,"end_index":3})";
        if (e.kind == Kind::logprobs) e.raw = R"({"content":[{"token":"a","logprob":-1,"top_logprobs":[]}]})";
        if (e.kind == Kind::finish) e.stop = static_cast<StopReason>(pick(10));
        events.push_back(e);
    }
    return events;
}
}  // namespace

TEST(GeminiRender, any_interleaving_is_legal_and_says_the_same_in_every_form) {
    const char* scale = std::getenv("AIG_TEST_SCALE");
    const int rounds = 20'000 * std::max(1, scale ? std::atoi(scale) : 1);
    for (int seed = 0; seed < rounds; ++seed) {
        std::mt19937 random(static_cast<unsigned>(seed));
        const auto events = random_events(random);
        const bool cut = random() % 4 == 0;
        const std::string a = render(events, Form::events, cut);
        ASSERT_EQ(verdict(a, Form::events), "") << "seed " << seed << "\n" << a;
        if (seed % 4) continue;  // the other forms are the same chunks, and cost as much to read
        const std::string b = render(events, Form::array, cut), c = render(events, Form::whole, cut);
        ASSERT_EQ(verdict(b, Form::array), "") << "seed " << seed << "\n" << b;
        ASSERT_EQ(verdict(c, Form::whole), "") << "seed " << seed << "\n" << c;
        const Said sa = read_all(a, Form::events);
        ASSERT_EQ(sa, read_all(b, Form::array)) << "seed " << seed;
        ASSERT_EQ(sa, read_all(c, Form::whole)) << "seed " << seed << "\n" << a << "\n" << c;
    }
}
