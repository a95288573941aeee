#include <gtest/gtest.h>

#include "canon/state.h"
#include "dialect/registry.h"
#include "dialect/testing/anthropic_grammar.h"
#include "dialect/testing/receipts.h"

using namespace aig;
using namespace aig::canon;

namespace {
std::string event(std::string_view type, std::string_view members) {
    return "event: " + std::string(type) + "\ndata: {\"type\":\"" + std::string(type) + "\"" + std::string(members) +
           "}\n\n";
}
const std::string start = event(
    "message_start",
    R"(,"message":{"id":"msg_1","type":"message","role":"assistant","model":"up-1","content":[],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":9,"cache_read_input_tokens":4,"output_tokens":1}})");
const std::string begin_text = event("content_block_start", R"(,"index":0,"content_block":{"type":"text","text":""})");
std::string text(std::string_view s) {
    return event("content_block_delta", R"(,"index":0,"delta":{"type":"text_delta","text":")" + std::string(s) + "\"}");
}
const std::string end_block = event("content_block_stop", R"(,"index":0)");
const std::string delta =
    event("message_delta", R"(,"delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":2})");
const std::string billed =
    event("message_delta",
          R"(,"delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"cost":0.000042,"output_tokens":2})");
const std::string stop = event("message_stop", "");
const std::string ping = event("ping", "");

struct Call {
    Envelope envelope;
    std::unique_ptr<Relay> tap;
    std::string sent;
    std::optional<Error> failed;

    explicit Call(bool stream) {
        envelope.stream = stream;
        ReplyTerms terms;
        terms.envelope = &envelope;
        terms.public_model = "pub/one";
        terms.request_id = "req_1";
        tap = dialect::anthropic_messages().tap(terms);
    }
    Call& feed(std::string_view bytes) { return gather(tap->feed(bytes)); }
    Call& end() { return gather(tap->end()); }
    Call& gather(Result<std::vector<std::string_view>> r) {
        if (r)
            for (const auto p : *r) sent += p;
        else
            failed = r.error();
        if (tap->facts().error) failed = tap->facts().error;
        return *this;
    }
    std::string finish(bool estimated = false) {
        Usage u = tap->facts().usage.value_or(Usage{});
        u.estimated = estimated;
        const Receipt receipt = ledger::ReceiptMint::test(42'000);
        return tap->finish({u, receipt});
    }
    std::string cut() {
        const Receipt receipt = ledger::ReceiptMint::test(42'000);
        const Usage u;
        return tap->cut({u, receipt});
    }
    ErrorCode code() const { return failed ? failed->code() : ErrorCode::internal; }
};
std::string replace(std::string s, std::string_view from, std::string_view to) {
    for (size_t at = 0; (at = s.find(from, at)) != std::string::npos; at += to.size()) s.replace(at, from.size(), to);
    return s;
}
std::string as_public(std::string s) { return replace(std::move(s), "\"up-1\"", "\"pub/one\""); }
}  // namespace

TEST(MessagesStreamTap, forwards_bytes_and_holds_the_tail) {
    Call c(true);
    c.feed(start + ping + begin_text);
    EXPECT_FALSE(c.tap->facts().content);
    c.feed(text("Hi"));
    EXPECT_TRUE(c.tap->facts().content);
    c.feed(end_block + delta + ping + stop);
    EXPECT_EQ(c.sent, as_public(start) + ping + begin_text + text("Hi") + end_block);
    EXPECT_TRUE(c.tap->facts().terminal);
    EXPECT_EQ(c.tap->facts().stop, StopReason::end);
    EXPECT_EQ(c.tap->facts().usage->input_total(), 13);
    EXPECT_EQ(c.tap->facts().usage->output_total(), 2);
    EXPECT_EQ(c.finish(), billed + ping + stop);
}

TEST(MessagesStreamTap, one_byte_at_a_time_is_the_same) {
    Call c(true);
    const std::string all = start + begin_text + text("H\\u00e9") + end_block + delta + stop;
    for (const char b : all) c.feed({&b, 1});
    EXPECT_EQ(c.sent + c.finish(), as_public(replace(all, delta, billed)));
}

TEST(MessagesStreamTap, usage_that_makes_no_sense_is_replaced) {
    Call c(true);
    c.feed(start + begin_text + text("Hi") + end_block + delta + stop);
    const auto tail = c.finish(true);
    EXPECT_NE(tail.find(R"("estimated":true)"), std::string::npos);
}

TEST(MessagesStreamTap, a_delta_without_usage_gets_one) {
    Call c(true);
    c.feed(start + begin_text + text("Hi") + end_block +
           event("message_delta", R"(,"delta":{"stop_reason":"end_turn"})") + stop);
    EXPECT_FALSE(c.tap->facts().usage);
    const auto tail = c.finish(true);
    EXPECT_NE(tail.find(R"("cost":0.000042)"), std::string::npos) << tail;
    EXPECT_EQ(dialect::testing::judge_messages_stream(c.sent + tail).fault, "");
}

TEST(MessagesStreamTap, endings) {
    EXPECT_EQ(Call(true).end().code(), ErrorCode::upstream_empty);
    EXPECT_EQ(Call(true).feed(start + begin_text + text("Hi")).end().code(), ErrorCode::upstream_truncated);
    EXPECT_EQ(Call(true).feed(start + begin_text + text("Hi") + end_block + delta).end().code(),
              ErrorCode::upstream_truncated);
    EXPECT_EQ(Call(true).feed(start + begin_text + "event: content_block_delta\ndata: {\"ty").end().code(),
              ErrorCode::upstream_truncated);
    EXPECT_EQ(Call(true).feed(start + replace(delta, "tokens\":2", "tokens\":0") + stop).code(),
              ErrorCode::upstream_empty);
    EXPECT_EQ(Call(true).feed(stop).code(), ErrorCode::upstream_garbage);
    EXPECT_EQ(Call(true).feed("data: nonsense\n\n").code(), ErrorCode::upstream_garbage);
    EXPECT_EQ(Call(true).feed(R"({"type":"error","error":{"type":"overloaded_error","message":"m"}})").end().code(),
              ErrorCode::upstream_overloaded);
    EXPECT_EQ(Call(true).feed(start + text("x")).code(), ErrorCode::upstream_garbage);
    Call whole(true);
    whole.feed(start + begin_text + text("Hi") + end_block + delta + stop.substr(0, stop.size() - 1)).end();
    EXPECT_FALSE(whole.failed);
    EXPECT_EQ(whole.sent + whole.finish(), as_public(start) + begin_text + text("Hi") + end_block + billed + stop);
}

TEST(MessagesStreamTap, an_error_in_the_stream_ends_it) {
    Call c(true);
    c.feed(start + begin_text + text("Hi") +
           event("error", R"(,"error":{"type":"overloaded_error","message":"busy"})") + text("more"));
    EXPECT_EQ(c.code(), ErrorCode::upstream_overloaded);
    EXPECT_EQ(c.sent, as_public(start) + begin_text + text("Hi"));
    const auto told = c.tap->fail(*c.failed);
    EXPECT_TRUE(told.starts_with("event: error\ndata: {\"type\":\"error\""));
    const auto verdict = dialect::testing::judge_messages_stream(c.sent + told);
    EXPECT_EQ(verdict.fault, "");
    EXPECT_TRUE(verdict.failed);
}

TEST(MessagesStreamTap, a_cut_closes_what_is_open) {
    Call c(true);
    c.feed(start + begin_text + text("Hi"));
    const auto all = c.sent + c.cut();
    const auto verdict = dialect::testing::judge_messages_stream(all);
    EXPECT_EQ(verdict.fault, "") << all;
    EXPECT_TRUE(verdict.complete);
    EXPECT_NE(all.find(R"("stop_reason":"max_tokens")"), std::string::npos);
}

TEST(MessagesStreamTap, notes_state_and_calls) {
    Call c(true);
    c.feed(
        start +
        event("content_block_start", R"(,"index":0,"content_block":{"type":"thinking","thinking":"","signature":""})") +
        event("content_block_delta", R"(,"index":0,"delta":{"type":"signature_delta","signature":"sig"})") + end_block +
        event("content_block_start",
              R"(,"index":1,"content_block":{"type":"tool_use","id":"toolu_1","name":"f","input":{}})"));
    EXPECT_EQ(c.tap->facts().states, (std::vector<uint64_t>{state_print("sig"), state_print("toolu_1")}));
    EXPECT_TRUE(c.tap->facts().content);
}

TEST(MessagesStreamTap, other_framings) {
    Call crlf(true);
    crlf.feed(replace(start + begin_text + text("Hi") + end_block + delta + stop, "\n", "\r\n"));
    EXPECT_EQ(crlf.sent + crlf.finish(),
              as_public(replace(start + begin_text + text("Hi") + end_block + billed + stop, "\n", "\r\n")));
    Call lines(true);
    lines.feed("event: message_start\ndata: {\"type\":\"message_start\",\ndata: \"message\":{\"model\":\"up-1\"}}\n\n");
    EXPECT_EQ(lines.sent,
              "event: message_start\ndata: {\"type\":\"message_start\", \"message\":{\"model\":\"pub/one\"}}\n\n");
}

TEST(MessagesBodyTap, patches_model_and_cost) {
    Call c(false);
    c.feed(R"({"id":"msg_1","type":"message","model":"up-1",  "content":[{"type":"text","text":"Hi"}],)")
        .feed(R"("stop_reason":"end_turn","usage":{ "input_tokens":3,"output_tokens":2}})")
        .end();
    EXPECT_FALSE(c.failed);
    EXPECT_EQ(c.tap->facts().usage->output_total(), 2);
    EXPECT_EQ(
        c.finish(),
        R"({"id":"msg_1","type":"message","model":"pub/one",  "content":[{"type":"text","text":"Hi"}],"stop_reason":"end_turn","usage":{"cost":0.000042, "input_tokens":3,"output_tokens":2}})");
}

TEST(MessagesBodyTap, endings) {
    EXPECT_EQ(Call(false).end().code(), ErrorCode::upstream_empty);
    EXPECT_EQ(Call(false).feed("<html>").end().code(), ErrorCode::upstream_garbage);
    EXPECT_EQ(Call(false).feed(R"({"content":[)").end().code(), ErrorCode::upstream_truncated);
    EXPECT_EQ(Call(false).feed(R"({"ok":true})").end().code(), ErrorCode::upstream_garbage);
    EXPECT_EQ(Call(false).feed(R"({"type":"error","error":{"type":"api_error","message":"m"}})").end().code(),
              ErrorCode::upstream_error);
    EXPECT_EQ(Call(false).feed(R"({"type":"message","content":[],"stop_reason":null})").end().code(),
              ErrorCode::upstream_empty);
}
