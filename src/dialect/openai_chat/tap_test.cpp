#include <gtest/gtest.h>

#include "dialect/registry.h"
#include "dialect/testing/receipts.h"

using namespace aig;
using namespace aig::canon;

namespace {
std::string chunk(std::string_view choices, std::string_view more = "") {
    return R"(data: {"id":"c1","object":"chat.completion.chunk","created":7,"model":"up-1","choices":[)" +
           std::string(choices) + "]" + std::string(more) + "}\n\n";
}
std::string text(std::string_view s) {
    return chunk(R"({"index":0,"delta":{"content":")" + std::string(s) + R"("},"finish_reason":null})");
}
const std::string role = chunk(R"({"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null})");
const std::string stop = chunk(R"({"index":0,"delta":{},"finish_reason":"stop"})");
const std::string usage = chunk("", R"(,"usage":{"prompt_tokens":9,"completion_tokens":2,"total_tokens":11})");
const std::string done = "data: [DONE]\n\n";

struct Call {
    Envelope envelope;
    std::unique_ptr<Relay> tap;
    std::string sent;
    std::optional<Error> failed;

    explicit Call(bool stream, bool wants_usage = false, Operation op = Operation::chat,
                  std::string model = "pub/one") {
        envelope.stream = stream;
        envelope.wants_usage = wants_usage;
        envelope.operation = op;
        ReplyTerms terms;
        terms.envelope = &envelope;
        terms.public_model = model;
        terms.request_id = "req_1";
        terms.surface = Surface::aigate;
        tap = dialect::openai_chat().tap(terms);
    }
    Call& feed(std::string_view bytes) { return gather(tap->feed(bytes)); }
    Call& end() { return gather(tap->end()); }
    Call& gather(Result<std::vector<std::string_view>> r) {
        if (r)
            for (const auto p : *r) sent += p;
        else
            failed = r.error();
        return *this;
    }
    std::string finish(int64_t cost = 42'000) {
        const Usage u = tap->facts().usage.value_or(Usage{});
        const Receipt receipt = ledger::ReceiptMint::test(cost);
        return tap->finish({u, receipt});
    }
};

std::string replace(std::string s, std::string_view from, std::string_view to) {
    for (size_t at = 0; (at = s.find(from, at)) != std::string::npos; at += to.size()) s.replace(at, from.size(), to);
    return s;
}
std::string as_public(std::string s) { return replace(std::move(s), R"("model":"up-1")", R"("model":"pub/one")"); }
}  // namespace

TEST(StreamTap, forwards_rewrites_and_holds_back_the_tail) {
    Call r(true);
    r.feed(role);
    EXPECT_FALSE(r.tap->facts().content) << "a role opens no gate";
    r.feed(text("hi"));
    EXPECT_TRUE(r.tap->facts().content);
    r.feed(stop).feed(usage);
    EXPECT_FALSE(r.tap->facts().terminal);
    r.feed(done);
    EXPECT_TRUE(r.tap->facts().terminal);
    EXPECT_EQ(r.sent, as_public(role + text("hi") + stop)) << "neither usage nor [DONE] before the receipt";
    EXPECT_EQ(r.finish(), done) << "the usage chunk was not asked for";
    EXPECT_EQ(r.tap->facts().usage->input_total(), 9);
    EXPECT_EQ(r.tap->facts().stop, StopReason::end);
    EXPECT_EQ(r.tap->facts().delivered.bytes, 2);
}

TEST(StreamTap, usage_that_was_asked_for_carries_the_cost) {
    Call r(true, true);
    r.feed(role + text("hi") + stop + usage + done);
    EXPECT_EQ(r.sent, as_public(role + text("hi") + stop));
    EXPECT_EQ(r.finish(), as_public(replace(usage, R"("usage":{)", R"("usage":{"cost":0.000042,)")) + done);
}

TEST(StreamTap, the_providers_own_cost_is_replaced) {
    Call r(true, true);
    r.feed(text("hi") + stop + replace(usage, R"("total_tokens":11)", R"("cost":0.5,"total_tokens":11)") + done);
    EXPECT_EQ(r.finish(),
              as_public(replace(usage, R"("total_tokens":11)", R"("cost":0.000042,"total_tokens":11)")) + done);
}

TEST(StreamTap, usage_in_the_finish_chunk_holds_it_back) {
    Call r(true);
    const std::string last = chunk(R"({"index":0,"delta":{},"finish_reason":"length"})",
                                   R"(,"usage":{"prompt_tokens":1,"completion_tokens":1})");
    r.feed(text("a"));
    const std::string before = r.sent;
    r.feed(last).feed(done);
    EXPECT_EQ(r.sent, before);
    EXPECT_EQ(r.tap->facts().stop, StopReason::length);
    EXPECT_EQ(r.finish(), as_public(replace(last, R"("usage":{)", R"("usage":{"cost":0.000042,)")) + done);
}

TEST(StreamTap, usage_in_every_chunk_takes_the_last) {
    Call r(true);
    for (int i = 1; i < 4; ++i)
        r.feed(chunk(R"({"index":0,"delta":{"content":"x"},"finish_reason":null})",
                     R"(,"usage":{"prompt_tokens":1,"completion_tokens":)" + std::to_string(i) + "}"));
    EXPECT_NE(r.sent.find(R"("completion_tokens":3)"), std::string::npos) << "interim usage is forwarded";
    r.feed(stop + done);
    EXPECT_EQ(r.tap->facts().usage->output_total(), 3);
    EXPECT_EQ(r.finish(), as_public(stop) + done) << "the finish chunk is the end of the usage: held back";
}

TEST(StreamTap, usage_asked_for_but_never_reported_is_ours) {
    Call r(true, true);
    r.feed(text("a") + stop + done);
    const std::string tail = r.finish();
    EXPECT_NE(tail.find(R"("choices":[],"usage":{"prompt_tokens":0)"), std::string::npos) << tail;
    EXPECT_TRUE(tail.ends_with(done));
}

TEST(StreamTap, ends_without_done) {
    Call unfinished(true);
    unfinished.feed(text("a")).end();
    ASSERT_TRUE(unfinished.failed);
    EXPECT_EQ(unfinished.failed->code(), ErrorCode::upstream_truncated);

    Call no_usage(true);
    no_usage.feed(text("a") + stop).end();
    ASSERT_TRUE(no_usage.failed);
    EXPECT_EQ(no_usage.failed->code(), ErrorCode::upstream_truncated);

    Call complete(true);
    complete.feed(text("a") + stop + usage).end();
    EXPECT_FALSE(complete.failed);
    EXPECT_TRUE(complete.tap->facts().terminal);
    EXPECT_EQ(complete.finish(), done);

    Call nothing(true);
    nothing.feed(": hello\n\n").end();
    ASSERT_TRUE(nothing.failed);
    EXPECT_EQ(nothing.failed->code(), ErrorCode::upstream_empty);

    Call no_last_line_end(true);
    no_last_line_end.feed(text("a") + stop + "data: [DONE]").end();
    EXPECT_FALSE(no_last_line_end.failed);
    EXPECT_EQ(no_last_line_end.finish(), done);

    for (const char* begun : {"da", "data", "data:"}) {  // everything is there but the marker, which broke off
        Call within_marker(true);
        within_marker.feed(text("a") + stop + usage + begun).end();
        ASSERT_TRUE(within_marker.failed) << begun;
        EXPECT_EQ(within_marker.failed->code(), ErrorCode::upstream_truncated);
    }

    Call within_event(true);
    within_event.feed(text("a") + R"(data: {"id":"c1","cho)").end();
    ASSERT_TRUE(within_event.failed);
    EXPECT_EQ(within_event.failed->code(), ErrorCode::upstream_truncated);
}

TEST(StreamTap, failures_inside_a_200) {
    struct Case {
        const char* bytes;
        ErrorCode code;
    };
    for (const auto& [bytes, code] :
         {Case{"data: {\"error\":{\"message\":\"busy\",\"type\":\"overloaded_error\"}}\n\n",
               ErrorCode::upstream_overloaded},
          Case{"event: error\ndata: {\"error\":{\"message\":\"no\",\"status_code\":400}}\n\n",
               ErrorCode::upstream_rejected},
          Case{"data: {\"error\":{\"message\":\"slow\",\"code\":429}}\n\n", ErrorCode::upstream_rate_limited},
          Case{"data: {\"object\":\"error\",\"message\":\"x\",\"code\":500}\n\n", ErrorCode::upstream_error},
          Case{"{\"error\":{\"message\":\"quota\",\"code\":\"insufficient_quota\"}}\n\n",
               ErrorCode::upstream_spend_limit},
          Case{"data: [DONE]\n\n", ErrorCode::upstream_empty}}) {
        Call r(true);
        r.feed(bytes);
        ASSERT_TRUE(r.tap->facts().error) << bytes;
        EXPECT_EQ(r.tap->facts().error->code(), code) << bytes;
        EXPECT_EQ(r.sent, "");
    }
    Call tail(true);
    tail.feed(text("a")).feed("{\"error\":{\"message\":\"gone\",\"code\":503}}").end();
    ASSERT_TRUE(tail.tap->facts().error);
    EXPECT_EQ(tail.tap->facts().error->code(), ErrorCode::upstream_overloaded);
    Call garbage(true);
    garbage.feed(text("a") + "data: {\"id\":}\n\n");
    ASSERT_TRUE(garbage.tap->facts().error);
    EXPECT_EQ(garbage.tap->facts().error->code(), ErrorCode::upstream_garbage);
    EXPECT_EQ(garbage.sent, as_public(text("a"))) << "what came before it in the same read is not lost";
}

TEST(StreamTap, a_failure_never_looks_complete) {
    Call r(true);
    r.feed(text("a"));
    const std::string last = r.tap->fail(Error(ErrorCode::upstream_truncated, "x"));
    EXPECT_TRUE(last.starts_with("data: {\"error\":{\"message\":"));
    EXPECT_TRUE(last.ends_with("}\n\n"));
    EXPECT_EQ(last.find("[DONE]"), std::string::npos);
    EXPECT_EQ(last.find("finish_reason"), std::string::npos);
}

TEST(StreamTap, a_cut_ends_every_open_choice_with_length) {
    Call r(true, true);
    r.feed(text("a") + chunk(R"({"index":1,"delta":{"content":"b"}})") + stop);
    const Usage u{};
    const Receipt receipt = ledger::ReceiptMint::test(5);
    const std::string tail = r.tap->cut({u, receipt});
    EXPECT_NE(
        tail.find(
            R"("id":"c1","object":"chat.completion.chunk","created":7,"model":"pub/one","choices":[{"index":1,"delta":{},"logprobs":null,"finish_reason":"length"}])"),
        std::string::npos)
        << tail;
    EXPECT_EQ(tail.find(R"("index":0)"), std::string::npos);
    EXPECT_NE(tail.find(R"("cost":0.000000005)"), std::string::npos);
    EXPECT_TRUE(tail.ends_with(done));
}

TEST(StreamTap, only_the_top_level_model_is_rewritten) {
    Call r(true);
    const std::string sly =
        "data: "
        "{\"x\":{\"model\":\"up-1\"},\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\\\"model\\\":\\\"up-1\\\"\"}}]"
        ",\"model\" : \"up-1\"}\n\n";
    r.feed(sly);
    EXPECT_EQ(r.sent, replace(sly, "\"model\" : \"up-1\"", "\"model\" : \"pub/one\""));
}

TEST(StreamTap, comments_and_empty_data_pass_and_open_nothing) {
    Call r(true);
    r.feed(": keep-alive\n\ndata:\n\ndata\r: x\n\n");
    EXPECT_EQ(r.sent, ": keep-alive\n\ndata:\n\ndata\r: x\n\n");
    EXPECT_FALSE(r.tap->facts().error);
    EXPECT_FALSE(r.tap->facts().content);
}

TEST(StreamTap, events_behind_done_are_ignored) {
    Call r(true);
    r.feed(text("a") + stop + done + text("never"));
    r.feed(text("never"));
    EXPECT_EQ(r.sent, as_public(text("a") + stop));
}

TEST(StreamTap, the_same_model_costs_no_splice) {
    Call r(true, false, Operation::chat, "up-1");
    const std::string all = role + text("a") + text("b");
    auto pieces = r.tap->feed(all);
    ASSERT_TRUE(pieces.ok());
    EXPECT_EQ(pieces->size(), 1u);
    EXPECT_EQ(pieces->front(), all);
}

TEST(BodyTap, patches_model_and_cost) {
    const std::string body =
        "{\"id\":\"c\",\"model\":\"up-1\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":"
        "\"hi\"},\"finish_reason\":\"stop\"}],\n \"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}}";
    Call r(false);
    r.feed(body.substr(0, 30)).feed(body.substr(30)).end();
    ASSERT_FALSE(r.failed);
    EXPECT_EQ(r.sent, "");
    EXPECT_EQ(r.tap->facts().usage->input_total(), 3);
    EXPECT_EQ(r.finish(), as_public(replace(body, "\"usage\":{", "\"usage\":{\"cost\":0.000042,")));
}

TEST(BodyTap, our_usage_stands_where_the_providers_makes_no_sense) {
    for (const char* u :
         {R"({"prompt_tokens":-3,"completion_tokens":1})", R"({"prompt_tokens":1.5})", R"({"prompt_tokens":"9"})",
          R"({"prompt_tokens":1000000000000000000,"completion_tokens":1})", "null"}) {
        Call r(false);
        r.feed(R"({"choices":[{"message":{"content":"hi"},"finish_reason":"stop"}],"usage":)" + std::string(u) + "}")
            .end();
        ASSERT_FALSE(r.failed) << u;
        EXPECT_FALSE(r.tap->facts().usage) << u;
        Usage ours;
        ours[Component::input] = 7;
        ours.estimated = true;
        const Receipt receipt = ledger::ReceiptMint::test(1);
        const std::string out = r.tap->finish({ours, receipt});
        EXPECT_NE(out.find(R"("usage":{"prompt_tokens":7)"), std::string::npos) << out;
        EXPECT_EQ(out.find(u), std::string::npos) << out;
    }
}

TEST(BodyTap, refuses_what_is_no_reply) {
    struct Case {
        const char* body;
        ErrorCode code;
    };
    for (const auto& [body, code] :
         {Case{"", ErrorCode::upstream_empty}, Case{"{\"choices\":[]}", ErrorCode::upstream_empty},
          Case{"{\"ok\":true}", ErrorCode::upstream_garbage}, Case{"<html>busy</html>", ErrorCode::upstream_garbage},
          Case{"{\"choices\":[{\"mess", ErrorCode::upstream_truncated},
          Case{"{\"error\":{\"message\":\"no\",\"code\":503}}", ErrorCode::upstream_overloaded}}) {
        Call r(false);
        r.feed(body).end();
        ASSERT_TRUE(r.failed) << body;
        EXPECT_EQ(r.failed->code(), code) << body;
    }
}

TEST(BodyTap, nothing_but_a_blank_finish_is_no_reply) {
    const auto reply = [](std::string_view message, std::string_view finish, int64_t output) {
        return R"({"choices":[{"index":0,"message":{"role":"assistant",)" + std::string(message) +
               R"(},"finish_reason":)" + std::string(finish) + R"(}],"usage":{"prompt_tokens":3,"completion_tokens":)" +
               std::to_string(output) + "}}";
    };
    for (const char* finish : {"null", R"("")", R"("stop")"}) {
        Call r(false);
        r.feed(reply(R"("content":"")", finish, 0)).end();
        ASSERT_TRUE(r.failed) << finish;
        EXPECT_EQ(r.failed->code(), ErrorCode::upstream_empty) << finish;
        EXPECT_FALSE(r.tap->facts().content) << finish;
    }
    struct Case {
        const char *message, *finish;
        int64_t output;
    };
    for (const auto& [message, finish, output] :
         {Case{R"("content":"")", R"("stop")", 1}, Case{R"("content":"")", R"("content_filter")", 0},
          Case{R"("content":null)", R"("length")", 0}, Case{R"("content":"hi")", "null", 1},
          Case{R"("content":null,"refusal":"no")", "null", 1},
          Case{R"("content":"","reasoning_content":"hm")", "null", 1},
          Case{R"("content":null,"tool_calls":[{"id":"t","type":"function","function":{"name":"f","arguments":"{}"}}])",
               "null", 1},
          Case{R"("content":null,"audio":{"id":"a","data":"UklG"})", "null", 1}}) {
        Call r(false);
        r.feed(reply(message, finish, output)).end();
        EXPECT_FALSE(r.failed) << message << finish;
        EXPECT_TRUE(r.tap->facts().content) << message << finish;
        EXPECT_EQ(r.tap->facts().finished, std::string_view(finish) != "null") << message << finish;
    }
}

TEST(StreamTap, nothing_but_a_blank_finish_is_no_reply) {
    const std::string blank = chunk(R"({"index":0,"delta":{},"finish_reason":""})");
    const std::string no_tokens = chunk("", R"(,"usage":{"prompt_tokens":9,"completion_tokens":0,"total_tokens":9})");
    for (const std::string& finish : {std::string(), blank, stop}) {
        Call r(true);
        r.feed(role + finish + no_tokens);
        EXPECT_FALSE(r.tap->facts().content) << "another target may still be tried";
        r.feed(done);
        ASSERT_TRUE(r.tap->facts().error) << finish;
        EXPECT_EQ(r.tap->facts().error->code(), ErrorCode::upstream_empty) << finish;
        EXPECT_FALSE(r.tap->facts().content) << finish;
    }
    Call no_done(true);
    no_done.feed(role + stop + no_tokens).end();
    ASSERT_TRUE(no_done.failed);
    EXPECT_EQ(no_done.failed->code(), ErrorCode::upstream_empty);

    Call genuine(true);
    genuine.feed(role + stop + usage + done);
    EXPECT_FALSE(genuine.tap->facts().error) << "an answer may be empty when tokens were spent on it";
    EXPECT_TRUE(genuine.tap->facts().content) << "the end opens the gate";
    Call uncounted(true);
    uncounted.feed(role + stop + done);
    EXPECT_FALSE(uncounted.tap->facts().error);
    EXPECT_TRUE(uncounted.tap->facts().content);
}

TEST(BodyTap, embeddings) {
    const std::string body =
        R"({"object":"list","model":"up-1","data":[{"object":"embedding","index":0,"embedding":[0.1,-2e-3]}],"usage":{"prompt_tokens":5,"total_tokens":5}})";
    Call r(false, false, Operation::embedding);
    r.feed(body).end();
    ASSERT_FALSE(r.failed) << r.failed->message();
    EXPECT_EQ(r.tap->facts().usage->input_total(), 5);
    EXPECT_EQ(r.finish(), as_public(replace(body, "\"usage\":{", "\"usage\":{\"cost\":0.000042,")));
    Call none(false, false, Operation::embedding);
    none.feed(R"({"object":"list","data":[]})").end();
    ASSERT_TRUE(none.failed);
    EXPECT_EQ(none.failed->code(), ErrorCode::upstream_empty);
}
