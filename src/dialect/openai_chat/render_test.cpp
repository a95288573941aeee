// The renderer against a grammar of OpenAI's streams, written from the point of view of a client: whatever order events
// come in, the stream must satisfy it and say what the events said.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <cstdlib>
#include <random>

#include "dialect/openai_chat/vectors.h"
#include "dialect/registry.h"
#include "dialect/testing/receipts.h"

using namespace aig;
using namespace aig::canon;
using Kind = Event::Kind;

namespace {

/// Values that answer mildly when absent; simdjson's tree, because this test reads some 200,000 chunks.
struct Value {
    simdjson::dom::element e;
    bool there = false;
    explicit operator bool() const { return there; }
    bool is_null() const { return !there || e.is_null(); }
    bool is_string() const { return there && e.is_string(); }
    bool is_object() const { return there && e.is_object(); }
    Value operator[](const char* name) const {
        Value v;
        v.there = is_object() && !e.get_object().value_unsafe()[name].get(v.e);
        return v;
    }
    std::string_view text() const { return is_string() ? e.get_string().value_unsafe() : std::string_view{}; }
    int64_t integer() const { return there && e.is_int64() ? e.get_int64().value_unsafe() : -1; }
    std::vector<Value> items() const {
        std::vector<Value> out;
        simdjson::dom::array list;
        if (!there || e.get_array().get(list)) return out;
        for (const auto item : list) out.push_back({item, true});
        return out;
    }
};

struct SeenCall {
    std::string id, name, arguments;
    bool operator==(const SeenCall&) const = default;
};
struct SeenChoice {
    std::string text, reasoning, refusal, finish;
    std::vector<SeenCall> calls;
    bool operator==(const SeenChoice&) const = default;
};

/// A strict client. `fault` says what broke its rules.
struct Client {
    bool wants_usage;
    simdjson::dom::parser& parser;
    std::map<int, SeenChoice> choices;
    std::string id, fault;
    bool usage = false, done = false, error = false;

    bool refuse(std::string why) {
        if (fault.empty()) fault = std::move(why);
        return false;
    }
    bool read(std::string_view stream) {
        while (!stream.empty()) {
            const size_t end = stream.find("\n\n");
            if (end == std::string_view::npos) return refuse("an event without a blank line");
            std::string_view event = stream.substr(0, end);
            stream.remove_prefix(end + 2);
            if (!event.starts_with("data: ") || event.find('\n') != std::string_view::npos)
                return refuse("not one data line");
            if (done || error) return refuse("something behind the end");
            event.remove_prefix(6);
            if (event == "[DONE]") {
                done = true;
                continue;
            }
            Value root{{}, true};
            if (parser.parse(event).get(root.e)) return refuse("not JSON: " + std::string(event));
            if (!chunk(root)) return false;
        }
        return true;
    }
    bool chunk(Value c) {
        if (c["error"].is_object()) {
            error = true;
            return true;
        }
        if (c["object"].text() != "chat.completion.chunk" || c["model"].text() != "pub" || c["created"].integer() != 7)
            return refuse("a wrong head");
        if (id.empty()) id = c["id"].text();
        if (id.empty() || id != c["id"].text()) return refuse("the id changes");
        if (usage) return refuse("a chunk behind the usage");
        if (c["choices"].items().empty()) {
            if (!wants_usage || !c["usage"].is_object() || !c["usage"]["cost"]) return refuse("an empty chunk");
            usage = true;
            return true;
        }
        if (wants_usage != static_cast<bool>(c["usage"]) || !c["usage"].is_null()) return refuse("usage is not null");
        for (const Value& choice : c["choices"].items())
            if (!one(choice)) return false;
        return true;
    }
    bool one(Value c) {
        const int index = static_cast<int>(c["index"].integer());
        const bool begins = !choices.contains(index);
        const Value delta = c["delta"];
        if (begins != (delta["role"].text() == "assistant")) return refuse("the role must come first and once");
        SeenChoice& s = choices[index];
        if (!s.finish.empty()) return refuse("something behind a finish reason");
        s.text += delta["content"].text();
        s.reasoning += delta["reasoning_content"].text();
        s.refusal += delta["refusal"].text();
        for (const Value& call : delta["tool_calls"].items())
            if (!tool(s, call)) return false;
        s.finish = c["finish_reason"].text();
        return true;
    }
    bool tool(SeenChoice& s, Value call) {
        const auto at = static_cast<size_t>(call["index"].integer());
        if (at > s.calls.size()) return refuse("a gap in the tool calls");
        if (at == s.calls.size()) {
            if (call["id"].text().empty() || call["type"].text() != "function" || !call["function"]["name"].is_string())
                return refuse("a call begins without id, type and name");
            s.calls.push_back({std::string(call["id"].text()), std::string(call["function"]["name"].text()), {}});
        } else if (call["id"] || call["function"]["name"]) {
            return refuse("id or name twice");
        }
        s.calls[at].arguments += call["function"]["arguments"].text();
        return true;
    }
    bool complete() {
        if (!done) return refuse("no [DONE]");
        if (choices.empty()) return refuse("no choice");
        if (wants_usage && !usage) return refuse("no usage");
        for (const auto& [index, c] : choices)
            if (c.finish.empty()) return refuse("a choice without a finish reason");
        return fault.empty();
    }
};

struct Rendering {
    Envelope envelope;
    std::unique_ptr<Renderer> renderer;
    explicit Rendering(bool stream, bool wants_usage, Operation operation = Operation::chat, bool base64 = false) {
        envelope.stream = stream;
        envelope.wants_usage = wants_usage;
        envelope.operation = operation;
        envelope.base64 = base64;
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

/// Random events, and what a client must have understood from them.
struct Script {
    std::mt19937& random;
    std::map<int, SeenChoice> said;
    std::map<int, std::map<int, size_t>> calls;
    std::string ids[4] = {"call_a", "call_b", "call_c", "call_d"};

    int below(int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); }

    Event next() {
        static constexpr std::string_view texts[] = {"", "a", " b\n", "\"}{", "\xC3\xA9", "\\"};
        Event e{.kind = Kind::text, .choice = below(3), .index = below(4), .text = texts[below(6)]};
        switch (below(9)) {
            case 0:
                return e.kind = Kind::reasoning, spoken(e, &SeenChoice::reasoning);
            case 1:
                return e.kind = Kind::refusal, spoken(e, &SeenChoice::refusal);
            case 2:
                return call(e, true);
            case 3:
            case 4:
                return call(e, false);
            case 5:
                return below(4) ? spoken(e, &SeenChoice::text) : finish(e);
            case 6:
                return Event{.kind = Kind::usage};
            case 7:
                return below(2) ? Event{.kind = Kind::started, .id = "x"}
                                : Event{.kind = Kind::extra, .choice = -1, .name = "n", .raw = "1"};
            default:
                return spoken(e, &SeenChoice::text);
        }
    }
    Event spoken(Event e, std::string SeenChoice::*member) {
        if (!e.text.empty()) said[e.choice].*member += e.text;
        return e;
    }
    Event call(Event e, bool begin) {
        e.kind = begin ? Kind::tool_begin : Kind::tool_arguments;
        if (begin) {
            e.text = {};
            e.id = ids[e.index];
            e.name = "f";
        }
        SeenChoice& c = said[e.choice];
        const auto [at, fresh] = calls[e.choice].emplace(e.index, c.calls.size());
        if (fresh) c.calls.push_back({begin ? std::string(e.id) : "", std::string(e.name), ""});
        c.calls[at->second].arguments += e.text;
        return e;
    }
    Event finish(Event e) {
        e.kind = Kind::finish;
        e.text = {};
        e.stop = StopReason::length;
        said[e.choice].finish = "length";
        return e;
    }
};

int scaled(int n) {
    const char* scale = std::getenv("AIG_TEST_SCALE");
    return n * (scale ? std::max(1, std::atoi(scale)) : 1);
}
}  // namespace

TEST(StreamRenderer, random_interleavings_satisfy_the_grammar) {
    simdjson::dom::parser parser;
    for (int seed = 0; seed < scaled(20'000); ++seed) {
        std::mt19937 random(static_cast<unsigned>(seed));
        Script script{random, {}, {}};
        const bool wants_usage = seed % 2;
        Rendering r(true, wants_usage);
        std::string out;
        for (int i = script.below(12); i > 0; --i) r.renderer->event(script.next(), out);
        const int how = script.below(8);
        out += how == 0 ? r.renderer->fail(Error(ErrorCode::upstream_truncated, "x")) : r.finish(how == 1);

        Client client{wants_usage, parser, {}, {}, {}};
        ASSERT_TRUE(client.read(out)) << "seed " << seed << ": " << client.fault << "\n" << out;
        if (how == 0) {
            ASSERT_TRUE(client.error && !client.done && !client.usage) << "seed " << seed;
            for (const auto& [index, c] : client.choices) ASSERT_EQ(c.finish, "") << "seed " << seed;
            continue;
        }
        ASSERT_TRUE(client.complete()) << "seed " << seed << ": " << client.fault << "\n" << out;
        if (script.said.empty()) continue;
        for (auto& [index, c] : script.said) {
            SeenChoice& got = client.choices[index];
            const bool finished = !c.finish.empty();
            if (!finished) c.finish = how == 1 ? "length" : c.calls.empty() ? "stop" : "tool_calls";
            for (size_t i = 0; i < c.calls.size(); ++i) {
                ASSERT_LT(i, got.calls.size()) << "seed " << seed;
                if (c.calls[i].arguments.empty() && (finished || how != 1)) c.calls[i].arguments = "{}";
                if (c.calls[i].id.empty()) c.calls[i].id = got.calls[i].id;
            }
            ASSERT_EQ(c, got) << "seed " << seed << " choice " << index << "\n" << out;
        }
        ASSERT_EQ(client.choices.size(), script.said.size()) << "seed " << seed;
    }
}

TEST(StreamRenderer, finish_chunks_wait_for_the_receipt) {
    Rendering r(true, true);
    std::string out;
    r.renderer->event({.kind = Kind::text, .text = "hi"}, out);
    r.renderer->event({.kind = Kind::finish, .stop = StopReason::end}, out);
    EXPECT_EQ(out.find("\"stop\""), std::string::npos);
    const std::string tail = r.finish();
    EXPECT_NE(tail.find(R"("finish_reason":"stop"}],"usage":null})"), std::string::npos) << tail;
    EXPECT_NE(tail.find(R"("choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5,)"),
              std::string::npos)
        << tail;
    EXPECT_NE(tail.find(R"("cost":0.000000042}})"), std::string::npos) << tail;
}

TEST(BodyRenderer, writes_the_whole_object) {
    Rendering r(false, false);
    std::string out;
    r.renderer->event({.kind = Kind::reasoning, .text = "hm"}, out);
    r.renderer->event({.kind = Kind::tool_begin, .index = 5, .id = "call_1", .name = "f"}, out);
    r.renderer->event({.kind = Kind::tool_arguments, .index = 5, .text = "{\"a\":"}, out);
    r.renderer->event({.kind = Kind::tool_arguments, .index = 5, .text = "12.50}"}, out);
    r.renderer->event({.kind = Kind::finish, .stop = StopReason::end}, out);
    EXPECT_EQ(out, "");
    EXPECT_EQ(
        r.finish(),
        R"({"id":"chatcmpl-req_1","object":"chat.completion","created":7,"model":"pub","choices":[{"index":0,"message":{"role":"assistant","content":null,"refusal":null,)"
        R"("reasoning_content":"hm","tool_calls":[{"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"a\":12.50}"}}]},"logprobs":null,"finish_reason":"tool_calls"}],)"
        R"("usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5,"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0},"cost":0.000000042}})");
}

TEST(EmbeddingRenderer, converts_vectors_to_the_form_asked_for) {
    // 0.5, -2, 1e-3 as little-endian float32
    const std::string numbers = "[0.5,-2,0.001]", text = "\"AAAAPwAAAMBvEoM6\"";
    EXPECT_EQ(*dialect::openai::vector_as(numbers, true), text);
    EXPECT_EQ(*dialect::openai::vector_as(text, false), numbers);
    EXPECT_EQ(*dialect::openai::vector_as(numbers, false), numbers);
    for (const char* bad : {"[]", "[\"a\"]", "{}", "\"AAA\"", "\"????\"", "\"AADAfw==\""})
        EXPECT_FALSE(dialect::openai::vector_as(bad, bad[0] != '"').ok()) << bad;

    Rendering r(false, false, Operation::embedding, true);
    std::string out;
    r.renderer->event({.kind = Kind::embedding, .index = 1, .raw = "[1]"}, out);
    r.renderer->event({.kind = Kind::embedding, .index = 0, .raw = numbers}, out);
    EXPECT_EQ(
        r.finish(),
        R"({"object":"list","data":[{"object":"embedding","index":0,"embedding":)" + text +
            R"(},{"object":"embedding","index":1,"embedding":"AACAPw=="}],"model":"pub","usage":{"prompt_tokens":3,"total_tokens":5,"cost":0.000000042}})");
}
