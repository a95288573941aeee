// The judge itself: it must accept what is legal and refuse each known way of being wrong, or the tests that trust it
// prove nothing.
#include <gtest/gtest.h>

#include "dialect/testing/anthropic_grammar.h"

using aig::dialect::testing::judge_messages_stream;

namespace {
std::string event(std::string_view type, std::string_view members) {
    return "event: " + std::string(type) + "\ndata: {\"type\":\"" + std::string(type) + "\"" + std::string(members) +
           "}\n\n";
}
const std::string start = event(
    "message_start",
    R"(,"message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"usage":{"input_tokens":9,"output_tokens":1}})");
std::string open(int i, std::string_view block) {
    return event("content_block_start", ",\"index\":" + std::to_string(i) + ",\"content_block\":" + std::string(block));
}
std::string piece(int i, std::string_view delta) {
    return event("content_block_delta", ",\"index\":" + std::to_string(i) + ",\"delta\":" + std::string(delta));
}
std::string shut(int i) { return event("content_block_stop", ",\"index\":" + std::to_string(i)); }
std::string ending(std::string_view reason = "end_turn") {
    return event("message_delta",
                 ",\"delta\":{\"stop_reason\":\"" + std::string(reason) + "\"},\"usage\":{\"output_tokens\":2}");
}
const std::string stop = event("message_stop", ""), ping = event("ping", "");
const std::string text = R"({"type":"text","text":""})", said = R"({"type":"text_delta","text":"x"})";
const std::string thought = R"({"type":"thinking","thinking":"","signature":""})",
                  thinks = R"({"type":"thinking_delta","thinking":"x"})",
                  sign = R"({"type":"signature_delta","signature":"s"})";
const std::string call = R"({"type":"tool_use","id":"a","name":"f","input":{}})",
                  args = R"({"type":"input_json_delta","partial_json":"{}"})";

bool legal(const std::string& s) { return judge_messages_stream(s).fault.empty(); }
}  // namespace

TEST(MessagesGrammar, accepts_what_is_legal) {
    EXPECT_TRUE(legal(ping + start + ping + open(0, text) + piece(0, said) + ping + shut(0) + ending() + stop));
    EXPECT_TRUE(legal(start + open(0, thought) + piece(0, thinks) + piece(0, sign) + shut(0) + open(1, call) +
                      piece(1, args) + shut(1) + ending("tool_use") + stop));
    EXPECT_TRUE(legal(start + ending() + stop));
    EXPECT_TRUE(legal(": comment\n\n" + start + ending() + stop));
    EXPECT_TRUE(legal(start + open(0, text) + event("error", R"(,"error":{"type":"api_error","message":"m"})")));
}

TEST(MessagesGrammar, refuses_what_others_were_seen_to_send) {
    const std::string one = open(0, text) + piece(0, said) + shut(0);
    EXPECT_FALSE(legal(start + start + one + ending() + stop)) << "two message_start";
    EXPECT_FALSE(legal(one + ending() + stop)) << "no message_start";
    EXPECT_FALSE(legal(start + open(0, text) + open(1, call) + piece(1, args) + shut(1) + shut(0) + ending() + stop))
        << "overlapping blocks";
    EXPECT_FALSE(legal(start + one + one + ending() + stop)) << "an index twice";
    EXPECT_FALSE(legal(start + open(1, text) + shut(1) + ending() + stop)) << "an index left out";
    EXPECT_FALSE(legal(start + open(0, text) + piece(0, thinks) + shut(0) + ending() + stop))
        << "a thought in a text block";
    EXPECT_FALSE(legal(start + piece(0, said) + ending() + stop)) << "a piece without its block";
    EXPECT_FALSE(legal(start + open(0, text) + piece(0, said) + ending() + stop)) << "a block left open";
    EXPECT_FALSE(legal(start + open(0, thought) + piece(0, sign) + piece(0, thinks) + shut(0) + ending() + stop))
        << "a thought behind its signature";
    EXPECT_FALSE(legal(start + open(0, call) + shut(0) + ending("tool_use") + stop)) << "a call without arguments";
    EXPECT_FALSE(legal(start + one + ending("tool_use") + stop)) << "tool_use without a call";
    EXPECT_FALSE(legal(start + one + ending("stop") + stop)) << "another wire's stop reason";
    EXPECT_FALSE(legal(start + one + stop)) << "no message_delta";
    EXPECT_FALSE(legal(start + one + ending())) << "no message_stop";
    EXPECT_FALSE(legal(start + one + ending() + stop + stop)) << "two ends";
    EXPECT_FALSE(legal(start + one + ending() + stop + "data: [DONE]\n\n")) << "another wire's end";
    EXPECT_FALSE(legal(start + event("error", R"(,"error":{"type":"api_error","message":"m"})") + ending() + stop))
        << "an end behind an error";
    EXPECT_FALSE(legal(start + one + "data: {\"type\":\"message_stop\"}\n\n")) << "an event without its name";
    EXPECT_FALSE(legal("")) << "nothing";
}
