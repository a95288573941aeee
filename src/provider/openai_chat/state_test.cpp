// What this wire carries beside text and tool calls: OpenRouter's details, Gemini's signatures, reasoning that some
// providers want back, images, annotations, custom tools.
#include <gtest/gtest.h>

#include "base/json.h"
#include "provider/openai_chat/openai_chat.h"

using namespace aig;
using namespace aig::canon;
using Kind = Event::Kind;

namespace {

struct Sent {
    std::string body;
    Losses losses;
};
Sent send(Chat chat, Quirks quirks = {}) {
    Sent s;
    chat.origin = "anthropic";
    auto r = provider::openai::OpenAiChatWire().encode(chat, WireTarget{"m", 0, quirks}, s.losses);
    EXPECT_TRUE(r.ok()) << (r ? "" : r.error().message());
    if (r) s.body = r->body;
    return s;
}
Chat turn(std::vector<Part> parts) {
    Chat c;
    c.messages.push_back({Role::user, {}, {Text{"q", {}}}, {}});
    c.messages.push_back({Role::assistant, {}, std::move(parts), {}});
    return c;
}
Reasoning thought(std::string text, std::string_view kind = {}, std::string data = {}) {
    Reasoning r;
    r.text = std::move(text);
    if (!kind.empty()) r.state = {std::string(kind), std::move(data)};
    return r;
}

struct Got {
    Kind kind;
    std::string text, id, name, raw;
    bool custom;
};
std::vector<Got> decode(std::vector<std::string> chunks) {
    const auto decoder = provider::openai::stream_decoder();
    std::vector<Got> got;
    for (auto& c : chunks) {
        std::vector<Event> events;
        const auto fed = decoder->feed("data: {\"choices\":[{\"index\":0,\"delta\":" + c + "}]}\n\n", events);
        EXPECT_TRUE(fed.ok());
        for (const Event& e : events)
            if (e.kind != Kind::started)
                got.push_back({e.kind, std::string(e.text), std::string(e.id), std::string(e.name), std::string(e.raw),
                               e.custom});
    }
    return got;
}
std::vector<std::string> states(const std::vector<Got>& got) {
    std::vector<std::string> out;
    for (const auto& g : got)
        if (g.kind == Kind::state) out.push_back(g.text);
    return out;
}
}  // namespace

TEST(OpenAiChatState, details_go_back_as_they_came) {
    const std::string raw = R"({"type": "reasoning.text", "text":"hm\u00e9", "signature":"s", "index":0})";
    const auto s = send(turn({thought("hm", state_kind::details, raw), Text{"a", {}}}));
    EXPECT_NE(s.body.find("\"reasoning_details\":[" + raw + "]"), std::string::npos) << s.body;
    EXPECT_EQ(s.body.find("reasoning_content"), std::string::npos);
    EXPECT_TRUE(s.losses.empty());
}

TEST(OpenAiChatState, foreign_state_is_left_out_and_named) {
    for (const auto kind : {state_kind::signature, state_kind::redacted, state_kind::encrypted, state_kind::capsule}) {
        const auto s = send(turn({thought("hm", kind, "BLOB"), Text{"a", {}}}));
        EXPECT_EQ(s.body.find("BLOB"), std::string::npos) << kind;
        EXPECT_EQ(s.losses, Losses{"messages[1].reasoning"}) << kind;
    }
}

TEST(OpenAiChatState, reasoning_goes_back_only_where_it_is_wanted) {
    const Chat c = turn({thought("hm"), Text{"a", {}}});
    const auto elsewhere = send(c), wanted = send(c, {.reasoning_back = true});
    EXPECT_EQ(elsewhere.body.find("reasoning"), std::string::npos);
    EXPECT_EQ(elsewhere.losses, Losses{"messages[1].reasoning"});
    EXPECT_NE(wanted.body.find(R"("reasoning_content":"hm")"), std::string::npos);
    EXPECT_TRUE(wanted.losses.empty());
}

TEST(OpenAiChatState, geminis_signature_stands_on_its_call) {
    ToolCall call;
    call.id = "c1";
    call.name = "f";
    call.state = {std::string(state_kind::thought), "SIG"};
    const auto s = send(turn({call}));
    EXPECT_NE(s.body.find(R"("arguments":"{}"},"extra_content":{"google":{"thought_signature":"SIG"}}})"),
              std::string::npos)
        << s.body;
    const auto got =
        decode({R"({"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"f","arguments":"{}"},)"
                R"("extra_content":{"google":{"thought_signature":"SIG"}}}]})"});
    ASSERT_EQ(got.size(), 3u);
    EXPECT_EQ(got[2].kind, Kind::state);
    EXPECT_EQ(got[2].text + got[2].id + got[2].name, "SIGc1google.thought_signature");
}

TEST(OpenAiChatState, pieces_of_one_detail_become_one_before_what_they_led_to) {
    const auto got = decode({
        R"({"reasoning":"a","reasoning_details":[{"type":"reasoning.text","text":"a","format":"f","index":0}]})",
        R"({"reasoning":"b","reasoning_details":[{"type":"reasoning.text","text":"b","format":"f","index":0}]})",
        R"({"reasoning_details":[{"type":"reasoning.text","signature":"S","format":"f","index":0}]})",
        R"({"reasoning_details":[{"type":"reasoning.encrypted","data":"X","index":0}, {"type":"reasoning.encrypted","data":"Y","index":0}]})",
        R"({"content":"42"})",
    });
    EXPECT_EQ(states(got), (std::vector<std::string>{
                               R"({"type":"reasoning.text","format":"f","index":0,"signature":"S","text":"ab"})",
                               R"({"type":"reasoning.encrypted","data":"X","index":0})",
                               R"({"type":"reasoning.encrypted","data":"Y","index":0})"}));
    EXPECT_EQ(got.back().kind, Kind::text) << "the state comes first";
    EXPECT_EQ(got.front().text, "a");
}

TEST(OpenAiChatState, details_alone_still_say_what_was_thought) {
    const auto got = decode({R"({"reasoning_details":[{"type":"reasoning.summary","summary":"hm","index":0}]})"});
    ASSERT_EQ(got.size(), 1u);
    EXPECT_EQ(got[0].kind, Kind::reasoning);
    EXPECT_EQ(got[0].text, "hm");
}

TEST(OpenAiChatState, images_annotations_and_custom_tools_have_events_of_their_own) {
    const auto got = decode({
        R"({"images":[{"type":"image_url","image_url":{"url":"data:image/png;base64,QUJD"}},{"type":"image_url","image_url":{"url":"https://x/y.png"}}]})",
        R"({"annotations":[{"type":"url_citation","url_citation":{"url":"u","start_index":1.50}}]})",
        R"({"tool_calls":[{"index":0,"id":"c","type":"custom","custom":{"name":"run","input":"4 + 4"}}]})",
    });
    ASSERT_EQ(got.size(), 5u);
    EXPECT_EQ(got[0].name + "|" + got[0].text, "image/png|QUJD");
    EXPECT_EQ(got[1].id, "https://x/y.png");
    EXPECT_EQ(got[2].raw, R"({"type":"url_citation","url":"u","start_index":1.50})");
    EXPECT_TRUE(got[3].custom && got[4].custom);
    EXPECT_EQ(got[4].text, "4 + 4");
}

TEST(OpenAiChatState, images_out_are_asked_for_and_given_back_beside_the_content) {
    Chat c = turn({Text{"here", {}}, Image{"", "image/png", "QUJD", "", {}}});
    c.modalities = {"text", "image"};
    c.aspect_ratio = "16:9";
    const auto body = send(c).body;
    EXPECT_NE(
        body.find(
            R"("content":"here","images":[{"type":"image_url","image_url":{"url":"data:image/png;base64,QUJD"}}])"),
        std::string::npos)
        << body;
    EXPECT_NE(body.find(R"("modalities":["text","image"],"image_config":{"aspect_ratio":"16:9"})"), std::string::npos)
        << body;
}

TEST(OpenAiChatState, a_custom_tool_of_responses_takes_this_wires_shape) {
    Chat c = turn({});
    Tool t;
    t.function = false;
    t.type = "custom";
    t.name = "run";
    t.json = R"({"type":"custom","name":"run","description":"d","format":{"type":"text"}})";
    c.tools = {t};
    ToolCall call;
    call.id = "c1";
    call.name = "run";
    call.arguments_json = "4 + 4";
    call.custom = true;
    c.messages[1].parts = {call};
    const auto body = send(c).body;
    EXPECT_NE(body.find(R"({"type":"custom","custom":{"name":"run","description":"d","format":{"type":"text"}}})"),
              std::string::npos)
        << body;
    EXPECT_NE(body.find(R"({"id":"c1","type":"custom","custom":{"name":"run","input":"4 + 4"}})"), std::string::npos)
        << body;
}
