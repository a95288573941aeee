// The renderer against the grammar of Responses streams: whatever order events come in, the stream must be legal and
// say what the events said, and the whole reply must say the same.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <deque>
#include <random>

#include "base/json.h"
#include "dialect/registry.h"
#include "dialect/testing/receipts.h"
#include "dialect/testing/responses_grammar.h"

namespace aig::dialect::responses {
namespace {

using namespace canon;
using Kind = Event::Kind;
using ::testing::HasSubstr;

Usage some_usage() {
    Usage u;
    u[Component::input] = 7;
    u[Component::cached_input] = 3;
    u[Component::output] = 4;
    u[Component::reasoning] = 2;
    return u;
}

struct Reply {
    explicit Reply(bool stream, std::string request = R"({"model":"m","input":"hi"})") : body(std::move(request)) {
        envelope.stream = stream;
        ReplyTerms terms;
        terms.envelope = &envelope;
        terms.body = body;
        terms.public_model = "public";
        terms.request_id = "req_01J";
        terms.created_s = 1'700'000'000;
        renderer = openai_responses().renderer(terms);
    }
    void say(const Event& e) { renderer->event(e, out); }
    std::string finish() { return out += renderer->finish({usage, receipt}); }
    std::string cut() { return out += renderer->cut({usage, receipt}); }
    std::string body;
    Envelope envelope;
    std::unique_ptr<Renderer> renderer;
    std::string out;
    const Usage usage = some_usage();
    const Receipt receipt = ledger::ReceiptMint::test(1'500'000);
};

Event text(std::string_view t) { return {.kind = Kind::text, .text = t}; }
Event reasoning(std::string_view t, std::string_view name = {}, int index = 0) {
    return {.kind = Kind::reasoning, .index = index, .text = t, .name = name};
}
Event call(int index, std::string_view id, std::string_view name) {
    return {.kind = Kind::tool_begin, .index = index, .id = id, .name = name};
}
Event arguments(int index, std::string_view t) { return {.kind = Kind::tool_arguments, .index = index, .text = t}; }
Event stop(StopReason s) { return {.kind = Kind::finish, .stop = s}; }
Event state(std::string_view t, std::string_view id = {}) { return {.kind = Kind::state, .text = t, .id = id}; }

JsonDoc json(std::string_view s) {
    auto doc = JsonDoc::parse(s);
    EXPECT_TRUE(doc) << s;
    return doc ? *std::move(doc) : JsonDoc{};
}

TEST(ResponsesRender, AStreamIsLegalAndWhole) {
    Reply r(true);
    r.say(reasoning("think", "summary", 0));
    r.say(reasoning("more", "summary", 1));
    r.say(state("sealed"));
    r.say(text("Hel"));
    r.say(text("lo"));
    r.say(call(0, "c1", "f"));
    r.say(arguments(0, R"({"a":)"));
    r.say(call(1, "c2", "g"));
    r.say(arguments(0, "1}"));
    r.say(stop(StopReason::tool_calls));
    EXPECT_EQ(r.out.find("response.completed"), std::string::npos);
    const auto heard = testing::hear_responses(r.finish());
    EXPECT_EQ(heard.fault, "") << r.out;
    EXPECT_EQ(heard.text, "Hello");
    EXPECT_EQ(heard.reasoning, "thinkmore");
    EXPECT_EQ(heard.sealed, "sealed");
    EXPECT_EQ(heard.arguments, R"({"a":1}{})");
    EXPECT_EQ(heard.items, 4);
    EXPECT_EQ(heard.status, "completed");
}

TEST(ResponsesRender, UsageAndCost) {
    Reply r(false);
    r.say(text("hi"));
    const auto doc = json(r.finish());
    const JsonRef u = doc.root()["usage"];
    EXPECT_EQ(u["input_tokens"].integer(), 10);
    EXPECT_EQ(u["input_tokens_details"]["cached_tokens"].integer(), 3);
    EXPECT_EQ(u["output_tokens"].integer(), 6);
    EXPECT_EQ(u["output_tokens_details"]["reasoning_tokens"].integer(), 2);
    EXPECT_EQ(u["total_tokens"].integer(), 16);
    EXPECT_EQ(u["cost"].raw(), "0.0015");
    EXPECT_EQ(doc.root()["id"].text(), "resp_01J");
    EXPECT_EQ(doc.root()["output_text"].text(), "hi");
    EXPECT_EQ(r.renderer->reply_object(), r.out);
}

TEST(ResponsesRender, RepeatsTheRequest) {
    Reply r(false, R"({"model":"m","input":"hi","instructions":"be",
        "tools":[{"type":"function","name":"f"},{"type":"custom","name":"p"}],"metadata":{"a":"b"},
        "text":{"format":{"type":"json_schema","name":"n","schema":{"type":
        "object"}}},"previous_response_id":"resp_0","reasoning":{"effort":"low"},"store":false,"temperature":0.5})");
    r.say(text("{}"));
    const auto doc = json(r.finish());
    const JsonRef o = doc.root();
    EXPECT_EQ(o["instructions"].text(), "be");
    EXPECT_EQ(o["previous_response_id"].text(), "resp_0");
    EXPECT_EQ(
        o["tools"].raw(),
        R"([{"type":"function","name":"f","description":null,"parameters":null,"strict":null},{"type":"custom","name":"p"}])");
    EXPECT_EQ(o["text"]["format"]["strict"].raw(), "false");
    EXPECT_EQ(o["text"]["format"]["description"].raw(), "null");
    EXPECT_EQ(o["reasoning"].raw(), R"({"effort":"low","summary":null})");
    EXPECT_EQ(o["store"].raw(), "false");
    EXPECT_EQ(o["temperature"].raw(), "0.5");
    EXPECT_EQ(r.out.find('\n'), std::string::npos);
}

TEST(ResponsesRender, CustomAndNamespacedToolsComeBackAsTheyWere) {
    Reply r(true, R"({"model":"m","input":"hi","tools":[{"type":"custom","name":"patch"},
        {"type":"namespace","name":"ns","description":"","tools":[{"type":"function","name":"g"}]}]})");
    r.say(call(0, "c1", "patch"));
    r.say(arguments(0, R"({"input":"*** Be)"));
    r.say(arguments(0, R"(gin\n"})"));
    r.say(call(1, "c2", "ns__g"));
    r.say(arguments(1, "{}"));
    r.finish();
    EXPECT_EQ(testing::hear_responses(r.out).fault, "");
    EXPECT_THAT(
        r.out,
        HasSubstr(
            R"("type":"custom_tool_call","status":"completed","input":"*** Begin\n","call_id":"c1","name":"patch")"));
    EXPECT_THAT(r.out, HasSubstr(R"("call_id":"c2","name":"g","namespace":"ns")"));
}

TEST(ResponsesRender, ACutStreamIsIncomplete) {
    Reply r(true);
    r.say(text("half"));
    const auto heard = testing::hear_responses(r.cut());
    EXPECT_EQ(heard.fault, "") << r.out;
    EXPECT_EQ(heard.status, "incomplete");
    EXPECT_THAT(r.out, HasSubstr(R"("incomplete_details":{"reason":"max_output_tokens"})"));
    EXPECT_THAT(r.out, HasSubstr(R"("type":"message","status":"incomplete")"));
}

TEST(ResponsesRender, AFailureNeverLooksComplete) {
    Reply r(true);
    r.say(text("half"));
    r.out += r.renderer->fail(Error(ErrorCode::upstream_error, "secret of the operator"));
    const auto heard = testing::hear_responses(r.out);
    EXPECT_EQ(heard.fault, "") << r.out;
    EXPECT_EQ(heard.status, "failed");
    EXPECT_EQ(r.out.find("secret"), std::string::npos);
    EXPECT_EQ(r.out.find("response.completed"), std::string::npos);
}

TEST(ResponsesRender, FilteredIsIncompleteToo) {
    Reply r(false);
    r.say(text("x"));
    r.say(stop(StopReason::content_filter));
    EXPECT_THAT(r.finish(), HasSubstr(R"("incomplete_details":{"reason":"content_filter"})"));
}

TEST(ResponsesRender, PicturesAndAnnotationsHaveAPlace) {
    Reply r(true);
    r.say(text("see"));
    r.say({.kind = Kind::annotation, .raw = "{\"type\":\"url_citation\",\n\"url\":\"u\"}"});
    r.say({.kind = Kind::media, .text = "QUJD", .name = "image/png"});
    r.say({.kind = Kind::media, .text = "QUJD", .name = "audio/wav"});
    r.finish();
    EXPECT_EQ(testing::hear_responses(r.out).fault, "") << r.out;
    EXPECT_THAT(r.out, HasSubstr(R"("type":"image_generation_call","status":"completed","result":"QUJD")"));
    EXPECT_THAT(r.out, HasSubstr("response.output_text.annotation.added"));
    EXPECT_EQ(r.renderer->losses(), Losses{"audio output"});
}

TEST(ResponsesRender, StateOfACallHasAnItemOfItsOwn) {
    Reply r(true);
    r.say(call(0, "c1", "f"));
    r.say(state("aigs1.a", "c1"));
    r.say(text("t"));
    r.say(state("aigs1.b"));
    r.finish();
    const auto heard = testing::hear_responses(r.out);
    EXPECT_EQ(heard.fault, "") << r.out;
    EXPECT_EQ(heard.sealed, "aigs1.aaigs1.b");
    EXPECT_EQ(heard.items, 4);
}

// ---- any order

struct Told {
    std::string text, reasoning, refusal, sealed;
    std::map<int, std::string> calls;
    bool operator==(const Told&) const = default;
};

/// A random conversation of events; `store` owns the texts.
std::vector<Event> random_events(std::mt19937& random, std::deque<std::string>& store, Told& told) {
    const auto pick = [&](size_t n) { return random() % n; };
    const auto word = [&]() -> std::string_view {
        static const char* words[] = {"a", "\"", "\\u", "\n", "é", "日本", "{}", "data: x", ""};
        return store.emplace_back(fmt::format("{}{}", words[pick(9)], pick(10)));
    };
    std::vector<Event> events;
    for (size_t i = 0, n = 1 + pick(14); i < n; ++i) {
        const int index = static_cast<int>(pick(3));
        const auto w = word();
        switch (pick(9)) {
            case 0:
            case 1:
                events.push_back(text(w));
                told.text += w;
                break;
            case 2:
                events.push_back(reasoning(w, pick(2) ? "summary" : "", index));
                told.reasoning += w;
                break;
            case 3:
                events.push_back({.kind = Kind::refusal, .text = w});
                told.refusal += w;
                break;
            case 4:
                events.push_back(call(index, pick(2) ? "id" : "", pick(2) ? "f" : "patch"));
                told.calls.try_emplace(index);
                break;
            case 5:
            case 6:
                events.push_back(arguments(index, w));
                told.calls[index] += w;
                break;
            case 7:
                events.push_back(state(w, pick(2) ? "id" : ""));
                told.sealed += w;
                break;
            default:
                events.push_back(pick(2) ? stop(StopReason::end)
                                         : Event{.kind = Kind::annotation, .raw = "{\"type\":\"file_path\"}"});
        }
    }
    return events;
}

/// What a whole object says.
testing::ResponsesHeard said(JsonRef object) {
    testing::ResponsesHeard h;
    for (const JsonRef item : object["output"]) {
        ++h.items;
        h.sealed += item["encrypted_content"].text();
        h.arguments += item["arguments"].text();
        h.arguments += item["input"].text();
        for (const auto list : {"content", "summary"})
            if (item[list].is_array())
                for (const JsonRef p : item[list]) {
                    const auto type = p["type"].text();
                    (type == "output_text" ? h.text
                     : type == "refusal"   ? h.refusal
                                           : h.reasoning) += type == "refusal" ? p["refusal"].text() : p["text"].text();
                }
    }
    return h;
}

TEST(ResponsesRender, AnyOrderOfEventsIsALegalStream) {
    const char* set = std::getenv("AIG_TEST_SCALE");
    const int rounds = 20'000 * (set ? std::max(1, std::atoi(set)) : 1);
    const std::string request = R"({"model":"m","input":"hi","tools":[{"type":"custom","name":"patch"}]})";
    for (int seed = 0; seed < rounds; ++seed) {
        std::mt19937 random(static_cast<unsigned>(seed));
        std::deque<std::string> store;
        Told told;
        const auto events = random_events(random, store, told);
        Reply stream(true, request), whole(false, request);
        for (const Event& e : events) {
            stream.say(e);
            whole.say(e);
        }
        const bool cut = random() % 4 == 0;
        cut ? stream.cut() : stream.finish();
        cut ? whole.cut() : whole.finish();
        const auto heard = testing::hear_responses(stream.out);
        ASSERT_EQ(heard.fault, "") << "seed " << seed << '\n' << stream.out;
        ASSERT_EQ(heard.text, told.text) << "seed " << seed;
        ASSERT_EQ(heard.refusal, told.refusal) << "seed " << seed;
        ASSERT_EQ(heard.reasoning.size(), told.reasoning.size()) << "seed " << seed << '\n' << stream.out;
        ASSERT_EQ(heard.sealed.size(), told.sealed.size()) << "seed " << seed << '\n' << stream.out;
        ASSERT_EQ(heard.calls, static_cast<int>(told.calls.size())) << "seed " << seed;
        const auto doc = json(whole.out);
        const auto same = said(doc.root());
        ASSERT_EQ(same.text, heard.text) << "seed " << seed;
        ASSERT_EQ(same.arguments, heard.arguments) << "seed " << seed;
        ASSERT_EQ(same.sealed, heard.sealed) << "seed " << seed;
        ASSERT_EQ(same.items, heard.items) << "seed " << seed;
    }
}

}  // namespace
}  // namespace aig::dialect::responses
