// State and made images in a chat caller's own messages: found by peek(), read by parse(), noted by the tap.
#include <gtest/gtest.h>

#include "canon/state.h"
#include "dialect/registry.h"

using namespace aig;
using namespace aig::canon;

namespace {
std::string request(std::string_view message, std::string_view more = "") {
    return R"({"model":"m","messages":[{"role":"user","content":"q"},)" + std::string(message) + "]" +
           std::string(more) + "}";
}
std::vector<std::string> found(std::string_view message) {
    const auto body = request(message);
    const auto e = dialect::openai_chat().peek({Operation::chat, body});
    EXPECT_TRUE(e.ok()) << (e ? "" : e.error().message());
    std::vector<std::string> out;
    if (e)
        for (const Span s : e->state) out.push_back(body.substr(s.begin, s.end - s.begin));
    return out;
}
std::vector<Part> parts(std::string_view message) {
    const auto body = request(message);
    auto r = dialect::openai_chat().parse({Operation::chat, body});
    EXPECT_TRUE(r.ok());
    return std::get<Chat>(*r).messages[1].parts;
}
constexpr std::string_view calls =
    R"("tool_calls":[{"id":"c1","type":"function","function":{"name":"f","arguments":"{}"}}])";
}  // namespace

TEST(ChatState, peek_finds_state_and_else_the_ids_of_calls) {
    EXPECT_EQ(
        found(
            R"({"role":"assistant","content":"a","reasoning_details":[{"type":"reasoning.encrypted","data":"aigs1.x"},)"
            R"({"type":"reasoning.text","text":"t","signature":"S"},7],)" +
            std::string(calls) + "}"),
        (std::vector<std::string>{"\"aigs1.x\"", "\"S\""}));
    EXPECT_EQ(found("{\"role\":\"assistant\"," + std::string(calls) + "}"), std::vector<std::string>{"\"c1\""});
    EXPECT_EQ(
        found(R"({"role":"assistant","tool_calls":[{"id":"c1","extra_content":{"google":{"thought_signature":"G"}},)"
              R"("type":"function","function":{"name":"f","arguments":"{}"}}]})"),
        std::vector<std::string>{"\"G\""});
    EXPECT_TRUE(found(R"({"role":"user","content":"b","reasoning_details":[{"data":"x"}]})").empty());
    EXPECT_TRUE(found(R"({"role":"assistant","content":"a","reasoning_details":{"data":1}})").empty());
}

TEST(ChatState, parse_reads_capsules_and_openrouters_own_objects) {
    const auto ours = parts(
        R"({"role":"assistant","content":"a","reasoning_content":"hm","reasoning_details":[)"
        R"({"type":"reasoning.encrypted","data":"aigs1.x","id":null},{"type":"reasoning.encrypted","data":"aigs1.y"}]})");
    ASSERT_EQ(ours.size(), 3u);
    EXPECT_EQ(std::get<Reasoning>(ours[0]).text, "hm");
    EXPECT_EQ(std::get<Reasoning>(ours[0]).state, (State{"aig.capsule", "aigs1.x"}));
    EXPECT_EQ(std::get<Reasoning>(ours[1]).state, (State{"aig.capsule", "aigs1.y"}));
    const std::string raw = R"({"type": "reasoning.text","text":"hm","signature":"S"})";
    const auto theirs =
        parts(R"({"role":"assistant","reasoning":"hm","reasoning_details":[)" + raw + "]," + std::string(calls) + "}");
    ASSERT_EQ(theirs.size(), 2u) << "the text beside the list says the same once more";
    EXPECT_EQ(std::get<Reasoning>(theirs[0]).text, "hm");
    EXPECT_EQ(std::get<Reasoning>(theirs[0]).state, (State{"openrouter.reasoning_details", raw}));
}

TEST(ChatState, parse_reads_signatures_on_calls_and_texts) {
    const auto p = parts(
        R"({"role":"assistant","content":"a","extra_content":{"google":{"thought_signature":"T"}},"tool_calls":[)"
        R"({"id":"c1","extra_content":{"google":{"thought_signature":"G"}},"type":"function","function":{"name":"f","arguments":"{}"}},)"
        R"({"id":"c2","type":"custom","custom":{"name":"run","input":"4 + 4"}}]})");
    ASSERT_EQ(p.size(), 3u);
    EXPECT_EQ(std::get<Text>(p[0]).state, (State{"google.thought_signature", "T"}));
    EXPECT_EQ(std::get<ToolCall>(p[1]).state, (State{"google.thought_signature", "G"}));
    EXPECT_TRUE(std::get<ToolCall>(p[1]).extras.empty());
    EXPECT_TRUE(std::get<ToolCall>(p[2]).custom);
    EXPECT_EQ(std::get<ToolCall>(p[2]).arguments_json, "4 + 4");
}

TEST(ChatState, images_out_change_what_the_caller_gets) {
    const auto body = request(
        R"({"role":"assistant","content":null,"images":[{"type":"image_url","image_url":{"url":"data:image/png;base64,QUJD"}}]})",
        R"(,"modalities":["text","image"],"image_config":{"aspect_ratio":"16:9","image_size":"2K"})");
    const auto e = dialect::openai_chat().peek({Operation::chat, body});
    ASSERT_TRUE(e.ok());
    EXPECT_TRUE(e->needs & feature_image_out);
    auto r = dialect::openai_chat().parse({Operation::chat, body});
    const auto& chat = std::get<Chat>(*r);
    EXPECT_EQ(chat.modalities, (std::vector<std::string>{"text", "image"}));
    EXPECT_EQ(chat.aspect_ratio + chat.image_size, "16:92K");
    EXPECT_TRUE(chat.extras.empty());
    ASSERT_EQ(chat.messages[1].parts.size(), 1u);
    EXPECT_EQ(std::get<Image>(chat.messages[1].parts[0]).data, "QUJD");
    EXPECT_FALSE(dialect::openai_chat().peek(
        {Operation::chat, request(R"({"role":"user","content":"x"})", R"(,"image_config":3)")}));
}

TEST(ChatState, the_tap_notes_what_passed) {
    Envelope envelope;
    envelope.stream = true;
    ReplyTerms terms;
    terms.envelope = &envelope;
    terms.public_model = "m";
    const auto tap = dialect::openai_chat().tap(terms);
    const auto feed = [&](std::string_view delta) {
        const auto fed =
            tap->feed("data: {\"id\":\"c\",\"model\":\"m\",\"choices\":[{\"index\":0,\"delta\":" + std::string(delta) +
                      "}]}\n\n");
        EXPECT_TRUE(fed.ok());
    };
    feed(R"({"reasoning_details":[{"type":"reasoning.encrypted","data":"X"},{"signature":"Y"}]})");
    feed(
        R"({"content":"hi","tool_calls":[{"index":0,"id":"c1","extra_content":{"google":{"thought_signature":"Z"}},"function":{"name":"f"}}]})");
    EXPECT_EQ(tap->facts().states, (std::vector<uint64_t>{state_print("X"), state_print("Y"), state_print("Z")}));
}
