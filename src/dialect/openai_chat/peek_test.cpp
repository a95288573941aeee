#include <gtest/gtest.h>

#include "dialect/registry.h"

using namespace aig;
using namespace aig::canon;

namespace {
Result<Envelope> chat(std::string_view body) { return dialect::openai_chat().peek({Operation::chat, body}); }
Result<Envelope> embed(std::string_view body) { return dialect::openai_chat().peek({Operation::embedding, body}); }
const std::string base = R"({"model":"m","messages":[{"role":"user","content":"hi"}])";

struct Refused {
    std::string body;
    ErrorCode code;
    std::string param;
};
void refused(Operation op, const Refused& c) {
    const auto r = dialect::openai_chat().peek({op, c.body});
    ASSERT_FALSE(r.ok()) << c.body;
    EXPECT_EQ(r.error().code(), c.code) << c.body;
    EXPECT_EQ(r.error().param(), c.param) << c.body;
}
std::string spliced(std::string_view body, const Patch& patch) {
    auto e = chat(body);
    EXPECT_TRUE(e.ok()) << e.error().message();
    const auto s = dialect::openai_chat().splice(body, *e, patch);
    EXPECT_TRUE(s.ok());
    std::string out;
    for (const auto p : s->pieces) out += p;
    return out;
}
}  // namespace

TEST(Peek, facts_of_a_chat) {
    const auto e = chat(
        R"({"model":"gpt-x","stream":true,"n":2,"max_tokens":5,"max_completion_tokens":9,"stream_options":{"include_usage":true},
        "seed":1,"user":"u","logprobs":true,"reasoning_effort":"low","response_format":{"type":"json_schema","json_schema":{"name":"a","schema":{}}},
        "tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"required",
        "messages":[{"role":"system","content":"be"},{"role":"user","content":[{"type":"text","text":"hi"},{"type":"image_url","image_url":{"url":"https://x/y"}}]}]})");
    ASSERT_TRUE(e.ok()) << e.error().message();
    EXPECT_EQ(e->model, "gpt-x");
    EXPECT_TRUE(e->stream && e->wants_usage);
    EXPECT_EQ(e->n, 2);
    EXPECT_EQ(e->max_output, 9) << "the larger of the two";
    EXPECT_EQ(e->size.messages, 2);
    EXPECT_EQ(e->size.images, 1);
    EXPECT_EQ(e->size.tools, 1);
    for (const Feature f : {feature_images, feature_tools, feature_tool_choice, feature_json_schema,
                            feature_many_choices, feature_reasoning, feature_logprobs, feature_seed, feature_user})
        EXPECT_TRUE(e->needs & f) << feature_name(f);
    EXPECT_FALSE(e->needs & feature_audio_in);
}

TEST(Peek, null_is_not_given) {
    const auto e = chat(
        base +
        R"(,"stream":null,"n":null,"max_tokens":null,"tools":null,"stop":null,"temperature":null,"stream_options":null,"user":null})");
    ASSERT_TRUE(e.ok()) << e.error().message();
    EXPECT_FALSE(e->max_output);
    EXPECT_EQ(e->needs, 0u);
}

TEST(Peek, refuses_with_the_callers_path) {
    const auto with = [](std::string_view more) { return base + "," + std::string(more) + "}"; };
    const auto messages = [](std::string_view m) { return R"({"model":"m","messages":)" + std::string(m) + "}"; };
    for (const Refused& c : {
             Refused{"{", ErrorCode::bad_json, ""},
             Refused{"[]", ErrorCode::bad_json, ""},
             Refused{R"({"messages":[]})", ErrorCode::bad_param, "model"},
             Refused{R"({"model":"","messages":[]})", ErrorCode::bad_param, "model"},
             Refused{R"({"model":["a","b"],"messages":[]})", ErrorCode::bad_param, "model"},
             Refused{R"({"model":5,"messages":[]})", ErrorCode::bad_param, "model"},
             Refused{R"({"model":"a","model":"b","messages":[]})", ErrorCode::bad_param, "model"},
             Refused{with(R"("stream":true,"stream":false)"), ErrorCode::bad_param, "stream"},
             Refused{with(R"("n":1,"n":100)"), ErrorCode::bad_param, "n"},
             Refused{with(R"("max_tokens":1,"max_tokens":2)"), ErrorCode::bad_param, "max_tokens"},
             Refused{with(R"("max_completion_tokens":1,"max_completion_tokens":2)"), ErrorCode::bad_param,
                     "max_completion_tokens"},
             Refused{with(R"("stream":"yes")"), ErrorCode::bad_param, "stream"},
             Refused{with(R"("n":0)"), ErrorCode::bad_param, "n"},
             Refused{with(R"("n":129)"), ErrorCode::bad_param, "n"},
             Refused{with(R"("n":1.5)"), ErrorCode::bad_param, "n"},
             Refused{with(R"("max_tokens":0)"), ErrorCode::bad_param, "max_tokens"},
             Refused{with(R"("max_tokens":-5)"), ErrorCode::bad_param, "max_tokens"},
             Refused{with(R"("max_tokens":1e18)"), ErrorCode::bad_param, "max_tokens"},
             Refused{with(R"("stream_options":{"include_usage":1})"), ErrorCode::bad_param,
                     "stream_options.include_usage"},
             Refused{with(R"("tools":[{"type":"function"}])"), ErrorCode::bad_param, "tools[0].function"},
             Refused{with(R"("tools":[{"type":"function","function":{"name":""}}])"), ErrorCode::bad_param,
                     "tools[0].function.name"},
             Refused{with(R"("tool_choice":"maybe")"), ErrorCode::bad_param, "tool_choice"},
             Refused{with(R"("temperature":"hot")"), ErrorCode::bad_param, "temperature"},
             Refused{with(R"("stop":[1])"), ErrorCode::bad_param, "stop"},
             Refused{messages("[]"), ErrorCode::bad_param, "messages"},
             Refused{messages("null"), ErrorCode::bad_param, "messages"},
             Refused{messages(R"([{"role":"user","content":"a"},{"role":"robot","content":"b"}])"),
                     ErrorCode::bad_param, "messages[1].role"},
             Refused{messages(R"([{"role":"user","content":"a"},{"role":"user"}])"), ErrorCode::bad_param,
                     "messages[1].content"},
             Refused{messages(R"([{"role":"user","content":7}])"), ErrorCode::bad_param, "messages[0].content"},
             Refused{messages(R"([{"role":"user","content":[{"type":"text"}]}])"), ErrorCode::bad_param,
                     "messages[0].content[0].text"},
             Refused{messages(R"([{"role":"user","content":[{"text":"a"}]}])"), ErrorCode::bad_param,
                     "messages[0].content[0].type"},
             Refused{
                 messages(R"([{"role":"assistant","tool_calls":[{"id":"x","function":{"name":"f","arguments":{}}}]}])"),
                 ErrorCode::bad_param, "messages[0].tool_calls[0].function.arguments"},
         })
        refused(Operation::chat, c);
}

TEST(Peek, embeddings) {
    const auto e = embed(R"({"model":"e","input":["a","bc"],"encoding_format":"base64","dimensions":64})");
    ASSERT_TRUE(e.ok()) << e.error().message();
    EXPECT_TRUE(e->needs & feature_dimensions);
    EXPECT_EQ(e->size.text.bytes, 3);
    EXPECT_EQ(embed(R"({"model":"e","input":[1,2,3]})")->size.tokens_given, 3);
    EXPECT_EQ(embed(R"({"model":"e","input":[[1,2],[3]]})")->size.tokens_given, 3);
    std::string many = R"({"model":"e","input":["a")";
    for (int i = 0; i < 2048; ++i) many += ",\"a\"";
    for (const Refused& c : {
             Refused{R"({"model":"e"})", ErrorCode::bad_param, "input"},
             Refused{R"({"model":"e","input":[]})", ErrorCode::bad_param, "input"},
             Refused{R"({"model":"e","input":""})", ErrorCode::bad_param, "input"},
             Refused{R"({"model":"e","input":["a",""]})", ErrorCode::bad_param, "input[1]"},
             Refused{R"({"model":"e","input":["a",7]})", ErrorCode::bad_param, "input[1]"},
             Refused{R"({"model":"e","input":[[]]})", ErrorCode::bad_param, "input[0]"},
             Refused{R"({"model":"e","input":[1,"a"]})", ErrorCode::bad_param, "input"},
             Refused{R"({"model":"e","input":[-1]})", ErrorCode::bad_param, "input"},
             Refused{R"({"model":"e","input":"a","encoding_format":"hex"})", ErrorCode::bad_param, "encoding_format"},
             Refused{R"({"model":"e","input":"a","dimensions":0})", ErrorCode::bad_param, "dimensions"},
             Refused{many + "]}", ErrorCode::bad_param, "input"},
         })
        refused(Operation::embedding, c);
}

TEST(Splice, changes_only_what_is_asked) {
    const std::string body =
        R"( {"messages":[{"role":"user","content":"\u00e9 \"model\":\"m\""}], "model" : "m" , "temperature":1.50,"x":[1, 2]} )";
    EXPECT_EQ(spliced(body, {.model = "m"}), body);
    std::string other = body;
    other.replace(body.rfind("\"m\""), 3, "\"up/2\"");
    EXPECT_EQ(spliced(body, {.model = "up/2"}), other);
}

TEST(Splice, asks_for_usage_in_every_form) {
    const std::string head = R"({"model":"m","stream":true,"messages":[{"role":"user","content":"a"}])";
    const Patch ask{.model = "m", .ask_usage = true};
    EXPECT_EQ(spliced(head + "}", ask), R"({"stream_options":{"include_usage":true},)" + head.substr(1) + "}");
    EXPECT_EQ(spliced(head + R"(,"stream_options":null})", ask), head + R"(,"stream_options":{"include_usage":true}})");
    EXPECT_EQ(spliced(head + R"(,"stream_options":{ }})", ask), head + R"(,"stream_options":{"include_usage":true }})");
    EXPECT_EQ(spliced(head + R"(,"stream_options":{"a":1}})", ask),
              head + R"(,"stream_options":{"include_usage":true,"a":1}})");
    EXPECT_EQ(spliced(head + R"(,"stream_options":{"include_usage":false}})", ask),
              head + R"(,"stream_options":{"include_usage":true}})");
    EXPECT_EQ(spliced(head + R"(,"stream_options":{"include_usage":true}})", ask),
              head + R"(,"stream_options":{"include_usage":true}})");
    const Patch drop{.model = "m", .drop_stream_options = true};
    EXPECT_EQ(spliced(head + R"(,"stream_options":{"include_usage":true}})", drop), head + "}");
    EXPECT_EQ(spliced(R"({"stream_options" : {"a":1} , )" + head.substr(1) + "}", drop), "{ " + head.substr(1) + "}");
}

TEST(Splice, adds_the_affordable_maximum_once) {
    const std::string head = R"({"model":"m","messages":[{"role":"user","content":"a"}])";
    const Patch limit{.model = "m", .max_output = 77, .max_output_member = "max_completion_tokens"};
    EXPECT_EQ(spliced(head + "}", limit), R"({"max_completion_tokens":77,)" + head.substr(1) + "}");
    EXPECT_EQ(spliced(head + R"(,"max_completion_tokens":null})", limit), head + R"(,"max_completion_tokens":77})");
    EXPECT_EQ(spliced(head + R"(,"max_tokens":5})", limit), head + R"(,"max_tokens":5})")
        << "the caller's own limit stands";
}
