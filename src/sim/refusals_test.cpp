// The simulator refuses what the vendors refuse, in the vendors' envelopes.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "sim/testing/asked.h"

namespace aig::sim {
namespace {

using namespace testing;

struct Case {
    std::string body, words;
    int status = 400;
};

void expect_refused(const std::string& path, const std::vector<Case>& cases) {
    auto brain = make_brain();
    for (const Case& c : cases) {
        const HttpReply r = ask(*brain, path, c.body);
        EXPECT_EQ(r.status, c.status) << c.body << "\n" << r.body;
        EXPECT_NE(r.body.find(c.words), std::string::npos) << c.body << "\n" << r.body;
        const auto doc = JsonDoc::parse(r.body);
        ASSERT_TRUE(doc.ok()) << r.body;
        EXPECT_TRUE(doc->root()["error"]["message"].is_string()) << r.body;
        EXPECT_EQ(doc->root()["type"].text() == "error", path == "/v1/messages") << r.body;
    }
}

TEST(OpenaiRefuses, WhatOpenaiRefuses) {
    const std::string hi = R"("messages":[{"role":"user","content":"hi"}])", head = R"({"model":"m",)";
    expect_refused(
        "/v1/chat/completions",
        {
            {"{", "could not parse"},
            {R"({"messages":[]})", "you must provide a model parameter"},
            {R"({"model":"m"})", "Missing required parameter: 'messages'"},
            {R"({"model":"m","messages":[]})", "empty array"},
            {R"({"model":"does-not-exist",)" + hi + "}", "model_not_found", 404},
            {R"({"model":"fault/nonsense",)" + hi + "}", "model_not_found", 404},
            {head + R"("messages":[{"role":"wizard","content":"hi"}]})", "'system', 'assistant', 'user'"},
            {head + R"("messages":[{"content":"hi"}]})", "messages[0].role"},
            {head + R"("messages":[{"role":"user","content":null}]})", "expected a string, got null"},
            {head + R"("messages":[{"role":"user","content":[{"type":"image"}]}]})", "'image_url'"},
            {head +
                 R"("messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"file:///etc/passwd"}}]}]})",
             "invalid_image_url"},
            {head + R"("messages":[{"role":"tool","content":"x","tool_call_id":"c"}]})",
             "must be a response to a preceeding message"},
            {head +
                 R"("messages":[{"role":"user","content":"hi"},{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"user","content":"so?"}]})",
             "must be followed by tool messages"},
            {head +
                 R"("messages":[{"role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":{}}}]}]})",
             "expected a string, but got an object"},
            {head + hi + R"(,"system":"be nice"})", "Unknown parameter: 'system'"},
            {head + hi + R"(,"stop_sequences":["x"]})", "unknown_parameter"},
            {head + hi + R"(,"stream_options":{"include_usage":true}})", "only allowed when 'stream' is enabled"},
            {head + hi + R"(,"max_tokens":0})", "integer_below_min_value"},
            {head + hi + R"(,"max_tokens":"9"})", "expected an integer, but got a string"},
            {head + hi + R"(,"max_tokens":1,"max_completion_tokens":1})", "invalid_parameter_combination"},
            {head + hi + R"(,"temperature":3})", "decimal_above_max_value"},
            {head + hi + R"(,"stop":["a","b","c","d","e"]})", "array_above_max_length"},
            {head + hi + R"(,"top_logprobs":2})", "only allowed when 'logprobs'"},
            {head + hi + R"(,"tool_choice":"auto"})", "only allowed when 'tools' are specified"},
            {head + hi + R"(,"parallel_tool_calls":true})", "only allowed when 'tools' are specified"},
            {head + hi + R"(,"tools":[]})", "empty_array"},
            {head + hi + R"(,"tools":[{"name":"f","input_schema":{}}]})", "tools[0].type"},
            {head + hi + R"(,"tools":[{"type":"function","function":{"name":"a b"}}]})", "pattern"},
            {head + hi +
                 R"(,"tools":[{"type":"function","function":{"name":"f","strict":true,"parameters":{"type":"object","properties":{"a":{"type":"string"}}}}}]})",
             "additionalProperties"},
            {head + hi +
                 R"(,"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":{"type":"function","function":{"name":"g"}}})",
             "not found in 'tools'"},
            {head + hi + R"(,"tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"any"})",
             "'required'"},
            {head + hi + R"(,"response_format":{"type":"json_schema","schema":{}}})", "response_format.json_schema"},
            {head + hi + R"(,"reasoning_effort":"huge"})", "reasoning_effort"},
        });
}

TEST(AnthropicRefuses, WhatAnthropicRefuses) {
    const std::string hi = R"("messages":[{"role":"user","content":"hi"}])",
                      head = R"({"model":"m","max_tokens":2000,)";
    expect_refused(
        "/v1/messages",
        {
            {"[", "not valid JSON"},
            {R"({"max_tokens":9,)" + hi + "}", "model: Field required"},
            {R"({"model":"m",)" + hi + "}", "max_tokens: Field required"},
            {R"({"model":"m","max_tokens":0,)" + hi + "}", "greater than or equal to 1"},
            {R"({"model":"m","max_tokens":5})", "messages: Field required"},
            {head + R"("messages":[]})", "at least one message"},
            {head + R"("messages":[{"role":"system","content":"x"}]})", "messages.0.role"},
            {head + R"("messages":[{"role":"assistant","content":"x"}]})", "first message must use"},
            {head + R"("messages":[{"role":"user","content":""}]})", "non-empty"},
            {head + R"("messages":[{"role":"user","content":[{"type":"text","text":""}]}]})",
             "text content blocks must be non-empty"},
            {head + R"("messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://x"}}]}]})",
             "image_url"},
            {head + R"("messages":[{"role":"user","content":"hi","name":"x"}]})", "messages.0.name: Extra inputs"},
            {head +
                 R"("messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":"x"}]}]})",
             "unexpected `tool_use_id`"},
            {head +
                 R"("messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{}}]},{"role":"user","content":"so?"}]})",
             "without `tool_result` blocks immediately after: t"},
            {head +
                 R"("messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{}}]}]})",
             "without `tool_result`"},
            {head +
                 R"("messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":{}}]},{"role":"user","content":[{"type":"text","text":"first"},{"type":"tool_result","tool_use_id":"t"}]}]})",
             "without `tool_result` blocks immediately after"},
            {head +
                 R"("messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"tool_use","id":"t","name":"f","input":"{}"}]}]})",
             "valid dictionary"},
            {head +
                 R"("messages":[{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"thinking","thinking":"x","signature":"fake"}]}]})",
             "Invalid `signature`"},
            {head + hi + R"(,"n":1})", "n: Extra inputs are not permitted"},
            {head + hi + R"(,"stream_options":{}})", "stream_options: Extra inputs"},
            {head + hi + R"(,"temperature":1.5})", "temperature: range: 0..1"},
            {head + hi + R"(,"stop_sequences":["\n"]})", "non-whitespace"},
            {head + hi + R"(,"thinking":{"type":"enabled","budget_tokens":100}})", "1024"},
            {head + hi + R"(,"thinking":{"type":"enabled","budget_tokens":2000}})", "`max_tokens` must be greater"},
            {head + hi + R"(,"thinking":{"type":"enabled","budget_tokens":1024},"temperature":0.5})",
             "only be set to 1"},
            {head + hi +
                 R"(,"thinking":{"type":"enabled","budget_tokens":1024},"tools":[{"name":"f","input_schema":{"type":"object"}}],"tool_choice":{"type":"any"}})",
             "Thinking may not be enabled"},
            {head + hi + R"(,"tools":[{"type":"function","function":{"name":"f"}}]})", "'function'"},
            {head + hi + R"(,"tools":[{"name":"f"}]})", "input_schema: Field required"},
            {head + hi + R"(,"tools":[{"name":"f","input_schema":{}}]})", "input_schema.type: Field required"},
            {head + hi +
                 R"(,"tools":[{"name":"f","input_schema":{"type":"object"}},{"name":"f","input_schema":{"type":"object"}}]})",
             "unique"},
            {head + hi + R"(,"tool_choice":{"type":"auto"}})", "only be specified while providing tools"},
            {head + hi +
                 R"(,"tools":[{"name":"f","input_schema":{"type":"object"}}],"tool_choice":{"type":"required"}})",
             "'any'"},
            {head + hi +
                 R"(,"output_config":{"format":{"type":"json_schema","schema":{"type":"object","properties":{}}}}})",
             "additionalProperties"},
            {head + hi +
                 R"(,"output_config":{"format":{"type":"json_schema","schema":{"type":"object","additionalProperties":false,"properties":{"a":{"type":"integer","minimum":1}}}}}})",
             "minimum"},
        });
}

TEST(AnthropicAccepts, WhatAnthropicAccepts) {
    auto brain = make_brain();
    for (
        const std::string& messages_json :
        {std::string(R"([{"role":"user","content":"a"},{"role":"user","content":"b"}])"),
         std::string(
             R"([{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":")") +
             thinking_signature("hm", account_of_key("sk-test")) +
             R"("},{"type":"text","text":"x"}]},{"role":"user","content":"b"}])",
         std::string(
             R"([{"role":"user","content":"hi"},{"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"f","input":{}},{"type":"tool_use","id":"t2","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t2","is_error":true,"content":[{"type":"text","text":"x"}]},{"type":"tool_result","tool_use_id":"t1"},{"type":"text","text":"now?"}]}])")}) {
        const HttpReply r =
            ask(*brain, "/v1/messages", R"({"model":"m","max_tokens":9,"messages":)" + messages_json + "}");
        EXPECT_EQ(r.status, 200) << r.body;
    }
}

TEST(AnthropicRefuses, StateOfAnotherAccountOrText) {
    auto brain = make_brain();
    const auto turn = [&](std::string_view text, std::string_view signature) {
        Call call;
        const auto r = ask(*brain, "/v1/messages",
                           fmt::format(R"({{"model":"m","max_tokens":9,"messages":[{{"role":"user","content":"hi"}},)"
                                       R"({{"role":"assistant","content":[{{"type":"thinking","thinking":"{}",)"
                                       R"("signature":"{}"}},{{"type":"text","text":"x"}}]}},)"
                                       R"({{"role":"user","content":"b"}}]}})",
                                       text, signature),
                           &call);
        return std::pair(r.status, call.states);
    };
    const auto good = thinking_signature("hm", account_of_key("sk-test"));
    EXPECT_EQ(turn("hm", good), std::pair(200, int64_t{1}));
    EXPECT_EQ(turn("hm.", good).first, 400);
    EXPECT_EQ(turn("hm", thinking_signature("hm", account_of_key("sk-other"))).first, 400);
    EXPECT_EQ(turn("hm", "").first, 400);
}

TEST(EmbeddingsRefuse, WhatOpenaiRefuses) {
    expect_refused("/v1/embeddings", {
                                         {R"({"input":"x"})", "model parameter"},
                                         {R"({"model":"m"})", "input"},
                                         {R"({"model":"m","input":""})", "'$.input' is invalid"},
                                         {R"({"model":"m","input":[]})", "empty"},
                                         {R"({"model":"m","input":["a",""]})", "'$.input' is invalid"},
                                         {R"({"model":"m","input":[1,-2]})", "token"},
                                         {R"({"model":"m","input":"x","dimensions":-1})", "less than the minimum of 1"},
                                         {R"({"model":"m","input":"x","encoding_format":"hex"})", "Supported values"},
                                     });
}

TEST(Keys, AreAskedForInEachVendorsWords) {
    SimOptions options;
    options.api_key = "sk-right";
    auto brain = make_brain(options);
    auto with = [&](std::string path, std::vector<std::pair<std::string, std::string>> headers) {
        Request r = post_request(std::move(path),
                                 R"({"model":"m","max_tokens":5,"messages":[{"role":"user","content":"hi"}]})");
        headers.emplace_back("anthropic-version", "2023-06-01");
        headers.emplace_back("content-type", "application/json");
        r.headers = std::move(headers);
        Call call;
        const Script s = brain->answer(r, call);
        return parse_reply(s.steps.front().bytes);
    };
    EXPECT_EQ(with("/v1/chat/completions", {}).status, 401);
    EXPECT_EQ(with("/v1/chat/completions", {{"authorization", "Bearer sk-wrong"}}).status, 401);
    EXPECT_EQ(with("/v1/chat/completions", {{"x-api-key", "sk-right"}}).status, 401) << "OpenAI knows no x-api-key";
    EXPECT_EQ(with("/v1/chat/completions", {{"authorization", "Bearer sk-right"}}).status, 200);
    EXPECT_NE(with("/v1/messages", {}).body.find("authentication_error"), std::string::npos);
    EXPECT_EQ(with("/v1/messages", {{"x-api-key", "sk-right"}}).status, 200);
    EXPECT_EQ(with("/v1/messages", {{"authorization", "Bearer sk-right"}}).status, 200);
    EXPECT_EQ(with("/v1/messages", {{"x-api-key", "sk-wrong"}, {"authorization", "Bearer sk-right"}}).status, 401);
    EXPECT_EQ(with("/v1/messages", {{"x-api-key", "sk-wrong"}}).body.find("sk-wrong"), std::string::npos);
}

}  // namespace
}  // namespace aig::sim
