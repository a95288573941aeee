#include "canon/openai_responses/shape.h"

#include <gtest/gtest.h>

namespace aig::canon::openai_responses {
namespace {

JsonDoc json(std::string_view text) {
    auto doc = JsonDoc::parse(text);
    EXPECT_TRUE(doc) << text;
    return *std::move(doc);
}

TEST(ResponsesShape, UsageIsBroughtIntoDisjointBuckets) {
    const auto doc = json(R"({"input_tokens":100,"input_tokens_details":{"cached_tokens":30,"cache_write_tokens":20},
        "output_tokens":50,"output_tokens_details":{"reasoning_tokens":40},"total_tokens":150})");
    const auto u = usage_of(doc.root());
    ASSERT_TRUE(u);
    EXPECT_EQ((*u)[Component::input], 50);
    EXPECT_EQ((*u)[Component::cached_input], 30);
    EXPECT_EQ((*u)[Component::cache_write], 20);
    EXPECT_EQ((*u)[Component::output], 10);
    EXPECT_EQ((*u)[Component::reasoning], 40);
}

TEST(ResponsesShape, DetailsAreCutToTheirTotals) {
    const auto doc = json(R"({"input_tokens":5,"input_tokens_details":{"cached_tokens":9},"output_tokens":3,
        "output_tokens_details":{"reasoning_tokens":448}})");
    const auto u = usage_of(doc.root());
    ASSERT_TRUE(u);
    EXPECT_EQ(u->input_total(), 5);
    EXPECT_EQ(u->output_total(), 3);
}

TEST(ResponsesShape, UnbelievableCountsAreNone) {
    for (const auto text : {R"({"input_tokens":0,"output_tokens":-9})", R"({"input_tokens":"5","output_tokens":1})",
                            R"({"input_tokens":1.5,"output_tokens":1})", R"({"output_tokens":1})", "null"})
        EXPECT_FALSE(usage_of(json(text).root())) << text;
}

TEST(ResponsesShape, TellsHowAResponseEnded) {
    const auto stop = [](std::string_view text) { return stop_of(json(text).root()); };
    EXPECT_EQ(stop(R"({"status":"completed","output":[{"type":"message"}]})"), StopReason::end);
    EXPECT_EQ(stop(R"({"status":"completed","output":[{"type":"reasoning"},{"type":"function_call"}]})"),
              StopReason::tool_calls);
    EXPECT_EQ(stop(R"({"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"}})"),
              StopReason::length);
    EXPECT_EQ(stop(R"({"status":"incomplete","incomplete_details":{"reason":"content_filter"}})"),
              StopReason::content_filter);
    EXPECT_EQ(stop(R"({"status":"queued"})"), StopReason::none);
    EXPECT_EQ(stop(R"({"status":"cancelled"})"), StopReason::other);
}

TEST(ResponsesShape, SaysHowAResponseEnded) {
    EXPECT_EQ(end_words(StopReason::tool_calls).status, "completed");
    EXPECT_EQ(end_words(StopReason::length).incomplete_reason, "max_output_tokens");
    EXPECT_EQ(end_words(StopReason::content_filter).status, "incomplete");
}

TEST(ResponsesShape, KnowsFailures) {
    const auto failed =
        json(R"({"status":"failed","error":{"code":"rate_limit_exceeded","message":"Request too large"}})");
    EXPECT_TRUE(is_failed(failed.root()));
    EXPECT_EQ(in_band_error(failed.root()).code(), ErrorCode::upstream_rate_limited);
    const auto event = json(R"({"type":"error","code":"server_error","message":"boom","param":null})");
    EXPECT_EQ(in_band_error(event.root()).code(), ErrorCode::upstream_error);
    EXPECT_FALSE(is_failed(json(R"({"status":"completed","error":null})").root()));
}

}  // namespace
}  // namespace aig::canon::openai_responses
