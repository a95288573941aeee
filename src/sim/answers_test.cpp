// What the simulated model says, on both wires, streamed and whole.
#include <gtest/gtest.h>

#include "sim/detail/tokens.h"
#include "sim/testing/asked.h"

namespace aig::sim {
namespace {

using namespace testing;

const std::string openai_weather_tool =
    R"("tools":[{"type":"function","function":{"name":"get_weather","description":"Weather of a city","parameters":{"type":"object","properties":{"city":{"type":"string"},"unit":{"enum":["celsius","fahrenheit"]}},"required":["city"]}}}])";
const std::string anthropic_weather_tool =
    R"("tools":[{"name":"get_weather","description":"Weather of a city","input_schema":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]}}])";

std::string said(std::string_view prompt) {
    return "\"messages\":[{\"role\":\"user\",\"content\":" + json_string(prompt) + "}]";
}

/// One wire behind one face, so that every rule is asked of both.
struct Face {
    const char* name;
    Understood (*ask)(Brain&, std::string_view, bool);
    std::string extra;  // what every request of this wire needs
    std::string tool;
    std::string stop, length, calls;
};
const Face faces[] = {
    {"openai", chat, "", openai_weather_tool, "stop", "length", "tool_calls"},
    {"anthropic", messages, R"(,"max_tokens":4096)", anthropic_weather_tool, "end_turn", "max_tokens", "tool_use"}};

class BothWires : public ::testing::TestWithParam<std::tuple<int, bool>> {
  protected:
    const Face& face = faces[std::get<0>(GetParam())];
    bool stream = std::get<1>(GetParam());
    std::shared_ptr<Brain> brain = make_brain();
    Understood ask(const std::string& members) {
        Understood u = face.ask(*brain, members + face.extra, stream);
        EXPECT_TRUE(u.correct) << u.fault;
        return u;
    }
};

INSTANTIATE_TEST_SUITE_P(Sim, BothWires, ::testing::Combine(::testing::Values(0, 1), ::testing::Bool()),
                         [](const auto& i) {
                             return std::string(faces[std::get<0>(i.param)].name) +
                                    (std::get<1>(i.param) ? "_streamed" : "_whole");
                         });

TEST_P(BothWires, Greets) {
    const Understood u = ask(said("Say hi"));
    EXPECT_EQ(u.text, "Hello! How can I help you today?");
    EXPECT_EQ(u.finish, face.stop);
    EXPECT_EQ(u.output_tokens, count_tokens(u.text));
    EXPECT_GT(u.input_tokens, 0);
    if (stream) {
        EXPECT_EQ(u.deltas, static_cast<size_t>(u.output_tokens));
    }
}

TEST_P(BothWires, EchoesOtherPromptsSoThatAMixUpShows) {
    EXPECT_EQ(ask(said("nonce-4711 of customer é")).text, "You said: nonce-4711 of customer é");
}

TEST_P(BothWires, WritesAsManyWordsAsAsked) {
    const Understood u = ask(said("Write 50 words"));
    EXPECT_EQ(u.output_tokens, 50);
    EXPECT_TRUE(u.text.ends_with(" 49 50")) << u.text;
    EXPECT_EQ(ask(said("Please count to 5")).text, "1 2 3 4 5");
}

TEST_P(BothWires, CallsAToolThePromptMentions) {
    const Understood u = ask(said("What is the weather in Paris?") + "," + face.tool);
    ASSERT_EQ(u.calls.size(), 1u);
    EXPECT_EQ(u.calls[0].name, "get_weather");
    EXPECT_EQ(u.calls[0].arguments, R"({"city":"Paris"})");
    EXPECT_EQ(u.finish, face.calls);
    EXPECT_EQ(u.text, "");
    if (stream) {
        EXPECT_GT(u.calls[0].fragments, 2u);
    }
    EXPECT_EQ(u.output_tokens, count_tokens("get_weather") + count_tokens(u.calls[0].arguments));
}

TEST_P(BothWires, CallsInParallelForTwoCities) {
    const Understood u = ask(said("What is the weather in Paris and New York?") + "," + face.tool);
    ASSERT_EQ(u.calls.size(), 2u);
    EXPECT_EQ(u.calls[0].arguments, R"({"city":"Paris"})");
    EXPECT_EQ(u.calls[1].arguments, R"({"city":"New York"})");
    EXPECT_NE(u.calls[0].id, u.calls[1].id);
    const std::string once = face.name == std::string("openai")
                                 ? R"(,"parallel_tool_calls":false)"
                                 : R"(,"tool_choice":{"type":"auto","disable_parallel_tool_use":true})";
    EXPECT_EQ(ask(said("What is the weather in Paris and Tokyo?") + "," + face.tool + once).calls.size(), 1u);
}

TEST_P(BothWires, CallsWhatThePromptSpellsOut) {
    const Understood u = ask(said(R"(Call get_weather {"city":"a } b"}, not for Paris and Rome.)") + "," + face.tool);
    ASSERT_EQ(u.calls.size(), 1u);
    EXPECT_EQ(u.calls[0].arguments, R"({"city":"a } b"})");
    EXPECT_EQ(u.finish, face.calls);
}

TEST_P(BothWires, DoesNotCallAToolNobodyMentions) {
    const Understood u = ask(said("Say hi") + "," + face.tool);
    EXPECT_TRUE(u.calls.empty());
    EXPECT_EQ(u.finish, face.stop);
}

TEST_P(BothWires, ObeysToolChoice) {
    const bool openai = face.name == std::string("openai");
    const std::string none = openai ? R"(,"tool_choice":"none")" : R"(,"tool_choice":{"type":"none"})";
    const std::string any = openai ? R"(,"tool_choice":"required")" : R"(,"tool_choice":{"type":"any"})";
    const std::string named = openai ? R"(,"tool_choice":{"type":"function","function":{"name":"get_weather"}})"
                                     : R"(,"tool_choice":{"type":"tool","name":"get_weather"})";
    EXPECT_TRUE(ask(said("What is the weather in Paris?") + "," + face.tool + none).calls.empty());
    for (const std::string& forced : {any, named}) {
        const Understood u = ask(said("Say hi") + "," + face.tool + forced);
        ASSERT_EQ(u.calls.size(), 1u);
        EXPECT_LE(u.output_tokens, 64);
        EXPECT_TRUE(JsonDoc::parse(u.calls[0].arguments).ok());
    }
}

TEST_P(BothWires, AnswersFromToolResults) {
    const std::string history =
        face.name == std::string("openai")
            ? R"("messages":[{"role":"user","content":"weather in Paris?"},{"role":"assistant","content":null,"tool_calls":[{"id":"c1","type":"function","function":{"name":"get_weather","arguments":"{}"}}]},{"role":"tool","tool_call_id":"c1","content":"18 degrees"}])"
            : R"("messages":[{"role":"user","content":"weather in Paris?"},{"role":"assistant","content":[{"type":"tool_use","id":"c1","name":"get_weather","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"c1","content":"18 degrees"}]}])";
    const Understood u = ask(history + "," + face.tool);
    EXPECT_EQ(u.text, "Here is what I found: 18 degrees");
    EXPECT_TRUE(u.calls.empty());
}

TEST_P(BothWires, KeepsMaxTokens) {
    const std::string limited = face.name == std::string("openai")
                                    ? said("Write 50 words") + R"(,"max_completion_tokens":7)"
                                    : said("Write 50 words");
    Understood u = face.name == std::string("openai") ? chat(*brain, limited, stream)
                                                      : messages(*brain, limited + R"(,"max_tokens":7)", stream);
    EXPECT_EQ(u.text, "1 2 3 4 5 6 7");
    EXPECT_EQ(u.output_tokens, 7);
    EXPECT_EQ(u.finish, face.length);
}

TEST_P(BothWires, StopsAtStopSequences) {
    const std::string stop =
        face.name == std::string("openai") ? R"(,"stop":["zzz"," 4"])" : R"(,"stop_sequences":["zzz"," 4"])";
    const Understood u = ask(said("Please count to 9") + stop);
    EXPECT_EQ(u.text, "1 2 3");
    EXPECT_EQ(u.finish, face.name == std::string("openai") ? "stop" : "stop_sequence");
    if (face.name == std::string("anthropic")) {
        EXPECT_EQ(u.stop_sequence, " 4");
    }
}

TEST_P(BothWires, AnswersASchemaWithAnInstance) {
    const std::string_view schema =
        R"({"type":"object","properties":{"city":{"type":"string"},"visits":{"type":"integer"}},"required":["city","visits"],"additionalProperties":false})";
    const std::string format =
        face.name == std::string("openai")
            ? R"(,"response_format":{"type":"json_schema","json_schema":{"name":"c","strict":true,"schema":)" +
                  std::string(schema) + "}}"
            : R"(,"output_config":{"format":{"type":"json_schema","schema":)" + std::string(schema) + "}}";
    EXPECT_EQ(ask(said("I love Paris") + format).text, R"({"city":"Paris","visits":1})");
}

TEST_P(BothWires, ThinksWhenToldTo) {
    const std::string think = face.name == std::string("openai")
                                  ? R"(,"reasoning_effort":"low")"
                                  : R"(,"thinking":{"type":"enabled","budget_tokens":1024})";
    const Understood u = ask(said("Say hi") + think);
    EXPECT_NE(u.reasoning, "");
    EXPECT_EQ(u.reasoning_tokens, count_tokens(u.reasoning));
    EXPECT_EQ(u.output_tokens, u.reasoning_tokens + count_tokens(u.text));
    if (face.name == std::string("anthropic")) {
        EXPECT_EQ(u.signature, thinking_signature(u.reasoning, account_of_key("sk-test")));
    }
}

TEST_P(BothWires, ReportsTheCacheOnTheSecondLongPrompt) {
    std::string prompt;
    for (int i = 0; i < 1'500; ++i) prompt += "word" + std::to_string(i) + " ";
    const bool openai = face.name == std::string("openai");
    const std::string body = openai ? said(prompt)
                                    : R"("system":[{"type":"text","text":)" + json_string(prompt) +
                                          R"(,"cache_control":{"type":"ephemeral"}}],)" + said("Say hi");
    const Understood first = ask(body), second = ask(body);
    EXPECT_EQ(first.cached_tokens, 0);
    EXPECT_GE(second.cached_tokens, 1'024);
    if (openai) {
        EXPECT_EQ(second.input_tokens, first.input_tokens);
        EXPECT_EQ(second.cached_tokens % 128, 0);
    } else {
        EXPECT_EQ(first.cache_write_tokens, second.cached_tokens);
        EXPECT_EQ(first.input_tokens, second.input_tokens) << "input_tokens leaves the cache out";
    }
}

TEST(OpenaiAnswers, StreamedAndWholeHaveTheSameUsageAndWords) {
    for (const std::string& body :
         {said("Say hi"), said("Tell me of é and 日本語"), said("Write 30 words") + R"(,"n":3)",
          said("What is the weather in Paris and Tokyo?") + "," + openai_weather_tool,
          said("x") + R"(,"reasoning_effort":"high")"}) {
        const Understood whole = chat(*make_brain(), body, false), streamed = chat(*make_brain(), body, true);
        EXPECT_EQ(whole.choices, streamed.choices);
        EXPECT_EQ(whole.reasoning, streamed.reasoning);
        EXPECT_EQ(whole.input_tokens, streamed.input_tokens);
        EXPECT_EQ(whole.output_tokens, streamed.output_tokens);
        ASSERT_EQ(whole.calls.size(), streamed.calls.size());
        for (size_t i = 0; i < whole.calls.size(); ++i)
            EXPECT_EQ(whole.calls[i].arguments, streamed.calls[i].arguments);
    }
}

TEST(OpenaiAnswers, UsageComesOnlyWhenAskedFor) {
    auto brain = make_brain();
    const HttpReply r = ask(*brain, "/v1/chat/completions",
                            R"({"model":"m","stream":true,"messages":[{"role":"user","content":"hi"}]})");
    EXPECT_EQ(r.body.find("usage"), std::string::npos);
    const HttpReply with = ask(
        *brain, "/v1/chat/completions",
        R"({"model":"m","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"hi"}]})");
    for (const std::string& data : sse_data(with.body)) {
        if (data == "[DONE]") continue;
        const auto doc = JsonDoc::parse(data);
        ASSERT_TRUE(doc.ok());
        EXPECT_EQ(doc->root()["usage"].is_null(), doc->root()["choices"].size() > 0) << data;
    }
}

TEST(OpenaiAnswers, GivesEveryChoice) {
    auto brain = make_brain();
    for (const bool stream : {false, true}) {
        const Understood u = chat(*brain, said("Please count to 3") + R"(,"n":3)", stream);
        ASSERT_EQ(u.choices.size(), 3u);
        EXPECT_EQ(u.choices.at(0), "1 2 3");
        EXPECT_EQ(u.choices.at(2), "1 2 3 (choice 3)");
    }
}

TEST(OpenaiAnswers, GivesLogProbabilitiesOfEveryToken) {
    auto brain = make_brain();
    for (const bool stream : {false, true}) {
        const Understood u = chat(*brain, said("Please count to 3") + R"(,"logprobs":true,"top_logprobs":2)", stream);
        EXPECT_EQ(u.logprobs, 3u);
    }
}

TEST(OpenaiAnswers, AnswersAJsonObject) {
    EXPECT_EQ(chat(*make_brain(), said("JSON please") + R"(,"response_format":{"type":"json_object"})").text,
              R"({"answer":"You said: JSON please"})");
}

TEST(OpenaiAnswers, CountsImages) {
    auto brain = make_brain();
    const Understood u = chat(
        *brain,
        R"("messages":[{"role":"user","content":[{"type":"text","text":"look"},{"type":"image_url","image_url":{"url":"https://x/y.png","detail":"low"}}]}])");
    EXPECT_EQ(u.text, "You said: look (1 image attached)");
    EXPECT_GT(u.input_tokens, 85);
}

TEST(AnthropicAnswers, ArgumentsThatMaxTokensCutStayAnObject) {
    const Understood u =
        messages(*make_brain(), said("weather in Paris?") + "," + anthropic_weather_tool + R"(,"max_tokens":3)");
    EXPECT_EQ(u.finish, "max_tokens");
    ASSERT_EQ(u.calls.size(), 1u);
    EXPECT_EQ(u.calls[0].arguments, "{}");
}

TEST(AnthropicAnswers, CountsTokensWithoutAnswering) {
    auto brain = make_brain();
    const HttpReply counted =
        ask(*brain, "/v1/messages/count_tokens", R"({"model":"m","messages":[{"role":"user","content":"Say hi"}]})");
    const Understood u = messages(*brain, said("Say hi") + R"(,"max_tokens":9)");
    EXPECT_EQ(counted.body, "{\"input_tokens\":" + std::to_string(u.input_tokens) + "}");
}

TEST(Embeddings, AreTheSameForTheSameTextAndNearForSharedWords) {
    auto brain = make_brain();
    auto vectors = [&](const std::string& input) {
        const HttpReply r = ask(*brain, "/v1/embeddings", R"({"model":"m","dimensions":256,"input":)" + input + "}");
        const auto doc = JsonDoc::parse(r.body);
        EXPECT_TRUE(doc.ok());
        std::vector<std::vector<double>> all;
        for (JsonRef d : doc->root()["data"]) {
            all.emplace_back();
            for (JsonRef f : d["embedding"]) all.back().push_back(number_of(f));
        }
        return all;
    };
    auto dot = [](const std::vector<double>& a, const std::vector<double>& b) {
        double sum = 0;
        for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
        return sum;
    };
    const auto v = vectors(R"(["the cat sat","the cat sat","the cat ran","other words"])");
    ASSERT_EQ(v.size(), 4u);
    ASSERT_EQ(v[0].size(), 256u);
    EXPECT_EQ(v[0], v[1]);
    EXPECT_NEAR(dot(v[0], v[0]), 1, 1e-4);
    EXPECT_GT(dot(v[0], v[2]), dot(v[0], v[3]) + 0.2);
    EXPECT_EQ(vectors(R"([[1,2,3]])")[0], vectors(R"([1,2,3])")[0]);
}

TEST(Embeddings, Base64HoldsTheSameFloats) {
    auto brain = make_brain();
    const HttpReply r =
        ask(*brain, "/v1/embeddings", R"({"model":"m","dimensions":3,"encoding_format":"base64","input":"x"})");
    const auto doc = JsonDoc::parse(r.body);
    ASSERT_TRUE(doc.ok());
    EXPECT_EQ((*doc->root()["data"].begin())["embedding"].text().size(), 16u);
    EXPECT_EQ(doc->root()["usage"]["prompt_tokens"].integer(), 1);
}

}  // namespace
}  // namespace aig::sim
