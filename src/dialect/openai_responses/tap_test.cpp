// The lossless reply: what is patched, what is held back, what counts as content, how it ends early.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "dialect/registry.h"
#include "dialect/testing/receipts.h"
#include "dialect/testing/responses_grammar.h"

namespace aig::dialect::responses {
namespace {

using namespace canon;
using ::testing::HasSubstr;

constexpr std::string_view created =
    "event: response.created\ndata: "
    "{\"type\":\"response.created\",\"sequence_number\":0,\"response\":{\"id\":\"resp_up\","
    "\"object\":\"response\",\"status\":\"in_progress\",\"model\":\"up-1\",\"output\":[],\"previous_response_id\":null}"
    "}\n\n";
constexpr std::string_view item =
    "event: response.output_item.added\ndata: {\"type\":\"response.output_item.added\",\"sequence_number\":1,"
    "\"output_index\":0,\"item\":{\"id\":\"msg_1\",\"type\":\"message\",\"status\":\"in_progress\",\"content\":[],"
    "\"role\":"
    "\"assistant\"}}\n\n";
constexpr std::string_view part =
    "event: response.content_part.added\ndata: "
    "{\"type\":\"response.content_part.added\",\"sequence_number\":2,\"item_id\":"
    "\"msg_1\",\"output_index\":0,\"content_index\":0,\"part\":{\"type\":\"output_text\",\"text\":\"\",\"annotations\":"
    "[],"
    "\"logprobs\":[]}}\n\n";
constexpr std::string_view delta =
    "event: response.output_text.delta\ndata: "
    "{\"type\":\"response.output_text.delta\",\"sequence_number\":3,\"item_id\":"
    "\"msg_1\",\"output_index\":0,\"content_index\":0,\"delta\":\"hello\"}\n\n";
constexpr std::string_view completed =
    "event: response.completed\ndata: "
    "{\"type\":\"response.completed\",\"sequence_number\":4,\"response\":{\"id\":\"resp_up\","
    "\"object\":\"response\",\"status\":\"completed\",\"model\":\"up-1\",\"output\":[{\"id\":\"msg_1\",\"type\":"
    "\"message\","
    "\"content\":[{\"type\":\"output_text\",\"text\":\"hello\"}]}],\"usage\":{\"input_tokens\":5,\"output_tokens\":2,"
    "\"total_tokens\":7}}}\n\n";

struct Lossless {
    explicit Lossless(bool stream, std::string request = R"({"model":"m","input":"hi"})") : body(std::move(request)) {
        envelope.stream = stream;
        ReplyTerms terms;
        terms.envelope = &envelope;
        terms.body = body;
        terms.public_model = "public";
        terms.request_id = "req_01J";
        tap = openai_responses().tap(terms);
    }
    bool feed(std::string_view bytes) { return take(tap->feed(bytes)); }
    bool end() { return take(tap->end()); }
    bool take(const Result<std::vector<std::string_view>>& pieces) {
        failure = pieces ? ErrorCode::internal : pieces.error().code();
        if (pieces)
            for (const auto p : *pieces) sent += p;
        return pieces.ok();
    }
    std::string finish() {
        const Usage usage = tap->facts().usage.value_or(Usage{});
        return sent += tap->finish({usage, receipt});
    }
    std::string body;
    Envelope envelope;
    std::unique_ptr<Relay> tap;
    std::string sent;
    ErrorCode failure = ErrorCode::internal;
    const Receipt receipt = ledger::ReceiptMint::test(2'000'000);
};

std::string all(std::initializer_list<std::string_view> events) {
    std::string out;
    for (const auto e : events) out += e;
    return out;
}

TEST(ResponsesTap, PatchesIdModelAndCostAndHoldsTheEnd) {
    Lossless t(true, R"({"model":"m","input":"hi","previous_response_id":"resp_0"})");
    ASSERT_TRUE(t.feed(all({created, item, part})));
    EXPECT_FALSE(t.tap->facts().content);
    ASSERT_TRUE(t.feed(all({delta, completed})));
    EXPECT_TRUE(t.tap->facts().content);
    EXPECT_TRUE(t.tap->facts().terminal);
    EXPECT_EQ(t.sent.find("response.completed"), std::string::npos);
    EXPECT_THAT(t.sent, HasSubstr(R"("id":"resp_01J","object":"response","status":"in_progress","model":"public")"));
    EXPECT_THAT(t.sent, HasSubstr(R"("previous_response_id":"resp_0")"));
    t.finish();
    EXPECT_THAT(t.sent, HasSubstr(R"("usage":{"cost":0.002,"input_tokens":5)"));
    EXPECT_EQ(t.sent.find("resp_up"), std::string::npos);
    EXPECT_EQ(t.sent.find("up-1"), std::string::npos);
    const auto object = JsonDoc::parse(t.tap->reply_object());
    ASSERT_TRUE(object) << t.tap->reply_object();
    EXPECT_EQ(object->root()["id"].text(), "resp_01J");
    EXPECT_EQ(t.tap->facts().usage->output_total(), 2);
}

TEST(ResponsesTap, AnAnswerIsWholeAlsoWhereTheLastEventWithholdsIt) {
    Lossless t(true);
    ASSERT_TRUE(t.feed(
        all({created, item, part, delta,
             "data: {\"type\":\"response.output_item.done\",\"output_index\":0,\"item\":{\"id\":\"msg_1\",\"type\":"
             "\"message\",\"content\":[{\"type\":\"output_text\",\"text\":\"hello\"}]}}\n\n"
             "data: {\"type\":\"response.completed\",\"response\":{\"id\":\"r\",\"status\":\"completed\",\"output\":"
             "[],\"usage\":{\"input_tokens\":5,\"output_tokens\":2}}}\n\n"})));
    t.finish();
    EXPECT_THAT(t.sent, HasSubstr(R"("output":[],)"));
    const auto object = JsonDoc::parse(t.tap->reply_object());
    ASSERT_TRUE(object) << t.tap->reply_object();
    EXPECT_EQ(object->root()["output"].size(), 1u);
}

TEST(ResponsesTap, EverythingElseGoesThroughAsItCame) {
    Lossless t(true);
    const std::string odd =
        ": comment\n\nevent:response.output_text.delta\r\ndata:{\"type\":\"response.output_text.delta\","
        "\"delta\" : \"x\"}\r\n\r\n";
    ASSERT_TRUE(t.feed(odd));
    EXPECT_EQ(t.sent, odd);
}

TEST(ResponsesTap, ADryWalletEndsTheStreamLegally) {
    Lossless t(true);
    ASSERT_TRUE(t.feed(all({created, item, part, delta})));
    Usage usage;
    usage[Component::output] = 1;
    t.sent += t.tap->cut({usage, t.receipt});
    const auto heard = testing::hear_responses(t.sent, {.ours = false});
    EXPECT_EQ(heard.fault, "") << t.sent;
    EXPECT_EQ(heard.status, "incomplete");
    EXPECT_EQ(heard.text, "hello");
    EXPECT_THAT(std::string(t.tap->reply_object()), HasSubstr(R"("text":"hello")"));
}

TEST(ResponsesTap, AFailureGoesOnInOurWords) {
    Lossless t(true);
    ASSERT_TRUE(t.feed(all({created, item, part, delta})));
    ASSERT_TRUE(t.feed(
        "event: response.failed\ndata: {\"type\":\"response.failed\",\"sequence_number\":4,\"response\":{\"id\":"
        "\"resp_up\",\"status\":\"failed\",\"error\":{\"code\":\"server_error\",\"message\":\"org-123\"}}}\n\n"));
    ASSERT_TRUE(t.tap->facts().error);
    EXPECT_FALSE(t.tap->facts().terminal);
    t.sent += t.tap->fail(*t.tap->facts().error);
    const auto heard = testing::hear_responses(t.sent, {.ours = false});
    EXPECT_EQ(heard.fault, "") << t.sent;
    EXPECT_EQ(heard.status, "failed");
    EXPECT_EQ(t.sent.find("org-123"), std::string::npos);
}

TEST(ResponsesTap, BrokenAndEmptyStreams) {
    Lossless broken(true);
    ASSERT_TRUE(broken.feed(all({created, delta})));
    EXPECT_FALSE(broken.end());
    EXPECT_EQ(broken.failure, ErrorCode::upstream_truncated);
    Lossless empty(true);
    EXPECT_FALSE(empty.end());
    EXPECT_EQ(empty.failure, ErrorCode::upstream_empty);
    Lossless blank(true);
    ASSERT_TRUE(
        blank.feed(all({created,
                        "data: {\"type\":\"response.completed\",\"response\":{\"status\":\"completed\",\"output\":[],"
                        "\"usage\":{\"input_tokens\":5,\"output_tokens\":0}}}\n\n"})));
    ASSERT_TRUE(blank.tap->facts().error);
    EXPECT_EQ(blank.tap->facts().error->code(), ErrorCode::upstream_empty);
    Lossless garbage(true);
    ASSERT_TRUE(garbage.feed("data: <html>\n\n"));
    EXPECT_EQ(garbage.tap->facts().error->code(), ErrorCode::upstream_garbage);
}

TEST(ResponsesTap, AWholeBody) {
    Lossless t(false, R"({"model":"m","input":"hi","background":true})");
    ASSERT_TRUE(t.feed(
        R"({ "id":"resp_up", "object":"response","status":"completed","background":false,"model":"up-1","output":[
        {"type":"reasoning","id":"rs","summary":[],"encrypted_content":"gA"},
        {"type":"function_call","call_id":"c1","name":"f","arguments":"{}"}],"usage":null})"));
    ASSERT_TRUE(t.end());
    EXPECT_EQ(t.tap->facts().stop, StopReason::tool_calls);
    EXPECT_EQ(t.tap->facts().states.size(), 2u);
    EXPECT_GT(t.tap->facts().delivered.bytes, 0);
    const std::string out = t.finish();
    const auto doc = JsonDoc::parse(out);
    ASSERT_TRUE(doc) << out;
    EXPECT_EQ(doc->root()["id"].text(), "resp_01J");
    EXPECT_EQ(doc->root()["model"].text(), "public");
    EXPECT_TRUE(doc->root()["background"].boolean());
    EXPECT_EQ(doc->root()["usage"]["cost"].raw(), "0.002");
    EXPECT_EQ(t.tap->reply_object(), out);
}

TEST(ResponsesTap, AWholeBodyThatFailed) {
    Lossless t(false);
    ASSERT_TRUE(t.feed(R"({"status":"failed","error":{"code":"rate_limit_exceeded","message":"m"}})"));
    EXPECT_FALSE(t.end());
    EXPECT_EQ(t.failure, ErrorCode::upstream_rate_limited);
}

}  // namespace
}  // namespace aig::dialect::responses
