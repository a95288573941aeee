// The judge itself: it must accept what is legal and refuse each known way of being wrong, or the tests that trust it
// prove nothing.
#include <gtest/gtest.h>

#include "dialect/testing/gemini_grammar.h"

using aig::dialect::testing::judge_gemini_stream;

namespace {
std::string chunk(std::string_view members) {
    return "data: {" + std::string(members) + ",\"modelVersion\":\"m\"}\r\n\r\n";
}
std::string said(std::string_view parts, std::string_view more = "") {
    return "\"candidates\":[{\"content\":{\"parts\":[" + std::string(parts) + "],\"role\":\"model\"},\"index\":0" +
           std::string(more) + "}]";
}
const std::string text = R"({"text":"x"})", call = R"({"functionCall":{"name":"f","args":{}},"thoughtSignature":"s"})";
const std::string usage = R"(,"usageMetadata":{"promptTokenCount":2,"candidatesTokenCount":3,"totalTokenCount":5})";
const std::string stop = R"(,"finishReason":"STOP")", ending = chunk(said("", stop) + usage);
const std::string error = R"(data: {"error":{"code":503,"message":"m","status":"UNAVAILABLE"}})"
                          "\r\n\r\n";
bool legal(const std::string& s) { return judge_gemini_stream(s).fault.empty(); }
}  // namespace

TEST(GeminiGrammar, accepts_what_is_legal) {
    EXPECT_TRUE(legal(chunk(said(text)) + ending));
    EXPECT_TRUE(legal(": ping\n\n" + chunk(said(text, stop) + usage)));
    EXPECT_TRUE(legal(chunk(said(R"({"text":"t","thought":true})")) + chunk(said(call, stop) + usage)));
    EXPECT_TRUE(legal(chunk(said(R"({"text":"","thoughtSignature":"s"})")) + ending));
    EXPECT_TRUE(legal(chunk("\"promptFeedback\":{\"blockReason\":\"SAFETY\"}" + usage)));
    EXPECT_TRUE(legal(chunk(said(text)) + error));
    EXPECT_TRUE(judge_gemini_stream(chunk(said(text)) + error).failed);
    EXPECT_TRUE(judge_gemini_stream(chunk(said(text)) + ending).complete);
}

TEST(GeminiGrammar, refuses_what_is_not) {
    EXPECT_FALSE(legal("")) << "nothing";
    EXPECT_FALSE(legal(chunk(said(text)))) << "no finish reason";
    EXPECT_FALSE(legal(chunk(said(text)) + ending + ending)) << "two finish reasons";
    EXPECT_FALSE(legal(ending + chunk(said(text)))) << "a part behind the finish";
    EXPECT_FALSE(legal(chunk(said(text)) + ending + "data: [DONE]\n\n")) << "another wire's end";
    EXPECT_FALSE(legal("event: message\n" + chunk(said(text)) + ending)) << "a named event";
    EXPECT_FALSE(legal(chunk(said(text, stop)))) << "no usage";
    EXPECT_FALSE(legal(chunk(said(R"({"text":"x","functionCall":{"name":"f","args":{}}})")) + ending)) << "two in one";
    EXPECT_FALSE(legal(chunk(said(R"({"functionCall":{"name":"f","args":"{}"}})")) + ending)) << "arguments as text";
    EXPECT_FALSE(legal(chunk(said(R"({"functionCall":{"args":{}}})")) + ending)) << "no name";
    EXPECT_FALSE(legal(chunk(said(R"({"text":"","thoughtSignature":""})")) + ending)) << "a blank signature";
    EXPECT_FALSE(legal(chunk(said(text, R"(,"finishReason":"stop")") + usage))) << "another wire's word";
    EXPECT_FALSE(legal(error + ending)) << "a chunk behind an error";
    EXPECT_FALSE(legal(chunk(said(text)) +
                       chunk(said("", stop) + R"(,"usageMetadata":{"promptTokenCount":2,"totalTokenCount":9})")))
        << "usage that does not add up";
    EXPECT_FALSE(legal(chunk(said(text)) + "data: {\"candidates\":[")) << "a cut event";
    EXPECT_FALSE(legal("[{" + said(text, stop) + usage + ",\"modelVersion\":\"m\"}")) << "an open array";
}
