#include <gtest/gtest.h>

#include "base/json.h"
#include "dialect/registry.h"
#include "dialect/testing/receipts.h"

using namespace aig;
using namespace aig::canon;

namespace {

const Dialect& dialect_here() { return dialect::openai_completions(); }

Result<Envelope> peek(std::string_view body) { return dialect_here().peek({Operation::completion, body}); }
Chat chat_of(std::string_view body) {
    auto r = dialect_here().parse({Operation::completion, body});
    EXPECT_TRUE(r.ok()) << body;
    return r ? std::get<Chat>(*r) : Chat{};
}
std::string param_of(std::string_view body) {
    const auto e = peek(body);
    return e ? "accepted" : e.error().param();
}

struct Asked {
    Envelope envelope;
    ReplyTerms terms;
    std::string body;
    explicit Asked(std::string_view request) : body(request) {
        envelope = *peek(body);
        terms.envelope = &envelope;
        terms.body = body;
        terms.public_model = "pub/one";
        terms.request_id = "req_1";
        terms.created_s = 7;
    }
};
Event event(Event::Kind kind, std::string_view text) {
    Event e{.kind = kind};
    e.text = text;
    return e;
}
Event finish(StopReason stop) {
    Event e{.kind = Event::Kind::finish};
    e.stop = stop;
    return e;
}
Usage usage_of(int64_t input, int64_t output) {
    Usage u;
    u[Component::input] = input;
    u[Component::output] = output;
    return u;
}
std::string rendered(const Asked& t, const std::vector<Event>& events, Losses* losses = nullptr, bool cut = false) {
    const auto r = dialect_here().renderer(t.terms);
    std::string out;
    for (const Event& e : events) r->event(e, out);
    const Usage usage = usage_of(3, 4);
    const Receipt receipt = ledger::ReceiptMint::test(42);
    out += cut ? r->cut({usage, receipt}) : r->finish({usage, receipt});
    if (losses) *losses = r->losses();
    return out;
}
std::string tapped(const Asked& t, std::string_view bytes, size_t piece = 1 << 20) {
    const auto tap = dialect_here().tap(t.terms);
    std::string out;
    for (size_t at = 0; at < bytes.size(); at += piece) {
        const auto pieces = tap->feed(bytes.substr(at, piece));
        if (!pieces) return "failed: " + pieces.error().message();
        for (const auto p : *pieces) out += p;
    }
    if (const auto end = tap->end(); !end) return "failed: " + end.error().message();
    const Usage usage = tap->facts().usage.value_or(Usage{});
    const Receipt receipt = ledger::ReceiptMint::test(42);
    return out + tap->finish({usage, receipt});
}

}  // namespace

TEST(CompletionsPeek, Facts) {
    const auto e = peek(
        R"({"model":"m","prompt":"hello world","max_tokens":9,"stream":true,"stream_options":{"include_usage":true},"stop":"\n","seed":1,"user":"u","logprobs":2})");
    ASSERT_TRUE(e) << e.error().message();
    EXPECT_EQ(e->family, Family::openai_completions);
    EXPECT_EQ(e->operation, Operation::completion);
    EXPECT_EQ(e->model, "m");
    EXPECT_EQ(e->max_output, 9);
    EXPECT_TRUE(e->stream);
    EXPECT_TRUE(e->wants_usage);
    EXPECT_EQ(e->size.text.bytes, 11);
    EXPECT_EQ(e->needs, feature_stop | feature_seed | feature_user | feature_logprobs);
}

TEST(CompletionsPeek, EveryPromptAndEveryAnswerMadeIsCounted) {
    auto e = peek(R"({"model":"m","prompt":["a","b"],"n":2})");
    ASSERT_TRUE(e);
    EXPECT_EQ(e->n, 4);
    EXPECT_EQ(e->needs, feature_fill_in | feature_many_choices);
    e = peek(R"({"model":"m","prompt":"a","n":2,"best_of":5})");
    EXPECT_EQ(e->n, 5);
    EXPECT_TRUE(e->needs & feature_fill_in);
    e = peek(R"({"model":"m","prompt":[1,2,3]})");
    EXPECT_EQ(e->size.tokens_given, 3);
    EXPECT_TRUE(e->needs & feature_token_arrays);
    e = peek(R"({"model":"m","prompt":[[1,2],[3]]})");
    EXPECT_EQ(e->size.tokens_given, 3);
    EXPECT_EQ(e->n, 2);
    e = peek(R"({"model":"m","prompt":["a"],"suffix":"z"})");
    EXPECT_EQ(e->n, 1);
    EXPECT_EQ(e->needs, feature_fill_in);
}

TEST(CompletionsPeek, WhatNobodyCouldMeanIsRefusedByName) {
    EXPECT_EQ(param_of(R"({"prompt":"a"})"), "model");
    EXPECT_EQ(param_of(R"({"model":"m"})"), "prompt");
    EXPECT_EQ(param_of(R"({"model":"m","prompt":{}})"), "prompt");
    EXPECT_EQ(param_of(R"({"model":"m","prompt":[]})"), "prompt");
    EXPECT_EQ(param_of(R"({"model":"m","prompt":["a",{}]})"), "prompt[1]");
    EXPECT_EQ(param_of(R"({"model":"m","prompt":[1,"a"]})"), "prompt");
    EXPECT_EQ(param_of(R"({"model":"m","prompt":"a","n":0})"), "n");
    EXPECT_EQ(param_of(R"({"model":"m","prompt":"a","n":3,"best_of":2})"), "best_of");
    EXPECT_EQ(param_of(R"({"model":"m","prompt":["a","b"],"n":65})"), "n");
    EXPECT_EQ(param_of(R"({"model":"m","prompt":"a","max_tokens":-1})"), "max_tokens");
    EXPECT_EQ(param_of(R"({"model":"m","prompt":"a","stop":[1]})"), "stop");
    EXPECT_EQ(param_of(R"({"model":"m","prompt":"a","echo":"yes"})"), "echo");
    EXPECT_EQ(param_of(R"({"model":"m","prompt":"a","prompt":"b"})"), "prompt");
    EXPECT_EQ(param_of(R"({"model":"m","prompt":"a","max_tokens":0,"echo":true})"), "accepted");
    EXPECT_EQ(peek("[]").error().code(), ErrorCode::bad_json);
}

TEST(CompletionsParse, APromptIsAUsersTurn) {
    const Chat c = chat_of(
        R"({"model":"m","prompt":"once","temperature":0.70,"n":2,"stop":["a","b"],"logprobs":3,"echo":true,"repetition_penalty":1.1,"best_of":1})");
    ASSERT_EQ(c.messages.size(), 1u);
    EXPECT_EQ(c.messages[0].role, Role::user);
    EXPECT_EQ(std::get<Text>(c.messages[0].parts[0]).text, "once");
    EXPECT_EQ(c.max_output, 16);
    EXPECT_EQ(c.temperature, "0.70");
    EXPECT_EQ(c.n, 2);
    EXPECT_EQ(c.stop, (std::vector<std::string>{"a", "b"}));
    EXPECT_TRUE(c.logprobs);
    EXPECT_EQ(c.top_logprobs, 3);
    EXPECT_EQ(c.origin, "openai-completions");
    EXPECT_EQ(c.extras, (Extras{{"repetition_penalty", "1.1"}}));
    EXPECT_EQ(std::get<Text>(chat_of(R"({"model":"m","prompt":["one"]})").messages[0].parts[0]).text, "one");
    EXPECT_EQ(dialect_here().parse({Operation::completion, R"({"model":"m","prompt":["a","b"]})"}).error().param(),
              "prompt");
}

TEST(CompletionsSplice, TheCallersBytesWithThePatches) {
    const std::string body = R"({"model": "m", "prompt":"a" , "stream":true})";
    Patch patch;
    patch.model = "up";
    patch.ask_usage = true;
    patch.max_output = 5;
    patch.max_output_member = "max_completion_tokens";
    const auto s = dialect_here().splice(body, *peek(body), patch);
    std::string out;
    for (const auto p : s->pieces) out += p;
    EXPECT_EQ(
        out, R"({"max_tokens":5,"stream_options":{"include_usage":true},"model": "up", "prompt":"a" , "stream":true})");
}

TEST(CompletionsTap, AWholeReplyPassesWithModelAndCost) {
    const Asked t(R"({"model":"pub/one","prompt":"a"})");
    EXPECT_EQ(
        tapped(
            t,
            R"({"id":"cmpl-1","object":"text_completion","model":"up","choices":[{"text":"hi","index":0,"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}})"),
        R"({"id":"cmpl-1","object":"text_completion","model":"pub/one","choices":[{"text":"hi","index":0,"logprobs":null,"finish_reason":"stop"}],"usage":{"cost":0.000000042,"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}})");
    EXPECT_EQ(tapped(t, R"({"choices":[{"text":"","index":0,"finish_reason":null}]})").substr(0, 7), "failed:");
}

TEST(CompletionsTap, AStreamPassesHoweverItIsCut) {
    const Asked t(R"({"model":"pub/one","prompt":"a","stream":true})");
    const std::string up =
        "data: {\"id\":\"c\",\"model\":\"up\",\"choices\":[{\"text\":\"he\",\"index\":0,\"finish_reason\":null}]}\n\n"
        "data: {\"id\":\"c\",\"model\":\"up\",\"choices\":[{\"text\":\"y\",\"index\":0,\"finish_reason\":\"stop\"}]}"
        "\n\n"
        "data: {\"id\":\"c\",\"model\":\"up\",\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":2}}"
        "\n\n"
        "data: [DONE]\n\n";
    const std::string want =
        "data: {\"id\":\"c\",\"model\":\"pub/one\",\"choices\":[{\"text\":\"he\",\"index\":0,\"finish_reason\":null}]}"
        "\n\n"
        "data: {\"id\":\"c\",\"model\":\"pub/one\",\"choices\":[{\"text\":\"y\",\"index\":0,\"finish_reason\":"
        "\"stop\"}]}\n\n"
        "data: [DONE]\n\n";
    for (const size_t piece : {size_t{1} << 20, size_t{1}, size_t{11}}) EXPECT_EQ(tapped(t, up, piece), want);
}

TEST(CompletionsTap, AStreamThatRunsDryEndsAsACompletion) {
    const Asked t(R"({"model":"pub/one","prompt":"a","stream":true})");
    const auto tap = dialect_here().tap(t.terms);
    ASSERT_TRUE(tap->feed("data: {\"choices\":[{\"text\":\"he\",\"index\":0,\"finish_reason\":null}]}\n\n"));
    EXPECT_TRUE(tap->facts().content);
    EXPECT_EQ(tap->facts().delivered.bytes, 2);
    const Usage usage = usage_of(1, 1);
    const Receipt receipt = ledger::ReceiptMint::test(42);
    EXPECT_EQ(tap->cut({usage, receipt}),
              "data: {\"id\":\"cmpl-req_1\",\"object\":\"text_completion\",\"created\":7,\"model\":\"pub/one\","
              "\"choices\":[{\"index\":0,\"text\":\"\",\"logprobs\":null,\"finish_reason\":\"length\"}]}\n\n"
              "data: [DONE]\n\n");
}

TEST(CompletionsRender, Whole) {
    const Asked t(R"({"model":"pub/one","prompt":"Once","echo":true,"logprobs":1})");
    Losses losses;
    Event odds{.kind = Event::Kind::logprobs};
    odds.raw =
        R"({"content":[{"token":" é","logprob":-0.10,"top_logprobs":[{"token":" é","logprob":-0.10}]},{"token":"!","logprob":-2}]})";
    EXPECT_EQ(
        rendered(t,
                 {event(Event::Kind::reasoning, "hm"), event(Event::Kind::text, " é!"), odds,
                  finish(StopReason::tool_calls)},
                 &losses),
        R"({"id":"cmpl-req_1","object":"text_completion","created":7,"model":"pub/one","choices":[{"text":"Once é!","index":0,"logprobs":{"tokens":[" é","!"],"token_logprobs":[-0.10,-2],"top_logprobs":[{" é":-0.10},{}],"text_offset":[4,6]},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7,"prompt_tokens_details":{"cached_tokens":0},"completion_tokens_details":{"reasoning_tokens":0},"cost":0.000000042}})");
    EXPECT_EQ(losses, Losses{"reasoning"});
}

TEST(CompletionsRender, Streamed) {
    const Asked t(R"({"model":"pub/one","prompt":"a","stream":true,"stream_options":{"include_usage":true}})");
    const std::string head = R"(data: {"id":"cmpl-req_1","object":"text_completion","created":7,"model":"pub/one",)";
    EXPECT_EQ(
        rendered(t, {event(Event::Kind::text, "he"), event(Event::Kind::refusal, "y"), finish(StopReason::length)}),
        head +
            "\"choices\":[{\"text\":\"he\",\"index\":0,\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}\n\n" +
            head +
            "\"choices\":[{\"text\":\"y\",\"index\":0,\"logprobs\":null,\"finish_reason\":null}],\"usage\":null}\n\n" +
            head +
            "\"choices\":[{\"text\":\"\",\"index\":0,\"logprobs\":null,\"finish_reason\":\"length\"}],\"usage\":null}"
            "\n\n" +
            head +
            "\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4,\"total_tokens\":7,"
            "\"prompt_tokens_details\":{\"cached_tokens\":0},\"completion_tokens_details\":{\"reasoning_tokens\":0},"
            "\"cost\":0.000000042}}\n\ndata: [DONE]\n\n");
}

TEST(CompletionsRender, AStreamThatEndsEarly) {
    const Asked t(R"({"model":"pub/one","prompt":"a","stream":true})");
    EXPECT_TRUE(rendered(t, {event(Event::Kind::text, "he")}, nullptr, true)
                    .ends_with("\"finish_reason\":\"length\"}]}\n\ndata: [DONE]\n\n"));
    const auto r = dialect_here().renderer(t.terms);
    const auto failed = r->fail(Error(ErrorCode::upstream_error, "x"));
    EXPECT_TRUE(failed.starts_with("data: {\"error\":"));
    EXPECT_EQ(failed.find("[DONE]"), std::string::npos);
}
