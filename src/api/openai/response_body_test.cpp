#include "api/openai/response_body.h"

#include <gtest/gtest.h>

#include "api/openai/follow.h"

namespace aig::api {
namespace {

ResponseBody read(std::string_view text) {
    auto body = ResponseBody::read(text);
    EXPECT_TRUE(body) << text;
    return *std::move(body);
}

TEST(ResponseBody, WhatTheGatewayIsAsked) {
    EXPECT_TRUE(read(R"({"input":"x"})").store());
    EXPECT_TRUE(read(R"({"store":null})").store());
    EXPECT_FALSE(read(R"({"store":false})").store());
    EXPECT_TRUE(read(R"({"background":true})").background());
    EXPECT_EQ(read(R"({"previous_response_id":"resp_1"})").previous_id(), "resp_1");
    EXPECT_FALSE(ResponseBody::read("[]"));
}

TEST(ResponseBody, PutsWhatWasSaidInFront) {
    EXPECT_EQ(
        read(R"({"model":"m", "input" : "x","a":1})").expanded(R"({"b":2})"),
        R"({"model":"m", "input" : [{"b":2},{"type":"message","role":"user","content":[{"type":"input_text","text":"x"}]}],"a":1})");
    EXPECT_EQ(read(R"({"input":[{"c":3}]})").expanded(""), R"({"input":[{"c":3}]})");
    EXPECT_EQ(read(R"({"model":"m"})").expanded(R"({"b":2})"), R"({"input":[{"b":2}],"model":"m"})");
}

TEST(ResponseBody, ReferencesToOurItemsBecomeTheItems) {
    auto body =
        read(R"({"input":[{"type":"item_reference","id":"msg_01J_2"},{"type":"item_reference","id":"rs_6867"}]})");
    ASSERT_EQ(body.references(), std::vector<std::string>{"msg_01J_2"});
    body.resolve("msg_01J_2", R"({"type":"message"})");
    EXPECT_EQ(body.own_input(), R"([{"type":"message"},{"type":"item_reference","id":"rs_6867"}])");
}

TEST(ResponseBody, AsAStreamAndWithoutInput) {
    EXPECT_EQ(ResponseBody::streamed(R"({"stream":false,"a":1})"), R"({"stream":true,"a":1})");
    EXPECT_EQ(ResponseBody::streamed(R"({"a":1})"), R"({"stream":true,"a":1})");
    EXPECT_EQ(read(R"({"a":1,"input":"x","b":2})").without_input(), R"({"a":1,"b":2})");
}

TEST(ResponseBody, AConversationIsInputsAndOutputs) {
    records::StoredResponse one, two;
    one.input = R"([{"i":1}])";
    one.object = R"({"output":[{"o":1},{"id":"msg_1","o":2}]})";
    two.input = "[]";
    two.object = R"({"output":[]})";
    EXPECT_EQ(conversation({one, two}), R"({"i":1},{"o":1},{"id":"msg_1","o":2})");
    EXPECT_EQ(output_item(one, "msg_1"), R"({"id":"msg_1","o":2})");
    EXPECT_EQ(output_item(one, "msg_9"), "");
}

TEST(Follow, GivesWholeEventsAboveANumber) {
    std::string text =
        ": ping\n\nevent: a\ndata: {\"sequence_number\":0}\n\ndata: {\"sequence_number\":1}\n\ndata: {\"seq";
    EXPECT_EQ(events_after(text, 0), ": ping\n\ndata: {\"sequence_number\":1}\n\n");
    EXPECT_EQ(text, "data: {\"seq");
}

}  // namespace
}  // namespace aig::api
