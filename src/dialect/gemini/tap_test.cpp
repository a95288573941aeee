// The lossless reply: bytes but for the written splices, the tail held back, both forms of a stream.
#include <gtest/gtest.h>

#include "dialect/registry.h"
#include "dialect/testing/gemini_grammar.h"
#include "dialect/testing/receipts.h"

using namespace aig;
using namespace aig::canon;

namespace {

struct Tapped {
    std::string sent, tail;
    std::optional<ErrorCode> failure;
    Facts facts;
};

Tapped tap(std::string_view bytes, bool stream, bool sse = true, size_t step = 0) {
    Envelope envelope;
    envelope.stream = stream;
    envelope.sse = sse;
    ReplyTerms terms;
    terms.envelope = &envelope;
    terms.public_model = "pub";
    terms.request_id = "req_1";
    const auto t = dialect::gemini().tap(terms);
    Tapped out;
    const auto take = [&](const Result<std::vector<std::string_view>>& r) {
        if (!r) out.failure = r.error().code();
        if (r)
            for (const auto p : *r) out.sent += p;
        if (t->facts().error) out.failure = t->facts().error->code();
        return !out.failure;
    };
    bool going = true;
    if (!step) step = std::max<size_t>(bytes.size(), 1);
    for (size_t i = 0; going && i < bytes.size(); i += step) going = take(t->feed(bytes.substr(i, step)));
    if (going) take(t->end());
    out.facts = t->facts();
    Usage estimated;
    estimated.estimated = true;
    const Usage usage = out.facts.usage.value_or(estimated);
    const Receipt receipt = ledger::ReceiptMint::test(1'500'000'000);
    if (!out.failure) out.tail = t->finish({usage, receipt});
    return out;
}

const std::string first =
    "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"Hel\"}],\"role\": \"model\"},\"index\": 0}],"
    "\"usageMetadata\": {\"promptTokenCount\": 3,\"totalTokenCount\": 3},\"modelVersion\": \"gemini-x\"}\r\n\r\n";
const std::string last =
    "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"lo\",\"thoughtSignature\": \"S\"}],\"role\": "
    "\"model\"},"
    "\"finishReason\": \"STOP\"}],\"usageMetadata\": {\"promptTokenCount\": 3,\"candidatesTokenCount\": "
    "2,\"totalTokenCount\": 5},"
    "\"modelVersion\": \"gemini-x\"}\r\n\r\n";

std::string with(std::string s, std::string_view from, std::string_view to) {
    const size_t at = s.find(from);
    return at == std::string::npos ? "nothing to replace" : s.replace(at, from.size(), to);
}
const std::string public_first = with(first, "\"gemini-x\"", "\"pub\"");
const std::string priced_last = with(with(last, "\"gemini-x\"", "\"pub\""), "{\"promptTokenCount\": 3,\"cand",
                                     "{\"cost\":1.5,\"promptTokenCount\": 3,\"cand");

}  // namespace

TEST(GeminiTap, forwards_bytes_and_holds_the_end_back) {
    for (const size_t step : {0, 1, 7}) {
        const Tapped t = tap(first + ": c\n\n" + last, true, true, step);
        ASSERT_FALSE(t.failure);
        EXPECT_EQ(t.sent, public_first + ": c\n\n");
        EXPECT_EQ(t.tail, priced_last);
        EXPECT_EQ(t.facts.usage->input_total(), 3);
        EXPECT_EQ(t.facts.usage->output_total(), 2);
        EXPECT_EQ(t.facts.stop, StopReason::end);
        EXPECT_EQ(t.facts.states.size(), 1u);
        EXPECT_EQ(t.facts.delivered.bytes, 5);
    }
}

TEST(GeminiTap, gives_the_same_chunks_as_one_array) {
    for (const size_t step : {0, 1}) {
        const Tapped t = tap(first + last, true, false, step);
        ASSERT_FALSE(t.failure);
        const auto json = [](const std::string& event) { return event.substr(6, event.size() - 10); };
        EXPECT_EQ(t.sent, "[" + json(public_first));
        EXPECT_EQ(t.tail, ",\r\n" + json(priced_last) + "\n]");
        // A provider that answers with an array although events were asked for.
        const std::string array = "[" + json(first) + "\n,\r\n" + json(last) + "]";
        EXPECT_EQ(tap(array, true, false, step).sent + tap(array, true, false, step).tail, t.sent + t.tail);
        EXPECT_EQ(tap(array, true, true, step).sent, public_first);
    }
}

TEST(GeminiTap, keeps_a_whole_reply_until_its_receipt) {
    const std::string body = last.substr(6, last.size() - 10);
    const Tapped t = tap(body, false);
    ASSERT_FALSE(t.failure);
    EXPECT_EQ(t.sent, "");
    EXPECT_EQ(t.tail, priced_last.substr(6, priced_last.size() - 10));
}

TEST(GeminiTap, writes_usage_where_there_is_none) {
    const std::string body = R"({"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"STOP"}]})";
    EXPECT_EQ(
        tap(body, false)
            .tail.find(
                R"({"usageMetadata":{"promptTokenCount":0,"candidatesTokenCount":0,"totalTokenCount":0,"cost":1.5,"estimated":true},"candidates":)"),
        0u)
        << tap(body, false).tail;
}

TEST(GeminiTap, tells_a_broken_stream_from_a_whole_one) {
    EXPECT_EQ(tap(first, true).failure, ErrorCode::upstream_truncated);
    EXPECT_EQ(tap(first + last.substr(0, 60), true).failure, ErrorCode::upstream_truncated);
    EXPECT_EQ(tap("", true).failure, ErrorCode::upstream_empty);
    EXPECT_EQ(tap("<html>", true).failure, ErrorCode::upstream_empty);
    EXPECT_EQ(
        tap("data: {\"candidates\":[{\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":1}}\n\n", true)
            .failure,
        ErrorCode::upstream_empty);
    EXPECT_EQ(tap("data: {nonsense}\n\n", true).failure, ErrorCode::upstream_garbage);
    // A bare JSON error behind the events.
    const std::string error = R"({"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}})";
    EXPECT_EQ(tap(first + error, true).failure, ErrorCode::upstream_overloaded);
    EXPECT_EQ(tap(first + "data: " + error + "\r\n\r\n", true).failure, ErrorCode::upstream_overloaded);
    EXPECT_EQ(tap("[" + error + "]", true).failure, ErrorCode::upstream_overloaded);
    EXPECT_EQ(tap(error, false).failure, ErrorCode::upstream_overloaded);
}

TEST(GeminiTap, a_blocked_prompt_is_an_answer) {
    const std::string body =
        R"({"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":4,"totalTokenCount":4}})";
    const Tapped t = tap(body, false);
    ASSERT_FALSE(t.failure);
    EXPECT_EQ(t.facts.stop, StopReason::refusal);
    EXPECT_FALSE(tap("data: " + body + "\n\n", true).failure);
}
