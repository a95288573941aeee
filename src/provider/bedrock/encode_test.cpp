// What Converse asks for beyond a mapping of members; the mapping itself is in the goldens.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "provider/base64.h"
#include "provider/bedrock/bedrock.h"
#include "provider/bedrock/encode.h"

namespace aig::provider {
namespace {

using namespace canon;
using ::testing::HasSubstr;

Message said(Role role, std::vector<Part> parts) { return {role, "", std::move(parts), {}}; }
Chat hello() {
    Chat c;
    c.messages = {said(Role::user, {Text{"hi", {}}})};
    return c;
}
struct Sent {
    std::string body, path;
    Losses losses;
    std::optional<Error> error;
};
Sent encode(const Chat& chat, std::string model = "us.anthropic.claude-sonnet-4-5-20250929-v1:0", Quirks quirks = {}) {
    Sent s;
    auto r = bedrock_wire().encode(chat, {std::move(model), 64'000, quirks}, s.losses);
    if (!r)
        s.error = r.error();
    else
        s.body = r->body, s.path = r->path;
    return s;
}
std::string raw(std::string_view body, std::initializer_list<std::string_view> path) {
    const auto doc = JsonDoc::parse(body);
    if (!doc) return "not JSON";
    JsonRef at = doc->root();
    for (const auto key : path) {
        if (!at.is_array()) {
            at = at[key];
            continue;
        }
        size_t i = 0;
        for (const JsonRef v : at)
            if (std::to_string(i++) == key) at = v;
    }
    return std::string(at.raw());
}

TEST(Bedrock, ModelsStandInThePathAsOneSegment) {
    EXPECT_EQ(encode(hello()).path, "/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/converse");
    Chat c = hello();
    c.stream = true;
    EXPECT_EQ(encode(c, "arn:aws:bedrock:us-east-1:1:inference-profile/a.b").path,
              "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A1%3Ainference-profile%2Fa.b/converse-stream");
}

/// "A conversation must start with a user message" (ValidationException).
TEST(Bedrock, AnAssistantWhoSpeaksFirstHasAUserPutInFront) {
    Chat c;
    c.messages = {said(Role::assistant, {Text{"How can I help?", {}}}), said(Role::user, {Text{"hi", {}}})};
    const auto sent = encode(c);
    EXPECT_EQ(raw(sent.body, {"messages", "0", "role"}), R"("user")");
    EXPECT_EQ(raw(sent.body, {"messages", "0", "content", "0", "text"}), R"x("(The assistant speaks first.)")x");
    EXPECT_EQ(raw(sent.body, {"messages", "1", "role"}), R"("assistant")");
    EXPECT_EQ(sent.losses, std::vector<std::string>{"messages[0].role"});
}

Chat with_calls(std::vector<std::string> asked, std::vector<std::string> answered) {
    Chat c = hello();
    Message calls = said(Role::assistant, {});
    for (const auto& id : asked) calls.parts.push_back(ToolCall{id, "f", "{}"});
    c.messages.push_back(calls);
    for (const auto& id : answered)
        c.messages.push_back(said(Role::tool, {ToolResult{id, {Text{"r", {}}}, false, {}}}));
    return c;
}

/// Each call is answered once, in the very next turn; anything else is said here and costs nothing.
TEST(Bedrock, CountsToolResultsAsTheApiDoes) {
    EXPECT_FALSE(encode(with_calls({"a", "b"}, {"b", "a"})).error);
    for (const auto& c : {with_calls({"a", "b"}, {"a"}), with_calls({"a"}, {"a", "a"}), with_calls({"a"}, {"x"}),
                          with_calls({"a"}, {}), with_calls({}, {"a"})}) {
        const auto s = encode(c);
        ASSERT_TRUE(s.error) << s.body;
        EXPECT_EQ(s.error->code(), ErrorCode::bad_param);
    }
    const auto body = encode(with_calls({"a", "b"}, {"b", "a"})).body;
    EXPECT_EQ(raw(body, {"messages", "2", "content", "0", "toolResult", "toolUseId"}), "\"b\"");
    EXPECT_EQ(raw(body, {"messages", "2", "content", "1", "toolResult", "toolUseId"}), "\"a\"");
    // The API wants the tools of calls that a conversation holds, also when the caller sends none.
    EXPECT_EQ(raw(body, {"toolConfig", "tools", "0", "toolSpec", "name"}), "\"f\"");
}

TEST(Bedrock, ImagesStayInsideOfTheirResults) {
    Chat c = with_calls({"a"}, {});
    c.messages.push_back(
        said(Role::tool, {ToolResult{"a", {Text{"see", {}}, Image{"", "image/png", "iVBORw==", "", {}}}, true, {}}}));
    const auto body = encode(c).body;
    EXPECT_EQ(raw(body, {"messages", "2", "content", "0", "toolResult", "content", "1"}),
              R"({"image":{"format":"png","source":{"bytes":"iVBORw=="}}})");
    EXPECT_EQ(raw(body, {"messages", "2", "content", "0", "toolResult", "status"}), "\"error\"");
}

TEST(Bedrock, FetchesNothingFromTheWeb) {
    Chat c = hello();
    c.messages[0].parts.push_back(Image{"https://example.com/a.png", "", "", "", {}});
    EXPECT_THAT(encode(c).error->message(), HasSubstr("images by URL"));
    c.messages[0].parts[1] = Image{"s3://bucket/a.jpg", "", "", "", {}};
    EXPECT_EQ(raw(encode(c).body, {"messages", "0", "content", "1"}),
              R"({"image":{"format":"jpeg","source":{"s3Location":{"uri":"s3://bucket/a.jpg"}}}})");
}

TEST(Bedrock, DocumentsGetNamesTheApiTakes) {
    Chat c = hello();
    c.messages[0].parts.push_back(File{"../q3  report_(v2).final.pdf", "application/pdf", "JVBERi0=", "", "", {}});
    EXPECT_EQ(raw(encode(c).body, {"messages", "0", "content", "1", "document"}),
              R"({"format":"pdf","name":"q3 report (v2) final","source":{"bytes":"JVBERi0="}})");
}

TEST(Bedrock, ReasoningGoesBackWithItsStateOrNotAtAll) {
    Chat c = hello();
    c.messages.push_back(
        said(Role::assistant, {Reasoning{.text = "t", .state = {"anthropic.signature", "sig"}},
                               Reasoning{.text = "", .state = {"anthropic.redacted_thinking", "abc"}},
                               Reasoning{.text = "foreign", .state = {"openai.encrypted_content", "x"}},
                               Reasoning{.text = "plain"}, Text{"hello", {}}}));
    c.messages.push_back(said(Role::user, {Text{"and?", {}}}));
    const auto s = encode(c);
    EXPECT_EQ(raw(s.body, {"messages", "1", "content"}),
              R"([{"reasoningContent":{"reasoningText":{"text":"t","signature":"sig"}}},)"
              R"({"reasoningContent":{"redactedContent":")" +
                  base64_text("abc") + R"("}},{"text":"hello"}])");
    EXPECT_EQ(s.losses, (Losses{"messages[1].reasoning"}));
}

const Extras marked{{"cache_control", R"({"type":"ephemeral"})"}};
const Extras marked_1h{{"cache_control", R"({"type":"ephemeral","ttl":"1h"})"}};

TEST(Bedrock, CacheMarksBecomeCachePoints) {
    Chat c = hello();
    c.messages.insert(c.messages.begin(), said(Role::system, {Text{"be brief", marked_1h}}));
    c.messages[1].parts[0] = Text{"hi", marked};
    c.tools = {Tool{"f", "", "", {}, true, "", "", marked}};
    const auto body = encode(c).body;
    EXPECT_EQ(raw(body, {"system", "1"}), R"({"cachePoint":{"type":"default","ttl":"1h"}})");
    EXPECT_EQ(raw(body, {"messages", "0", "content", "1"}), R"({"cachePoint":{"type":"default"}})");
    EXPECT_EQ(raw(body, {"toolConfig", "tools", "1"}), R"({"cachePoint":{"type":"default"}})");
}

TEST(Bedrock, NeverMoreThanFourCachePoints) {
    Chat c;
    c.messages = {said(Role::user, {})};
    for (int i = 0; i < 6; ++i) c.messages[0].parts.push_back(Text{"t", marked});
    const auto s = encode(c);
    size_t points = 0;
    for (size_t at = s.body.find("cachePoint"); at != std::string::npos; at = s.body.find("cachePoint", at + 1))
        ++points;
    EXPECT_EQ(points, 4u);
    EXPECT_EQ(s.losses, Losses{"cache_control"});
    EXPECT_TRUE(raw(s.body, {"messages", "0", "content"}).ends_with(R"({"cachePoint":{"type":"default"}}])"));
}

TEST(Bedrock, ReasoningIsAskedForInItsMakersWords) {
    Chat c = hello();
    c.reasoning_effort = "high";
    EXPECT_EQ(raw(encode(c).body, {"additionalModelRequestFields"}),
              R"({"thinking":{"type":"enabled","budget_tokens":16384}})");
    EXPECT_EQ(raw(encode(c, "us.anthropic.claude-opus-4-8", {.adaptive_thinking = true}).body,
                  {"additionalModelRequestFields"}),
              R"({"thinking":{"type":"adaptive","display":"summarized"},"output_config":{"effort":"high"}})");
    EXPECT_EQ(raw(encode(c, "openai.gpt-oss-120b-1:0").body, {"additionalModelRequestFields"}),
              R"({"reasoning_effort":"high"})");
    EXPECT_EQ(raw(encode(c, "us.amazon.nova-2-lite-v1:0").body, {"additionalModelRequestFields"}),
              R"({"reasoningConfig":{"type":"enabled","maxReasoningEffort":"high"}})");
    c.temperature = "0.2";
    c.top_p = "0.9";  // Claude takes one of the two, the others both
    const auto other = encode(c, "meta.llama3-70b-instruct-v1:0");
    EXPECT_EQ(other.losses, Losses{"reasoning_effort"});
    EXPECT_EQ(raw(other.body, {"inferenceConfig"}), R"({"temperature":0.2,"topP":0.9})");
}

TEST(Bedrock, TheCallersOwnModelFieldsWin) {
    Chat c = hello();
    c.top_k = "5";
    c.extras = {{"additionalModelRequestFields", R"({"top_k":7,"x":1})"},
                {"guardrailConfig", R"({"guardrailIdentifier":"g"})"},
                {"safety_identifier", "\"u\""}};
    const auto s = encode(c);
    EXPECT_EQ(raw(s.body, {"additionalModelRequestFields"}), R"({"top_k":7,"x":1})");
    EXPECT_EQ(raw(s.body, {"guardrailConfig"}), R"({"guardrailIdentifier":"g"})");
    EXPECT_EQ(s.losses, Losses{"safety_identifier"});
}

TEST(Bedrock, SchemasGoAsTextOrAsAForcedTool) {
    Chat c = hello();
    c.response_format = ResponseFormat{ResponseFormat::Kind::json_schema, "city", "", R"({"type":"object"})", true};
    EXPECT_EQ(raw(encode(c).body, {"outputConfig", "textFormat", "structure", "jsonSchema"}),
              R"({"schema":"{\"type\":\"object\",\"additionalProperties\":false}","name":"city"})");
    const auto forced = encode(c, "amazon.nova-pro-v1:0", {.no_output_format = true}).body;
    EXPECT_EQ(raw(forced, {"toolConfig", "toolChoice"}), R"({"tool":{"name":"aig_structured_output"}})");
}

TEST(Bedrock, NoToolsIsNotTellingThem) {
    Chat c = hello();
    c.tools = {Tool{"f", "", "", {}, true, "", "", {}}};
    c.tool_choice.kind = ToolChoice::Kind::none;
    EXPECT_EQ(encode(c).body.find("toolConfig"), std::string::npos);
    Chat used = with_calls({"a"}, {"a"});
    used.tools = c.tools;
    used.tool_choice = c.tool_choice;
    EXPECT_EQ(encode(used).error->code(), ErrorCode::unsupported_feature);
}

TEST(Bedrock, IdsOfCallsFitTheApi) {
    EXPECT_EQ(bedrock::tool_id("call_a.b:c-d"), "call_a.b:c-d");
    EXPECT_EQ(bedrock::tool_id("a/b"), bedrock::tool_id("a/b"));
    EXPECT_NE(bedrock::tool_id("a/b"), bedrock::tool_id("a b"));
    EXPECT_LE(bedrock::tool_id(std::string(200, 'x')).size(), 64u);
}

TEST(BedrockInvoke, TheBodyIsMessagesWithoutModelAndStream) {
    Chat c = hello();
    c.stream = true;
    c.max_output = 5;
    c.extras = {{"anthropic_beta", R"(["a"])"}};
    Losses losses;
    const auto r = bedrock_invoke_wire().encode(c, {"anthropic.claude-3:0", 100, {}}, losses);
    ASSERT_TRUE(r);
    EXPECT_EQ(r->path, "/model/anthropic.claude-3%3A0/invoke-with-response-stream");
    EXPECT_EQ(r->body, R"({"anthropic_version":"bedrock-2023-05-31","anthropic_beta":["a"],"max_tokens":5,)"
                       R"("messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}]})");
    EXPECT_TRUE(losses.empty());
}

}  // namespace
}  // namespace aig::provider
