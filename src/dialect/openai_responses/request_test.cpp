// What peek() refuses and notes, what splice() changes, what parse() understands.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "dialect/openai_responses/tools.h"
#include "dialect/registry.h"

namespace aig::dialect::responses {
namespace {

using namespace canon;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Result<Envelope> peek(std::string_view body) { return openai_responses().peek({Operation::chat, body}); }

Envelope peeked(std::string_view body) {
    auto e = peek(body);
    EXPECT_TRUE(e) << body << ": " << (e ? "" : e.error().message());
    return e ? *std::move(e) : Envelope{};
}

Chat parsed(std::string_view body) {
    (void)peeked(body);
    auto r = openai_responses().parse({Operation::chat, body});
    EXPECT_TRUE(r);
    return std::get<Chat>(*std::move(r));
}

std::string spliced(std::string_view body, Patch patch) {
    const auto e = peeked(body);
    const auto s = openai_responses().splice(body, e, patch);
    EXPECT_TRUE(s);
    std::string out;
    for (const auto p : s->pieces) out += p;
    return out;
}

/// "input" of a request with one member more.
std::string with(std::string_view members) { return fmt::format(R"({{"model":"m","input":"hi",{}}})", members); }
std::string items(std::string_view list) { return fmt::format(R"({{"model":"m","input":[{}]}})", list); }

TEST(ResponsesPeek, RefusesWhatNobodyCouldMean) {
    const std::pair<std::string, std::string_view> wrong[] = {
        {R"({"input":"hi"})", "model"},
        {R"({"model":"m"})", "input"},
        {R"({"model":"m","input":[]})", "input"},
        {R"({"model":"m","input":7})", "input"},
        {items(R"("text")"), "input[0]"},
        {items(R"({"content":"x"})"), "input[0].type"},
        {items(R"({"role":"boss","content":"x"})"), "input[0].role"},
        {items(R"({"role":"user"})"), "input[0].content"},
        {items(R"({"role":"user","content":[{"type":"input_text"}]})"), "input[0].content[0].text"},
        {items(R"({"role":"user","content":[{"type":"input_image"}]})"), "input[0].content[0].image_url"},
        {items(R"({"type":"function_call","name":"f","arguments":"{}"})"), "input[0].call_id"},
        {items(R"({"type":"function_call","call_id":"c","name":"f","arguments":{}})"), "input[0].arguments"},
        {items(R"({"type":"function_call_output","call_id":"c"})"), "input[0].output"},
        {with(R"("stream":1)"), "stream"},
        {with(R"("max_output_tokens":0)"), "max_output_tokens"},
        {with(R"("store":"yes")"), "store"},
        {with(R"("tools":[{"type":"function"}])"), "tools[0].name"},
        {with(R"("tools":[{"type":"namespace","name":"n"}])"), "tools[0].tools"},
        {with(R"("tool_choice":"maybe")"), "tool_choice"},
        {with(R"("text":{"format":{"type":"json_schema","schema":{}}})"), "text.format.name"},
        {with(R"("input":"again")"), "input"},
        {with(R"("conversation":"c","previous_response_id":"r")"), "previous_response_id"},
        {with(R"("include":"all")"), "include"},
    };
    for (const auto& [body, param] : wrong) {
        const auto e = peek(body);
        ASSERT_FALSE(e) << body;
        EXPECT_EQ(e.error().param(), param) << body;
    }
}

TEST(ResponsesPeek, NullIsNotGiven) {
    const auto e = peeked(with(R"("stream":null,"tools":null,"max_output_tokens":null,"previous_response_id":null,
        "background":null,"text":null,"reasoning":null,"metadata":null,"include":null,"temperature":null)"));
    EXPECT_FALSE(e.stream);
    EXPECT_TRUE(e.ours.empty());
}

TEST(ResponsesPeek, NamesWhatOnlyTheFamilyCarries) {
    const std::pair<std::string, std::string_view> only[] = {
        {with(R"("conversation":"conv_1")"), "conversation"},
        {with(R"("prompt":{"id":"p"})"), "prompt"},
        {with(R"("tools":[{"type":"function","name":"f"},{"type":"file_search"}])"), "tools[1] (file_search)"},
        {with(R"("tools":[{"type":"web_search"}])"), "tools[0] (web_search)"},
        {items(R"({"role":"user","content":"x"},{"type":"item_reference","id":"rs_1"})"), "input[1] (item_reference)"},
        {items(R"({"role":"user","content":[{"type":"input_image","file_id":"f"}]})"), "input[0].content[0].file_id"},
        {with(R"("tool_choice":{"type":"web_search"})"), "tool_choice (web_search)"},
    };
    for (const auto& [body, what] : only) EXPECT_EQ(peeked(body).native_only, what) << body;
    // Codex sends this one with every request; it promises not to reach the network.
    EXPECT_EQ(peeked(with(R"("tools":[{"type":"web_search","external_web_access":false}])")).native_only, "");
}

TEST(ResponsesPeek, FindsStateAndWhatItNeeds) {
    const std::string body = items(R"({"type":"reasoning","id":"rs_1","summary":[],"encrypted_content":"abc"},
        {"type":"function_call","call_id":"c1","name":"f","arguments":"{}"},
        {"type":"function_call_output","call_id":"c1","output":[{"type":"input_image","image_url":"data:image/png;base64,AA"}]})");
    const auto e = peeked(body);
    ASSERT_EQ(e.state.size(), 1u);
    EXPECT_EQ(body.substr(e.state[0].begin, e.state[0].end - e.state[0].begin), "\"abc\"");
    EXPECT_TRUE(e.needs & feature_images);
    EXPECT_EQ(e.size.images, 1);
    // Without sealed reasoning the ids of calls tell who gave them.
    const std::string plain = items(R"({"type":"function_call","call_id":"c1","name":"f","arguments":"{}"})");
    const auto calls = peeked(plain);
    ASSERT_EQ(calls.state.size(), 1u);
    EXPECT_EQ(plain.substr(calls.state[0].begin, calls.state[0].end - calls.state[0].begin), "\"c1\"");
}

TEST(ResponsesSplice, ChangesOnlyWhatIsWritten) {
    EXPECT_EQ(spliced(R"({ "model" : "m", "input":"hi","store":false })", {.model = "up\"m"}),
              R"({ "model" : "up\"m", "input":"hi","store":false })");
    EXPECT_EQ(
        spliced(R"({"previous_response_id":"resp_1","model":"m","background":true,"input":"hi"})", {.model = "u"}),
        R"({"previous_response_id":null,"model":"u","background":null,"input":"hi"})");
    EXPECT_EQ(spliced(R"({"model":"m","input":"hi"})", {.model = "u", .max_output = 9}),
              R"({"max_output_tokens":9,"model":"u","input":"hi"})");
    EXPECT_EQ(spliced(R"({"model":"m","max_output_tokens":50,"input":"hi"})", {.model = "u", .max_output = 9}),
              R"({"model":"u","max_output_tokens":9,"input":"hi"})");
}

TEST(ResponsesParse, GathersATurnOfTheModel) {
    const Chat c = parsed(R"({"model":"m","instructions":"be brief","input":[
        {"role":"user","content":"add"},
        {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"hm"}],"encrypted_content":"gAAA"},
        {"type":"message","role":"assistant","content":[{"type":"output_text","text":"ok","annotations":[]}]},
        {"type":"function_call","id":"fc_1","call_id":"c1","name":"f","arguments":"{\"a\":1}"},
        {"type":"function_call","call_id":"c2","namespace":"math","name":"g","arguments":"{}"},
        {"type":"function_call_output","call_id":"c1","output":"3"},
        {"type":"function_call_output","call_id":"c2","output":[{"type":"input_text","text":"4"}]}]})");
    ASSERT_EQ(c.messages.size(), 5u);
    EXPECT_EQ(c.messages[0].role, Role::system);
    const auto& turn = c.messages[2].parts;
    ASSERT_EQ(turn.size(), 4u);
    const auto& reasoning = std::get<Reasoning>(turn[0]);
    EXPECT_TRUE(reasoning.summary);
    EXPECT_EQ(reasoning.state, (State{std::string(state_kind::encrypted), "gAAA"}));
    EXPECT_EQ(std::get<Text>(turn[1]).text, "ok");
    EXPECT_EQ(std::get<ToolCall>(turn[2]).arguments_json, R"({"a":1})");
    EXPECT_EQ(std::get<ToolCall>(turn[3]).name, "math__g");
    EXPECT_EQ(c.messages[3].role, Role::tool);
    EXPECT_EQ(std::get<Text>(std::get<ToolResult>(c.messages[4].parts[0]).parts[0]).text, "4");
}

TEST(ResponsesParse, TwoAnswersInARowStayTwo) {
    const Chat c = parsed(items(R"({"role":"assistant","phase":"commentary","content":"a"},
        {"role":"assistant","content":"b"},{"role":"user","content":"c"})"));
    ASSERT_EQ(c.messages.size(), 3u);
    EXPECT_EQ(c.messages[0].extras[0].first, "phase");
}

TEST(ResponsesParse, KnowsItsOwnCapsules) {
    const Chat c = parsed(items(R"({"type":"reasoning","summary":[],"encrypted_content":"aigs1.xyz"})"));
    EXPECT_EQ(std::get<Reasoning>(c.messages[0].parts[0]).state.kind, state_kind::capsule);
}

TEST(ResponsesParse, ToolsOfEveryKind) {
    const Chat c = parsed(with(R"("tools":[
        {"type":"function","name":"f","parameters":{"type":"object"},"strict":true},
        {"type":"custom","name":"patch","description":"d","format":{"type":"grammar","syntax":"lark","definition":"start: x"}},
        {"type":"namespace","name":"ns","description":"n","tools":[{"type":"function","name":"g"}]},
        {"type":"web_search","external_web_access":false}],"tool_choice":{"type":"function","name":"g","namespace":"ns"})"));
    ASSERT_EQ(c.tools.size(), 3u);
    EXPECT_EQ(c.tools[0].strict, true);
    EXPECT_TRUE(c.tools[1].function);
    EXPECT_THAT(c.tools[1].description, HasSubstr("start: x"));
    EXPECT_THAT(c.tools[1].schema_json, HasSubstr("\"input\""));
    EXPECT_EQ(c.tools[2].name, "ns__g");
    EXPECT_EQ(c.tool_choice.name, "ns__g");
    ASSERT_EQ(c.extras.size(), 1u);
    EXPECT_EQ(c.extras[0].first, "tools[3].web_search");
}

TEST(ResponsesParse, AllowedToolsShortenTheList) {
    const Chat c = parsed(with(R"("tools":[{"type":"function","name":"f"},{"type":"function","name":"g"}],
        "tool_choice":{"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"g"}]})"));
    ASSERT_EQ(c.tools.size(), 1u);
    EXPECT_EQ(c.tools[0].name, "g");
    EXPECT_EQ(c.tool_choice.kind, ToolChoice::Kind::required);
}

TEST(ResponsesParse, TheRestOfTheRequest) {
    const Chat c = parsed(with(R"("text":{"format":{"type":"json_schema","name":"n","schema":{"a":1},"strict":true},
        "verbosity":"low"},"reasoning":{"effort":"high","summary":"auto"},"max_output_tokens":77,"top_logprobs":2,
        "temperature":0.10,"metadata":{"k":"v"},"safety_identifier":"s","truncation":"auto","client_metadata":{"x":"y"},
        "include":["reasoning.encrypted_content","web_search_call.action.sources"],"store":false,"max_tool_calls":3,
        "parallel_tool_calls":false,"stream":true)"));
    EXPECT_EQ(c.response_format->kind, ResponseFormat::Kind::json_schema);
    EXPECT_EQ(c.response_format->strict, true);
    EXPECT_EQ(c.verbosity, "low");
    EXPECT_EQ(c.reasoning_effort, "high");
    EXPECT_EQ(c.reasoning_summary, "auto");
    EXPECT_EQ(c.max_output, 77);
    EXPECT_EQ(c.top_logprobs, 2);
    EXPECT_EQ(c.temperature, "0.10");
    EXPECT_EQ(c.user, "s");
    EXPECT_EQ(c.parallel_tool_calls, false);
    std::vector<std::string> lost;
    for (const auto& e : c.extras) lost.push_back(e.first);
    EXPECT_THAT(lost, ::testing::UnorderedElementsAre("client_metadata", "max_tool_calls", "truncation",
                                                      "include.web_search_call.action.sources"));
}

TEST(ResponsesTools, LongNamesKeepApart) {
    const std::string space(40, 's');
    const auto a = flat_name(space, std::string(40, 'a')), b = flat_name(space, std::string(39, 'a') + "b");
    EXPECT_EQ(a.size(), 64u);
    EXPECT_NE(a, b);
    EXPECT_EQ(unwrapped_input(wrapped_input("a \"b\"\n")), "a \"b\"\n");
    EXPECT_EQ(unwrapped_input("not json"), "not json");
}

}  // namespace
}  // namespace aig::dialect::responses
