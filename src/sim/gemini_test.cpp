// Google's wire of the simulator: both forms of a stream say what the whole reply says, signatures are minted and
// checked, what Google refuses is refused.
#include <gtest/gtest.h>

#include "sim/testing/asked.h"

namespace aig::sim {
namespace {

using namespace testing;

constexpr std::string_view flash = "/v1beta/models/gemini-2.5-flash:";
const std::string tool =
    R"("tools":[{"functionDeclarations":[{"name":"get_weather","description":"Weather of a city","parameters":{"type":"OBJECT","properties":{"city":{"type":"STRING"}},"required":["city"]}}]}])";

HttpReply post(Brain& brain, std::string_view method, std::string body, std::string query = "",
               std::string_view model = flash) {
    Request request = post_request(std::string(model) + std::string(method), std::move(body));
    request.query = std::move(query);
    Call call;
    const Script script = brain.answer(request, call);
    std::string bytes;
    for (const Step& s : script.steps)
        for (int64_t i = 0; i < s.repeat; ++i) bytes += s.bytes;
    return parse_reply(bytes);
}
std::string said(std::string_view prompt, std::string_view more = "") {
    return "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":" + json_string(prompt) + "}]}]" +
           std::string(more) + "}";
}
std::string text_of(JsonRef chunk) {
    std::string out;
    for (JsonRef p : (*chunk["candidates"].begin())["content"]["parts"])
        if (!p["thought"].boolean()) out += p["text"].text();
    return out;
}

TEST(SimGemini, SaysTheSameWholeAndInBothFormsOfAStream) {
    const auto brain = make_brain();
    const auto whole = JsonDoc::parse(post(*brain, "generateContent", said("Count to 9")).body);
    ASSERT_TRUE(whole);
    const std::string expected = text_of(whole->root());
    EXPECT_EQ(expected, "1 2 3 4 5 6 7 8 9");
    const auto array = JsonDoc::parse(post(*brain, "streamGenerateContent", said("Count to 9")).body);
    ASSERT_TRUE(array && array->root().is_array());
    std::string text;
    for (JsonRef c : array->root()) text += text_of(c);
    EXPECT_EQ(text, expected);
    const std::string events = post(*brain, "streamGenerateContent", said("Count to 9"), "alt=sse").body;
    std::string streamed;
    for (size_t at = events.find("data: "); at != std::string::npos; at = events.find("data: ", at + 1)) {
        const auto chunk = JsonDoc::parse(events.substr(at + 6, events.find("\r\n", at) - at - 6));
        ASSERT_TRUE(chunk);
        streamed += text_of(chunk->root());
        EXPECT_TRUE(chunk->root()["usageMetadata"].is_object()) << "cumulative, in every chunk";
    }
    EXPECT_EQ(streamed, expected);
}

TEST(SimGemini, MintsSignaturesAndChecksThem) {
    const auto brain = make_brain();
    const auto reply =
        JsonDoc::parse(post(*brain, "generateContent", said("Use get_weather in Rome and Oslo", "," + tool)).body);
    ASSERT_TRUE(reply);
    const JsonRef parts = (*reply->root()["candidates"].begin())["content"]["parts"];
    ASSERT_EQ(parts.size(), 2u);
    const std::string first((*parts.begin()).raw()), both(parts.raw());
    EXPECT_NE(first.find("thoughtSignature"), std::string::npos);
    const auto again = [&](std::string model_parts, std::string_view model) {
        const std::string body =
            R"({"contents":[{"role":"user","parts":[{"text":"Use get_weather in Rome"}]},{"role":"model","parts":)" +
            model_parts +
            R"(},{"role":"user","parts":[{"functionResponse":{"name":"get_weather","response":{"output":"a"}}},{"functionResponse":{"name":"get_weather","response":{"output":"b"}}}]}],)" +
            tool + "}";
        return post(*brain, "generateContent", body, "", model);
    };
    EXPECT_EQ(again(both, flash).status, 200);
    std::string changed = both;
    changed.replace(changed.find("Rome"), 4, "Bonn");
    EXPECT_EQ(again(changed, flash).status, 400) << "a signature of another call";
    std::string bare = both;
    const size_t at = bare.find(",\"thoughtSignature\""), end = bare.find('}', at);
    bare.erase(at, end - at);
    EXPECT_EQ(again(bare, flash).status, 200);
    EXPECT_EQ(again(bare, "/v1beta/models/gemini-3-pro:").status, 400) << "Gemini 3 misses it";
}

TEST(SimGemini, RefusesWhatGoogleRefuses) {
    const auto brain = make_brain();
    const auto status = [&](std::string body) { return post(*brain, "generateContent", std::move(body)).status; };
    EXPECT_EQ(status(said("hi")), 200);
    EXPECT_EQ(status(said("hi", R"(,"messages":[])")), 400) << "a name of another wire";
    EXPECT_EQ(status(said("hi", R"(,"generationConfig":{"max_tokens":1})")), 400);
    EXPECT_EQ(status(said("hi", R"(,"generation_config":{"max_output_tokens":1})")), 200) << "both spellings";
    EXPECT_EQ(status(R"({"contents":[]})"), 400);
    EXPECT_EQ(status(R"({"contents":[{"role":"assistant","parts":[{"text":"x"}]}]})"), 400);
    EXPECT_EQ(status(R"({"contents":[{"role":"model","parts":[{"functionCall":{"name":"f","args":{}}}]}]})"), 400)
        << "no result";
    EXPECT_EQ(status(R"({"contents":[{"role":"user","parts":[{"functionResponse":{"name":"f","response":{}}}]}]})"),
              400)
        << "no call";
    EXPECT_EQ(post(*brain, "generateContent", said("hi"), "", "/v1beta/models/does-not-exist:").status, 404);
}

TEST(SimGemini, CountsEmbedsAndDraws) {
    const auto brain = make_brain();
    EXPECT_NE(post(*brain, "countTokens", said("one two three")).body.find("\"totalTokens\": 7"), std::string::npos)
        << post(*brain, "countTokens", said("one two three")).body;
    const std::string one =
        post(*brain, "embedContent", R"({"content":{"parts":[{"text":"a"}]},"outputDimensionality":2})").body;
    EXPECT_TRUE(one.starts_with(R"({"embedding":{"values":[)")) << one;
    const std::string batch =
        post(
            *brain, "batchEmbedContents",
            R"({"requests":[{"model":"models/gemini-2.5-flash","content":{"parts":[{"text":"a"}]},"outputDimensionality":2}]})")
            .body;
    EXPECT_NE(batch.find(one.substr(13, one.size() - 15)), std::string::npos) << one << batch;
    EXPECT_EQ(post(*brain, "batchEmbedContents",
                   R"({"requests":[{"model":"models/other","content":{"parts":[{"text":"a"}]}}]})")
                  .status,
              400);
    const std::string drawn =
        post(*brain, "generateContent", said("a cat", R"(,"generationConfig":{"responseModalities":["IMAGE"]})")).body;
    EXPECT_NE(drawn.find(R"("inlineData":{"mimeType":"image/png")"), std::string::npos);
}

}  // namespace
}  // namespace aig::sim
