#include <gtest/gtest.h>

#include <algorithm>

#include "base/json.h"
#include "provider/gemini/gemini.h"

using namespace aig;
using namespace aig::canon;

namespace {

struct Encodes {
    std::string path, body, refused;
    Losses losses;
    bool lost(std::string_view name) const { return std::find(losses.begin(), losses.end(), name) != losses.end(); }
};

Encodes encode(const Request& request, Quirks quirks = {}, bool vertex = false,
               std::string model = "gemini-2.5-flash") {
    Encodes out;
    const WireTarget target{std::move(model), 0, quirks};
    auto r = (vertex ? provider::vertex_wire() : provider::gemini_wire()).encode(request, target, out.losses);
    if (!r) {
        out.refused = r.error().param();
        return out;
    }
    out.path = r->path;
    out.body = r->body;
    EXPECT_TRUE(JsonDoc::parse(out.body).ok()) << out.body;
    return out;
}
Chat chat(std::string_view text = "hi") {
    Chat c;
    Message m;
    m.parts.push_back(Text{std::string(text), {}});
    c.messages.push_back(std::move(m));
    return c;
}
Message turn(Role role, std::vector<Part> parts) {
    Message m;
    m.role = role;
    m.parts = std::move(parts);
    return m;
}
ToolCall call(std::string id, std::string name, std::string args, std::string_view kind = {}, std::string data = {}) {
    ToolCall c;
    c.id = std::move(id);
    c.name = std::move(name);
    c.arguments_json = std::move(args);
    c.state = {std::string(kind), std::move(data)};
    return c;
}
ToolResult result(std::string id, std::vector<Part> parts, bool error = false) {
    ToolResult r;
    r.call_id = std::move(id);
    r.parts = std::move(parts);
    r.is_error = error;
    return r;
}
bool has(const std::string& body, std::string_view what) { return body.find(what) != std::string::npos; }

}  // namespace

TEST(GeminiEncode, puts_the_model_and_the_method_into_the_path) {
    Chat c = chat();
    EXPECT_EQ(encode(c).path, "/models/gemini-2.5-flash:generateContent");
    c.stream = true;
    EXPECT_EQ(encode(c).path, "/models/gemini-2.5-flash:streamGenerateContent?alt=sse");
    EXPECT_EQ(encode(c, {}, false, "tunedModels/a b?x").path, "/tunedModels/a%20b%3Fx:streamGenerateContent?alt=sse");
    EXPECT_EQ(encode(c).body, R"({"contents":[{"role":"user","parts":[{"text":"hi"}]}]})");
}

TEST(GeminiEncode, hoists_leading_system_text_and_keeps_later_in_place) {
    Chat c;
    c.messages = {turn(Role::system, {Text{"s", {}}}), turn(Role::developer, {Text{"d", {}}}),
                  turn(Role::user, {Text{"u", {}}}), turn(Role::system, {Text{"later", {}}})};
    const auto e = encode(c);
    EXPECT_EQ(
        e.body,
        R"({"systemInstruction":{"parts":[{"text":"s"},{"text":"d"}]},"contents":[{"role":"user","parts":[{"text":"u"},{"text":"<system>\nlater\n</system>"}]}]})");
    EXPECT_TRUE(e.lost("messages[3].role"));
    Chat only;
    only.messages = {turn(Role::system, {Text{"s", {}}})};
    EXPECT_EQ(encode(only).body, R"({"contents":[{"role":"user","parts":[{"text":"s"}]}]})");
}

TEST(GeminiEncode, restores_signatures_on_the_very_same_parts) {
    Chat c = chat();
    Text said{"ok", {}};
    said.state = {std::string(state_kind::thought), "T=="};
    Reasoning thought;
    thought.text = "hm";
    thought.state = {std::string(state_kind::thought), "R=="};
    Reasoning foreign;
    foreign.text = "claude";
    foreign.state = {std::string(state_kind::signature), "X"};
    c.messages.push_back(
        turn(Role::assistant,
             {thought, foreign, said, call("a", "f", "{\"x\": 1.0}", state_kind::thought, "C=="), call("b", "g", "")}));
    c.messages.push_back(turn(Role::tool, {result("a", {Text{"{\"t\": 1}", {}}})}));
    c.messages.push_back(turn(Role::tool, {result("b", {Text{"plain", {}}}, true)}));
    const auto e = encode(c);
    EXPECT_TRUE(has(
        e.body,
        R"({"role":"model","parts":[{"text":"hm","thought":true,"thoughtSignature":"R=="},{"text":"ok","thoughtSignature":"T=="},)"
        R"({"functionCall":{"id":"a","name":"f","args":{"x": 1.0}},"thoughtSignature":"C=="},{"functionCall":{"id":"b","name":"g","args":{}}}]})"))
        << e.body;
    EXPECT_TRUE(has(e.body, R"({"role":"user","parts":[{"functionResponse":{"id":"a","name":"f","response":{"t": 1}}},)"
                            R"({"functionResponse":{"id":"b","name":"g","response":{"error":"plain"}}}]})"))
        << e.body;
    EXPECT_TRUE(e.lost("messages[1].reasoning"));
    EXPECT_FALSE(has(e.body, "claude"));
}

TEST(GeminiEncode, marks_calls_of_elsewhere_only_where_the_model_asks_for_it) {
    Chat c = chat();
    c.messages.push_back(
        turn(Role::assistant, {call("a", "f", "{}", state_kind::capsule, "aigs1.x"), call("b", "f", "{}")}));
    c.messages.push_back(turn(Role::tool, {result("a", {}), result("b", {})}));
    EXPECT_FALSE(has(encode(c).body, "thoughtSignature"));
    const auto e = encode(c, {.signed_calls = true});
    const size_t first = e.body.find("skip_thought_signature_validator");
    EXPECT_NE(first, std::string::npos);
    EXPECT_EQ(e.body.find("skip_thought_signature_validator", first + 1), std::string::npos)
        << "one for the whole turn";
    EXPECT_TRUE(e.lost("messages[1].reasoning"));
}

TEST(GeminiEncode, puts_media_behind_the_results_they_came_with) {
    Chat c = chat();
    Image image;
    image.media_type = "image/png";
    image.data = "AAAA";
    c.messages.push_back(turn(Role::assistant, {call("a", "f", "{}"), call("b", "f", "not json")}));
    c.messages.push_back(turn(Role::tool, {result("a", {Text{"see", {}}, image}), result("b", {Text{"[1]", {}}})}));
    const auto e = encode(c);
    EXPECT_TRUE(has(
        e.body,
        R"("response":{"output":"see"}}},{"functionResponse":{"id":"b","name":"f","response":{"output":"[1]"}}}]},{"role":"user","parts":[{"inlineData":{"mimeType":"image/png","data":"AAAA"}}]})"))
        << e.body;
    EXPECT_TRUE(has(e.body, R"("args":{"invalid_json":"not json"})"));
}

TEST(GeminiEncode, carries_images_sounds_and_files) {
    Image data, url;
    data.data = "AA==";
    data.media_type = "image/webp";
    url.url = "https://x/cat.JPG?y.png";
    File pdf, foreign;
    pdf.name = "a.pdf";
    pdf.data = "JVBE";
    foreign.file_id = "file-1";
    Chat c;
    c.messages = {turn(Role::user, {data, url, Audio{"mp3", "SUQz", {}}, pdf})};
    const auto e = encode(c);
    EXPECT_EQ(
        e.body,
        R"({"contents":[{"role":"user","parts":[{"inlineData":{"mimeType":"image/webp","data":"AA=="}},{"fileData":{"fileUri":"https://x/cat.JPG?y.png"}},)"
        R"({"inlineData":{"mimeType":"audio/mp3","data":"SUQz"}},{"inlineData":{"mimeType":"application/pdf","data":"JVBE"}}]}]})");
    Chat d;
    d.messages = {turn(Role::user, {foreign})};
    EXPECT_EQ(encode(d).refused, "messages[0].content[0]");
    Chat f;
    f.messages = {turn(Role::user, {Other{"weird", "{}"}})};
    EXPECT_EQ(encode(f).refused, "messages[0].content[0]");
}

TEST(GeminiEncode, declares_tools_in_either_language_of_schemas) {
    Chat c = chat();
    Tool t;
    t.name = "f";
    t.description = "d";
    t.strict = true;
    t.schema_json =
        R"({"type":"object","properties":{"a":{"type":["string","null"],"const":"x"},"b":{"$ref":"#/$defs/B"},"c":{"anyOf":[{"type":"integer"},{"type":"null"}]}},"$defs":{"B":{"type":"array","items":{"enum":[1,"two"]}}},"additionalProperties":false,"if":{}})";
    c.tools = {t};
    c.tool_choice = {ToolChoice::Kind::named, "f"};
    const auto plain = encode(c);
    EXPECT_TRUE(
        has(plain.body, R"("tools":[{"functionDeclarations":[{"name":"f","description":"d","parametersJsonSchema":)" +
                            t.schema_json + "}]}]"))
        << plain.body;
    EXPECT_TRUE(
        has(plain.body, R"("toolConfig":{"functionCallingConfig":{"mode":"ANY","allowedFunctionNames":["f"]}})"));
    EXPECT_TRUE(plain.lost("tools[0].function.strict"));
    const auto mapped = encode(c, {.openapi_schemas = true});
    EXPECT_TRUE(has(
        mapped.body,
        R"("parameters":{"type":"OBJECT","properties":{"a":{"type":"STRING","nullable":true,"enum":["x"]},"b":{"type":"ARRAY","items":{"enum":["1","two"]}},"c":{"type":"INTEGER","nullable":true})"))
        << mapped.body;
    EXPECT_TRUE(mapped.lost("tools[0].function.parameters.if"));
    Chat loop = chat();
    Tool endless = t;
    endless.schema_json = R"({"type":"object","properties":{"a":{"$ref":"#"}}})";
    loop.tools = {endless};
    EXPECT_EQ(encode(loop, {.openapi_schemas = true}).refused, "tools[0].function.parameters");
    EXPECT_EQ(encode(loop).refused, "");
    Chat server = chat();
    Tool search;
    search.function = false;
    search.type = "web_search";
    server.tools = {search};
    EXPECT_EQ(encode(server).refused, "tools[0]");
    Chat none = chat();
    none.tool_choice.kind = ToolChoice::Kind::required;
    EXPECT_EQ(encode(none).refused, "tool_choice");
}

TEST(GeminiEncode, writes_generation_config) {
    Chat c = chat();
    c.max_output = 9;
    c.temperature = "0.70";
    c.top_p = "0.9";
    c.top_k = "40";
    c.presence_penalty = "1";
    c.n = 2;
    c.seed = 7;
    c.stop = {"a"};
    c.logprobs = true;
    c.top_logprobs = 3;
    c.response_format = ResponseFormat{ResponseFormat::Kind::json_schema, "n", "", R"({"type":"object"})", {}};
    c.reasoning_effort = "low";
    c.modalities = {"text", "image"};
    c.aspect_ratio = "16:9";
    c.image_size = "0.5K";
    const auto e = encode(c);
    EXPECT_TRUE(has(
        e.body,
        R"("generationConfig":{"maxOutputTokens":9,"temperature":0.70,"topP":0.9,"topK":40,"presencePenalty":1,"candidateCount":2,"seed":7,"stopSequences":["a"],)"
        R"("responseLogprobs":true,"logprobs":3,"responseMimeType":"application/json","responseJsonSchema":{"type":"object"},"thinkingConfig":{"thinkingBudget":1024,"includeThoughts":true},)"
        R"("responseModalities":["TEXT","IMAGE"],"imageConfig":{"aspectRatio":"16:9","imageSize":"512"}})"))
        << e.body;
    EXPECT_TRUE(e.losses.empty());
    EXPECT_TRUE(has(encode(c, {.thinking_level = true}).body,
                    R"("thinkingConfig":{"thinkingLevel":"low","includeThoughts":true})"));
    c.reasoning_effort = "none";
    EXPECT_TRUE(has(encode(c).body, R"("thinkingConfig":{"thinkingBudget":0})"));
    EXPECT_TRUE(encode(c, {.thinking_level = true}).lost("reasoning_effort"));
    c.reasoning_effort = "extreme";
    EXPECT_EQ(encode(c).refused, "reasoning_effort");
    Chat big = chat();
    big.seed = INT64_MAX;
    EXPECT_TRUE(encode(big).lost("seed"));
}

TEST(GeminiEncode, lists_what_it_cannot_say) {
    Chat c = chat();
    c.user = "u";
    c.logit_bias_json = R"({"1":2})";
    c.metadata_json = R"({"a":1})";
    c.parallel_tool_calls = false;
    c.extras = {{"prediction", "{\"a\":1}"}, {"store", "true"}};
    c.messages[0].name = "bob";
    const auto e = encode(c);
    EXPECT_EQ(e.losses,
              (Losses{"messages[0].name", "logit_bias", "user", "metadata", "parallel_tool_calls", "prediction"}));
    Chat audio = chat();
    audio.modalities = {"audio"};
    EXPECT_EQ(encode(audio).refused, "modalities");
}

TEST(GeminiEncode, writes_its_own_familys_members_back) {
    Chat c = chat();
    c.origin = "gemini";
    c.extras = {{"safetySettings", "[1]"}, {"generationConfig.speechConfig", "{\"v\":1}"}};
    Tool search;
    search.function = false;
    search.type = "googleSearch";
    search.json = R"({"googleSearch":{}})";
    c.tools = {search};
    const auto e = encode(c);
    EXPECT_EQ(
        e.body,
        R"({"contents":[{"role":"user","parts":[{"text":"hi"}]}],"tools":[{"googleSearch":{}}],"generationConfig":{"speechConfig":{"v":1}},"safetySettings":[1]})");
    EXPECT_TRUE(e.losses.empty());
}

TEST(GeminiEncode, embeds_on_both_clouds) {
    Embedding m;
    m.texts = {"a", "b"};
    m.dimensions = 64;
    m.task_type = "RETRIEVAL_QUERY";
    m.user = "u";
    const auto studio = encode(m, {}, false, "gemini-embedding-001");
    EXPECT_EQ(studio.path, "/models/gemini-embedding-001:batchEmbedContents");
    EXPECT_EQ(
        studio.body,
        R"({"requests":[{"model":"models/gemini-embedding-001","content":{"parts":[{"text":"a"}]},"taskType":"RETRIEVAL_QUERY","outputDimensionality":64},)"
        R"({"model":"models/gemini-embedding-001","content":{"parts":[{"text":"b"}]},"taskType":"RETRIEVAL_QUERY","outputDimensionality":64}]})");
    EXPECT_TRUE(studio.lost("user"));
    const auto vertex = encode(m, {}, true, "gemini-embedding-001");
    EXPECT_EQ(vertex.path, "/models/gemini-embedding-001:predict");
    EXPECT_EQ(
        vertex.body,
        R"({"instances":[{"content":"a","task_type":"RETRIEVAL_QUERY"},{"content":"b","task_type":"RETRIEVAL_QUERY"}],"parameters":{"outputDimensionality":64}})");
    Embedding tokens;
    tokens.token_arrays_json = {"[1]"};
    EXPECT_EQ(encode(tokens).refused, "input");
}
