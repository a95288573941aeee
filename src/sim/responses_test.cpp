// The simulated Responses wire: what it says, streamed and whole, and what it refuses.
#include <gtest/gtest.h>

#include "sim/detail/tokens.h"
#include "sim/testing/asked.h"

namespace aig::sim {
namespace {

using namespace testing;

const std::string weather =
    R"("tools":[{"type":"function","name":"get_weather","description":"Weather of a city","parameters":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"]},"strict":false}])";

class Responses : public ::testing::TestWithParam<bool> {
  protected:
    bool stream = GetParam();
    std::shared_ptr<Brain> brain = make_brain();
    Understood ask(const std::string& members) {
        Understood u = responses(*brain, members, stream);
        EXPECT_TRUE(u.correct) << u.fault;
        return u;
    }
};
INSTANTIATE_TEST_SUITE_P(Sim, Responses, ::testing::Bool(),
                         [](const auto& i) { return i.param ? "streamed" : "whole"; });

TEST_P(Responses, Greets) {
    const Understood u = ask(R"("input":"Say hi")");
    EXPECT_EQ(u.text, "Hello! How can I help you today?");
    EXPECT_EQ(u.finish, "completed");
    EXPECT_EQ(u.output_tokens, count_tokens(u.text));
    EXPECT_EQ(u.usages, 1u);
    if (stream) {
        EXPECT_EQ(u.deltas, static_cast<size_t>(u.output_tokens));
    }
}

TEST_P(Responses, CallsInParallel) {
    const Understood u = ask(R"("input":[{"role":"user","content":"weather in Paris and New York?"}],)" + weather);
    ASSERT_EQ(u.calls.size(), 2u);
    EXPECT_EQ(u.calls[0].arguments, R"({"city":"Paris"})");
    EXPECT_EQ(u.calls[1].arguments, R"({"city":"New York"})");
    EXPECT_NE(u.calls[0].id, u.calls[1].id);
    EXPECT_EQ(ask(R"("input":"weather in Paris and Tokyo","parallel_tool_calls":false,)" + weather).calls.size(), 1u);
}

TEST_P(Responses, CallsACustomToolWithFreeText) {
    const Understood u = ask(
        R"("input":"apply it","tools":[{"type":"custom","name":"patch"}],"tool_choice":{"type":"custom","name":"patch"})");
    ASSERT_EQ(u.calls.size(), 1u);
    EXPECT_EQ(u.calls[0].arguments, "You said: apply it");
}

TEST_P(Responses, AnswersFromOutputs) {
    const Understood u = ask(
        R"("input":[{"role":"user","content":"weather in Paris?"},{"type":"function_call","call_id":"c1","name":"get_weather","arguments":"{}"},{"type":"function_call_output","call_id":"c1","output":"18 degrees"}],)" +
        weather);
    EXPECT_EQ(u.text, "Here is what I found: 18 degrees");
}

TEST_P(Responses, ReasonsSealedAndTakesItBackByteForByte) {
    const std::string reasoning = R"(,"reasoning":{"effort":"low","summary":"auto"},"store":false)";
    const Understood u = ask(R"("input":"Say hi","include":["reasoning.encrypted_content"])" + reasoning);
    EXPECT_NE(u.reasoning, "");
    EXPECT_EQ(u.reasoning_tokens, count_tokens(u.reasoning));
    EXPECT_EQ(u.output_tokens, u.reasoning_tokens + count_tokens(u.text));
    EXPECT_TRUE(is_sealed_reasoning(u.signature, account_of_key("sk-test"))) << u.signature;
    const auto back = [&](const std::string& sealed, const std::string& id = "") {
        return testing::ask(*brain, "/v1/responses",
                            R"({"model":"gpt-5.4","input":[{"role":"user","content":"a"},{"type":"reasoning",)" + id +
                                R"("summary":[],"encrypted_content":)" + json_string(sealed) +
                                R"(},{"role":"assistant","content":"b"},{"role":"user","content":"Say hi"}]})");
    };
    EXPECT_EQ(back(u.signature).status, 200);
    EXPECT_EQ(back(u.signature, "\"id\":\"" + sealed_item_id(u.signature) + "\",").status, 200);
    EXPECT_EQ(back(u.signature, R"("id":"rs_made_up",)").status, 400);
    std::string spoiled = u.signature;
    spoiled[spoiled.size() / 2] ^= 1;
    EXPECT_EQ(back(spoiled).status, 400);
    EXPECT_EQ(back(u.signature + "=").status, 400);
    // Nobody asked for either: neither comes.
    const Understood bare = ask(R"("input":"Say hi","reasoning":{"effort":"low"})");
    EXPECT_EQ(bare.reasoning, "");
    EXPECT_EQ(bare.signature, "");
    EXPECT_GT(bare.reasoning_tokens, 0);
}

TEST_P(Responses, StopsAtItsMaximum) {
    const Understood u = ask(R"("input":"Write 50 words","max_output_tokens":16)");
    EXPECT_TRUE(u.text.ends_with(" 16")) << u.text;
    EXPECT_EQ(u.finish, "max_output_tokens");
    EXPECT_EQ(u.output_tokens, 16);
}

TEST_P(Responses, AnswersASchemaAndGivesOdds) {
    EXPECT_EQ(
        ask(R"("input":"I love Paris","text":{"format":{"type":"json_schema","name":"c","strict":true,"schema":{"type":"object","properties":{"city":{"type":"string"}},"required":["city"],"additionalProperties":false}}})")
            .text,
        R"({"city":"Paris"})");
    const Understood u = ask(R"("input":"Say hi","include":["message.output_text.logprobs"],"top_logprobs":1)");
    EXPECT_EQ(u.logprobs, split_tokens(u.text).size());
}

TEST_P(Responses, ReportsTheCacheOnTheSecondLongPrompt) {
    std::string prompt;
    for (int i = 0; i < 1'500; ++i) prompt += "word" + std::to_string(i) + " ";
    const Understood first = ask("\"input\":" + json_string(prompt)), second = ask("\"input\":" + json_string(prompt));
    EXPECT_EQ(first.cached_tokens, 0);
    EXPECT_GE(second.cached_tokens, 1'024);
    EXPECT_EQ(second.input_tokens, first.input_tokens);
}

TEST(ResponsesRefusals, InTheVendorsWords) {
    auto brain = make_brain();
    const struct {
        const char *members, *says;
        int status = 400;
    } cases[] = {
        {R"("messages":[])", "this parameter has moved to 'input'"},
        {R"("input":"x","max_tokens":9)", "this parameter has moved to 'max_output_tokens'"},
        {R"("input":"x","response_format":{})", "moved to 'text.format'"},
        {R"("input":"x","n":2)", "Unknown parameter: 'n'."},
        {R"("input":"x","stop":["a"])", "Unknown parameter: 'stop'."},
        {R"("input":"x","max_output_tokens":1)", "Expected a value >= 16"},
        {R"("input":"x","include":["everything"])", "Supported values are: 'file_search_call.results'"},
        {R"("input":"x","previous_response_id":"resp_1")", "Previous response with id 'resp_1' not found."},
        {R"("input":"x","tools":[{"type":"function","function":{"name":"f"}}])",
         "Missing required parameter: 'tools[0].name'."},
        {R"("input":[{"role":"tool","content":"x"}])", "Invalid value: 'tool'."},
        {R"("input":[{"role":"user","content":[{"type":"text","text":"x"}]}])", "Invalid value: 'text'."},
        {R"("input":[{"role":"user","content":[{"type":"input_image","image_url":{"url":"https://x"}}]}])",
         "Invalid type for 'input[0].content[0].image_url'"},
        {R"("input":[{"type":"function_call","call_id":"c","name":"f","arguments":"{}"}])",
         "No tool output found for function call c."},
        {R"("input":[{"type":"function_call_output","call_id":"c","output":"x"}])", "No tool call found"},
        {R"("input":[{"type":"reasoning","id":"rs_1","summary":[]}])", "Items are not persisted", 404},
        {R"("input":[{"type":"reasoning","summary":[],"encrypted_content":"EqQB"}])", "could not be verified"},
        {R"("input":[{"type":"tool_use","id":"x"}])", "Invalid value: 'tool_use'."},
        {"\"x\":1", "Missing required parameter: 'input'."},
    };
    for (const auto& c : cases) {
        const auto r = testing::ask(*brain, "/v1/responses", std::string(R"({"model":"gpt-5.4",)") + c.members + "}");
        EXPECT_EQ(r.status, c.status) << c.members;
        EXPECT_NE(r.body.find(c.says), std::string::npos) << c.members << "\n" << r.body;
    }
}

TEST(ResponsesFaults, StreamsBreakAsOthersDo) {
    for (const auto& [model, why] : {std::pair{"fault/eof_without_done", "no final response"},
                                     {"fault/sse_error_mid", "error"},
                                     {"fault/sse_error_first", "error"}}) {
        auto brain = make_brain();
        const auto u = understand_responses(
            testing::ask(*brain, "/v1/responses",
                         std::string(R"({"stream":true,"input":"Write 20 words","model":")") + model + "\"}"),
            true);
        EXPECT_FALSE(u.correct) << model;
        EXPECT_EQ(u.fault, why) << model;
    }
}

struct Completed {
    std::map<int64_t, std::string> texts;
    std::string finish;
    int64_t input = -1, output = -1;
    size_t odds = 0;
    bool done = false;
};
Completed complete(Brain& brain, const std::string& members, bool stream) {
    const auto r =
        testing::ask(brain, "/v1/completions",
                     std::string(R"({"model":"gpt-3.5-turbo-instruct",)") +
                         (stream ? R"("stream":true,"stream_options":{"include_usage":true},)" : "") + members + "}");
    EXPECT_EQ(r.status, 200) << r.body;
    Completed out;
    for (const auto& data : stream ? sse_data(r.body) : std::vector<std::string>{r.body}) {
        out.done |= data == "[DONE]" || !stream;
        const auto doc = JsonDoc::parse(data);
        if (!doc) continue;
        EXPECT_EQ(doc->root()["object"].text(), "text_completion");
        for (JsonRef c : doc->root()["choices"]) {
            out.texts[c["index"].integer().value_or(-1)] += c["text"].text();
            out.odds += c["logprobs"]["tokens"].size();
            if (c["finish_reason"].is_string()) out.finish = c["finish_reason"].text();
        }
        if (doc->root()["usage"].is_object()) {
            out.input = doc->root()["usage"]["prompt_tokens"].integer().value_or(-1);
            out.output = doc->root()["usage"]["completion_tokens"].integer().value_or(-1);
        }
    }
    EXPECT_TRUE(out.done);
    return out;
}

TEST(Completions, AnswerTextTokensAndSeveralPrompts) {
    for (const bool stream : {false, true}) {
        auto brain = make_brain();
        auto c = complete(*brain, R"("prompt":"Write 50 words")", stream);
        EXPECT_EQ(c.output, 16) << "without max_tokens it is 16";
        EXPECT_EQ(c.finish, "length");
        c = complete(*brain, R"("prompt":["Say hi","Please count to 3"],"n":2,"max_tokens":99)", stream);
        ASSERT_EQ(c.texts.size(), 4u);
        EXPECT_EQ(c.texts[0], "Hello! How can I help you today?");
        EXPECT_EQ(c.texts[2], "1 2 3");
        EXPECT_EQ(c.finish, "stop");
        c = complete(*brain, R"("prompt":[1,2,3],"max_tokens":99)", stream);
        EXPECT_EQ(c.input, 3);
        EXPECT_EQ(c.texts.size(), 1u);
        c = complete(*brain, R"("prompt":"Please count to 3","echo":true,"logprobs":2,"stop":" 3")", stream);
        EXPECT_EQ(c.texts[0], "Please count to 31 2");
        EXPECT_EQ(c.odds, 2u);
        const auto once = complete(*brain, R"("prompt":"Please count to 3")", stream),
                   best = complete(*brain, R"("prompt":"Please count to 3","best_of":3)", stream);
        EXPECT_EQ(best.output, 3 * once.output);
    }
}

TEST(Completions, ChatModelsAreRefused) {
    auto brain = make_brain();
    const auto r = testing::ask(*brain, "/v1/completions", R"({"model":"gpt-5.4","prompt":"x"})");
    EXPECT_EQ(r.status, 404);
    EXPECT_NE(r.body.find("This is a chat model"), std::string::npos);
    EXPECT_EQ(testing::ask(*brain, "/v1/completions", R"({"model":"m","messages":[]})").status, 400);
    EXPECT_EQ(testing::ask(*brain, "/v1/completions", R"({"model":"m","prompt":[]})").status, 400);
}

}  // namespace
}  // namespace aig::sim
