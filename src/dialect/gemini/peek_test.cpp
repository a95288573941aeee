#include <gtest/gtest.h>

#include "base/json.h"
#include "dialect/registry.h"

using namespace aig;
using namespace aig::canon;

namespace {

Result<Envelope> peek(std::string_view body, Operation operation = Operation::chat) {
    return dialect::gemini().peek(
        {.operation = operation, .body = body, .model = "google/gemini-2.5-flash", .stream = false});
}
std::string refused(std::string_view body) {
    const auto e = peek(body);
    return e ? "accepted" : e.error().param();
}
Chat parse(std::string_view body) {
    auto r = dialect::gemini().parse({.body = body, .model = "m", .stream = true});
    EXPECT_TRUE(r.ok()) << (r ? "" : r.error().message());
    return r ? std::get<Chat>(*std::move(r)) : Chat{};
}
std::string spliced(std::string_view body, const Patch& patch) {
    const auto e = peek(body);
    EXPECT_TRUE(e.ok());
    const auto s = dialect::gemini().splice(body, *e, patch);
    EXPECT_TRUE(s.ok());
    std::string out;
    for (const auto p : s->pieces) out += p;
    return out;
}

}  // namespace

TEST(GeminiPeek, notes_what_the_gateway_must_know) {
    const auto e = peek(
        R"({"contents":[{"role":"user","parts":[{"text":"hi"},{"inline_data":{"mime_type":"image/png","data":"AAAA"}}]}],
        "system_instruction":{"parts":{"text":"s"}},"tools":[{"functionDeclarations":[{"name":"f","parametersJsonSchema":{}}]}],
        "toolConfig":{"functionCallingConfig":{"mode":"ANY"}},
        "generationConfig":{"maxOutputTokens":"100","candidateCount":2,"response_mime_type":"application/json","seed":1,
                            "responseModalities":["TEXT","IMAGE"]}})");
    ASSERT_TRUE(e.ok()) << e.error().message();
    EXPECT_EQ(e->model, "google/gemini-2.5-flash");
    EXPECT_EQ(e->max_output, 100);
    EXPECT_EQ(e->n, 2);
    EXPECT_EQ(e->size.images, 1);
    EXPECT_EQ(e->size.tools, 1);
    EXPECT_EQ(e->size.messages, 1);
    EXPECT_EQ(e->needs, feature_images | feature_tools | feature_tool_choice | feature_json_object |
                            feature_many_choices | feature_seed | feature_image_out);
    EXPECT_FALSE(e->stream);
}

TEST(GeminiPeek, finds_state_and_the_ids_of_turns_without_any) {
    const std::string body =
        R"({"contents":[{"role":"model","parts":[{"functionCall":{"id":"a","name":"f","args":{}},"thoughtSignature":"S1"},{"functionCall":{"id":"b","name":"f"}}]},)"
        R"({"role":"model","parts":[{"functionCall":{"id":"c","name":"f"}}]}]})";
    const auto e = peek(body);
    ASSERT_TRUE(e.ok());
    std::vector<std::string> found;
    for (const Span s : e->state) found.push_back(body.substr(s.begin, s.end - s.begin));
    EXPECT_EQ(found, (std::vector<std::string>{"\"S1\"", "\"c\""}));
}

TEST(GeminiPeek, refuses_what_nobody_could_mean) {
    EXPECT_EQ(refused(R"({})"), "contents");
    EXPECT_EQ(refused(R"({"contents":[]})"), "contents");
    EXPECT_EQ(refused(R"({"contents":"hi"})"), "contents");
    EXPECT_EQ(refused(R"({"contents":[{"role":"assistant","parts":[]}]})"), "contents[0].role");
    EXPECT_EQ(refused(R"({"contents":[{"parts":[{"text":1}]}]})"), "contents[0].parts[0].text");
    EXPECT_EQ(refused(R"({"contents":[{"parts":[{"inlineData":{"mimeType":"image/png"}}]}]})"),
              "contents[0].parts[0].inlineData.data");
    EXPECT_EQ(refused(R"({"contents":[{}],"contents":[{}]})"), "contents");
    EXPECT_EQ(refused(R"({"contents":[{}],"generationConfig":{},"generation_config":{}})"), "generationConfig");
    EXPECT_EQ(refused(R"({"contents":[{}],"generationConfig":{"maxOutputTokens":1,"max_output_tokens":2}})"),
              "generationConfig.maxOutputTokens");
    EXPECT_EQ(refused(R"({"contents":[{}],"generationConfig":{"maxOutputTokens":-1}})"),
              "generationConfig.maxOutputTokens");
    EXPECT_EQ(refused(R"({"contents":[{}],"generationConfig":{"stopSequences":"x"}})"),
              "generationConfig.stopSequences");
    EXPECT_EQ(refused(R"({"contents":[{}],"tools":[{"functionDeclarations":[{}]}]})"),
              "tools[0].functionDeclarations[0].name");
    EXPECT_FALSE(peek("[]").ok());
    EXPECT_FALSE(dialect::gemini().peek({.body = R"({"contents":[{}]})"}).ok()) << "no model in the path";
}

TEST(GeminiPeek, reads_both_kinds_of_embeddings) {
    const auto one = peek(R"({"content":{"parts":[{"text":"abc"}]},"outputDimensionality":64})", Operation::embedding);
    ASSERT_TRUE(one.ok());
    EXPECT_EQ(one->needs, feature_dimensions);
    EXPECT_EQ(one->family, Family::other) << "always translated";
    const auto many = peek(
        R"({"requests":[{"model":"models/m","content":{"parts":[{"text":"a"}]}},{"content":{"parts":[{"text":"b"}]}}]})",
        Operation::embedding);
    ASSERT_TRUE(many.ok());
    EXPECT_EQ(many->size.messages, 2);
    EXPECT_FALSE(peek(R"({"requests":[]})", Operation::embedding).ok());
}

TEST(GeminiSplice, leaves_the_body_alone_but_for_two_things) {
    const std::string body = R"({ "contents" : [{"parts":[{"text":"x"}]}] })";
    EXPECT_EQ(spliced(body, {.model = "gemini-2.5-flash"}), body);
    EXPECT_EQ(spliced(R"({"model":"models/a","contents":[{}]})", {.model = "b"}), R"({"model":null,"contents":[{}]})");
    EXPECT_EQ(spliced(R"({"contents":[{}]})", {.model = "b", .max_output = 7}),
              R"({"generationConfig":{"maxOutputTokens":7},"contents":[{}]})");
    EXPECT_EQ(
        spliced(R"({"contents":[{}],"generation_config":{"topK":1},"model":"a"})", {.model = "b", .max_output = 7}),
        R"({"contents":[{}],"generation_config":{"maxOutputTokens":7,"topK":1},"model":null})");
    EXPECT_EQ(
        spliced(R"({"contents":[{}],"generationConfig":{"maxOutputTokens":null}})", {.model = "b", .max_output = 7}),
        R"({"contents":[{}],"generationConfig":{"maxOutputTokens":7}})");
    EXPECT_EQ(spliced(R"({"contents":[{}],"generationConfig":{"maxOutputTokens":5}})", {.model = "b", .max_output = 7}),
              R"({"contents":[{}],"generationConfig":{"maxOutputTokens":5}})")
        << "a maximum of the caller's own stays";
}

TEST(GeminiParse, pairs_calls_and_results_by_name_where_there_are_no_ids) {
    const Chat c = parse(
        R"({"contents":[{"role":"model","parts":[{"functionCall":{"name":"f","args":{"a":1}}},{"functionCall":{"name":"g","args":{}}},{"functionCall":{"name":"f"}}]},
        {"role":"user","parts":[{"functionResponse":{"name":"f","response":{"result":"one"}}},{"functionResponse":{"name":"g","response":{"error":"bad"}}},{"functionResponse":{"name":"f","response":{"x":1}}}]}]})");
    ASSERT_EQ(c.messages.size(), 2u);
    EXPECT_EQ(c.messages[0].role, Role::assistant);
    EXPECT_EQ(c.messages[1].role, Role::tool);
    std::vector<std::string> calls, results, texts;
    for (const auto& p : c.messages[0].parts) calls.push_back(std::get<ToolCall>(p).id);
    for (const auto& p : c.messages[1].parts) {
        const auto& r = std::get<ToolResult>(p);
        results.push_back(r.call_id);
        texts.push_back(std::get<Text>(r.parts[0]).text);
    }
    EXPECT_EQ(calls, (std::vector<std::string>{"call_1", "call_2", "call_3"}));
    EXPECT_EQ(results, calls);
    EXPECT_EQ(texts, (std::vector<std::string>{"one", "bad", R"({"x":1})"}));
    EXPECT_TRUE(std::get<ToolResult>(c.messages[1].parts[1]).is_error);
}

TEST(GeminiParse, keeps_state_on_its_part_and_knows_capsules) {
    const Chat c = parse(
        R"({"contents":[{"role":"model","parts":[{"text":"a","thought":true},{"text":"b","thought":true,"thoughtSignature":"aigs1.X"},
        {"text":"said"},{"text":"","thoughtSignature":"T"},{"functionCall":{"name":"f"},"thought_signature":"U"}]}]})");
    const auto& parts = c.messages.at(0).parts;
    ASSERT_EQ(parts.size(), 4u);
    EXPECT_EQ(std::get<Reasoning>(parts[0]).text, "ab");
    EXPECT_EQ(std::get<Reasoning>(parts[0]).state, (State{"aig.capsule", "aigs1.X"}));
    EXPECT_EQ(std::get<Text>(parts[2]).state, (State{"google.thought_signature", "T"}));
    EXPECT_EQ(std::get<ToolCall>(parts[3]).state, (State{"google.thought_signature", "U"}));
}

TEST(GeminiParse, reads_config_tools_and_schemas) {
    const Chat c = parse(R"({"contents":[{"parts":[{"text":"x"}]}],"safetySettings":[{"category":"c"}],
        "tools":[{"functionDeclarations":[{"name":"f","parameters":{"type":"OBJECT","properties":{"a":{"type":"STRING","nullable":true},"b":{"type":"ARRAY","items":{"type":"INTEGER"},"minItems":"1"}},"propertyOrdering":["a"]}},{"name":"g"}]},{"googleSearch":{}}],
        "toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f"]}},
        "generationConfig":{"temperature":0.10,"topK":3,"stopSequences":["S"],"thinkingConfig":{"thinkingBudget":0},"responseJsonSchema":{"type":"object"},
          "responseModalities":["IMAGE"],"imageConfig":{"aspectRatio":"16:9","imageSize":"2K"},"speechConfig":{"x":1},"responseLogprobs":true,"logprobs":2}})");
    EXPECT_EQ(
        c.tools.at(0).schema_json,
        R"({"type":"object","properties":{"a":{"type":["string","null"]},"b":{"type":"array","items":{"type":"integer"},"minItems":1}}})");
    EXPECT_FALSE(c.tools.at(2).function);
    EXPECT_EQ(c.tools.at(2).json, R"({"googleSearch":{}})");
    EXPECT_EQ(c.tool_choice.name, "f");
    EXPECT_EQ(c.temperature, "0.10") << "numbers stay the text they were";
    EXPECT_EQ(c.top_k, "3");
    EXPECT_EQ(c.stop, std::vector<std::string>{"S"});
    EXPECT_EQ(c.reasoning_effort, "none");
    EXPECT_EQ(c.response_format->schema_json, R"({"type":"object"})");
    EXPECT_EQ(c.modalities, std::vector<std::string>{"image"});
    EXPECT_EQ(c.aspect_ratio, "16:9");
    EXPECT_EQ(c.image_size, "2K");
    EXPECT_EQ(c.top_logprobs, 2);
    EXPECT_EQ(c.extras,
              (Extras{{"generationConfig.speechConfig", R"({"x":1})"}, {"safetySettings", R"([{"category":"c"}])"}}));
    EXPECT_TRUE(c.stream);
    EXPECT_FALSE(
        dialect::gemini().parse({.body = R"({"contents":[],"cachedContent":"cachedContents/1"})", .model = "m"}).ok());
}
