#include <gtest/gtest.h>

#include "base/json.h"
#include "provider/anthropic/anthropic.h"
#include "provider/anthropic/encode.h"

using namespace aig;
using namespace aig::canon;

namespace {

struct Sent {
    std::string body;
    Losses losses;
    std::optional<Error> error;
    JsonDoc doc = *JsonDoc::parse("null");
    JsonRef root() const { return doc.root(); }
    std::string at(std::string_view name) const { return std::string(root()[name].raw()); }
};

Sent send(const Chat& chat, Quirks quirks = {}, int64_t max_output = 0) {
    Sent s;
    auto r = provider::anthropic_wire().encode(chat, WireTarget{"claude-x", max_output, quirks}, s.losses);
    if (!r) {
        s.error = r.error();
        return s;
    }
    s.body = r->body;
    auto doc = JsonDoc::parse(s.body);
    EXPECT_TRUE(doc.ok()) << s.body;
    if (doc) s.doc = std::move(*doc);
    return s;
}

Message say(Role role, std::string text) {
    Message m;
    m.role = role;
    m.parts.push_back(Text{std::move(text), {}});
    return m;
}
Message result(std::string id, std::string text) {
    Message m;
    m.role = Role::tool;
    m.parts.push_back(ToolResult{std::move(id), {Text{std::move(text), {}}}, false, {}});
    return m;
}
Message call(std::string id, std::string arguments) {
    Message m;
    m.role = Role::assistant;
    m.parts.push_back(ToolCall{std::move(id), "get", std::move(arguments), {}});
    return m;
}
Reasoning thought(std::string text, std::string_view kind, std::string data) {
    Reasoning r;
    r.text = std::move(text);
    r.state = {std::string(kind), std::move(data)};
    return r;
}
Chat hello() {
    Chat c;
    c.messages.push_back(say(Role::user, "hi"));
    return c;
}
Tool function(std::string name, std::string schema = {}) {
    Tool t;
    t.name = std::move(name);
    t.schema_json = std::move(schema);
    return t;
}
ResponseFormat schema_format(std::string schema) {
    ResponseFormat f;
    f.kind = ResponseFormat::Kind::json_schema;
    f.name = "answer";
    f.schema_json = std::move(schema);
    return f;
}

}  // namespace

TEST(AnthropicEncode, the_least_request) {
    const auto s = send(hello());
    EXPECT_EQ(
        s.body,
        R"({"model":"claude-x","max_tokens":4096,"messages":[{"role":"user","content":[{"type":"text","text":"hi"}]}]})");
    EXPECT_TRUE(s.losses.empty());
}

TEST(AnthropicEncode, head) {
    Losses losses;
    auto r = provider::anthropic_wire().encode(hello(), {"m", 0, {}}, losses);
    ASSERT_TRUE(r.ok());
    EXPECT_EQ(r->path, "/messages");
    EXPECT_EQ(r->headers, provider::anthropic_wire().head(Operation::chat, {"m", 0, {}}, false).headers);
    EXPECT_EQ(r->headers[1].value, "2023-06-01");
}

TEST(AnthropicEncode, max_tokens_is_the_callers_or_the_models_or_4096) {
    EXPECT_EQ(send(hello(), {}, 8000).at("max_tokens"), "8000");
    auto c = hello();
    c.max_output = 7;
    EXPECT_EQ(send(c, {}, 8000).at("max_tokens"), "7");
}

TEST(AnthropicEncode, what_messages_alone_can_say_goes_back_to_a_route_that_speaks_it) {
    auto c = hello();
    c.origin = "anthropic";
    c.extras = {{"context_management", "{\"edits\":[]}"},
                {"output_config.task_budget", "{\"total\":5}"},
                {"metadata.x", "1"},
                {"thinking", "{\"type\":\"disabled\"}"}};
    c.user = "u";
    Tool server;
    server.function = false;
    server.json = R"({"type":"web_search_20250305","name":"web_search"})";
    auto f = function("f");
    f.extras = {{"defer_loading", "true"}, {"cache_control", "{\"type\":\"ephemeral\"}"}};
    c.tools = {server, f};
    c.messages[0].parts.push_back(Other{"container_upload", R"({"type":"container_upload","file_id":"f"})"});
    c.messages[0].parts.push_back(Text{"cited", {{"citations", "[{\"type\":\"char_location\"}]"}}});
    const auto s = send(c);
    ASSERT_FALSE(s.error) << s.error->message();
    EXPECT_TRUE(s.losses.empty()) << s.losses.front();
    EXPECT_EQ(s.at("context_management"), "{\"edits\":[]}");
    EXPECT_EQ(s.at("output_config"), R"({"task_budget":{"total":5}})");
    EXPECT_EQ(s.at("metadata"), R"({"user_id":"u","x":1})");
    EXPECT_EQ(s.at("thinking"), R"({"type":"disabled"})");
    EXPECT_EQ((*s.root()["tools"].begin()).raw(), server.json);
    EXPECT_NE(s.at("tools").find(R"("defer_loading":true,"cache_control")"), std::string::npos) << s.at("tools");
    EXPECT_NE(s.body.find(R"({"type":"container_upload","file_id":"f"})"), std::string::npos);
    EXPECT_NE(s.body.find(R"("text":"cited","citations":[{"type":"char_location"}]})"), std::string::npos) << s.body;

    c.origin = "openai-chat";
    EXPECT_TRUE(send(c).error) << "from another dialect the same is refused";
}

TEST(AnthropicEncode, leading_system_is_hoisted_and_a_later_one_stays) {
    Chat c;
    c.messages = {say(Role::system, "be brief"), say(Role::developer, "be kind"), say(Role::user, "a"),
                  say(Role::assistant, "b"),     say(Role::system, "now shout"),  say(Role::user, "c")};
    auto s = send(c);
    EXPECT_EQ(s.at("system"), R"([{"type":"text","text":"be brief"},{"type":"text","text":"be kind"}])");
    EXPECT_EQ(s.root()["messages"].size(), 3u);
    EXPECT_NE(s.body.find("<system>\\nnow shout\\n</system>"), std::string::npos);
    EXPECT_EQ(s.losses, Losses{"messages[4].role"});

    s = send(c, {.system_in_messages = true});
    EXPECT_EQ(s.root()["messages"].size(), 4u);
    EXPECT_NE(s.body.find(R"({"role":"system","content":[{"type":"text","text":"now shout"}]})"), std::string::npos);
    EXPECT_TRUE(s.losses.empty());
}

TEST(AnthropicEncode, nothing_but_system_is_asked_as_user) {
    Chat c;
    c.messages = {say(Role::system, "rules"), say(Role::system, "go")};
    const auto s = send(c);
    EXPECT_EQ(s.at("system"), R"([{"type":"text","text":"rules"}])");
    EXPECT_EQ(s.at("messages"), R"([{"role":"user","content":[{"type":"text","text":"go"}]}])");
    EXPECT_EQ(s.losses, Losses{"messages[1].role"});
}

TEST(AnthropicEncode, an_assistant_who_speaks_first_has_a_user_put_in_front) {
    Chat c;
    c.messages = {say(Role::system, "rules"), say(Role::assistant, "How can I help?"), say(Role::user, "hi")};
    auto s = send(c);
    EXPECT_EQ(s.root()["messages"].size(), 3u);
    const auto first = (*s.root()["messages"].begin()).raw();
    EXPECT_EQ(first, R"x({"role":"user","content":[{"type":"text","text":"(The assistant speaks first.)"}]})x");
    EXPECT_EQ(s.losses, Losses{"messages[1].role"});

    c.messages = {say(Role::user, " \n"), say(Role::assistant, "How can I help?"), say(Role::user, "hi")};
    s = send(c);
    EXPECT_EQ(s.root()["messages"].size(), 3u) << "a blank user's turn is none";
    EXPECT_EQ(s.losses, Losses{"messages[1].role"});

    c.messages = {call("a", "{}"), result("a", "1")};
    EXPECT_EQ(send(c).root()["messages"].size(), 3u);
}

TEST(AnthropicEncode, results_of_one_turn_come_together_and_first) {
    Chat c;
    Message two = call("a", "{\"x\":1}");
    two.parts.push_back(ToolCall{"b", "get", "", {}});
    c.messages = {say(Role::user, "go"), two, say(Role::user, "by the way"), result("a", "1"), result("b", "2")};
    std::get<ToolResult>(c.messages[4].parts[0]).is_error = true;
    const auto s = send(c);
    EXPECT_EQ(
        s.at("messages"),
        R"([{"role":"user","content":[{"type":"text","text":"go"}]},)"
        R"({"role":"assistant","content":[{"type":"tool_use","id":"a","name":"get","input":{"x":1}},{"type":"tool_use","id":"b","name":"get","input":{}}]},)"
        R"({"role":"user","content":[{"type":"tool_result","tool_use_id":"a","content":[{"type":"text","text":"1"}]},)"
        R"({"type":"tool_result","tool_use_id":"b","content":[{"type":"text","text":"2"}],"is_error":true},{"type":"text","text":"by the way"}]}])");
}

TEST(AnthropicEncode, arguments_stay_raw_and_broken_ones_survive) {
    Chat c = hello();
    c.messages.push_back(call("a", R"( {"n": 1.50, "k":"\u00e9"} )"));
    c.messages.push_back(result("a", "ok"));
    auto s = send(c);
    EXPECT_NE(s.body.find(R"("input":{"n": 1.50, "k":"\u00e9"})"), std::string::npos) << s.body;
    std::get<ToolCall>(c.messages[1].parts[0]).arguments_json = "{\"a\":";
    s = send(c);
    EXPECT_NE(s.body.find(R"("input":{"invalid_json":"{\"a\":"})"), std::string::npos) << s.body;
    EXPECT_EQ(s.losses, Losses{"messages[1].tool_calls.arguments"});
}

TEST(AnthropicEncode, foreign_ids_are_mapped_the_same_way_on_both_ends) {
    EXPECT_EQ(provider::anthropic::tool_id("call_A-1"), "call_A-1");
    EXPECT_NE(provider::anthropic::tool_id("f.get:0"), provider::anthropic::tool_id("f:get.0"));
    Chat c = hello();
    c.messages.push_back(call("f.get:0", ""));
    c.messages.push_back(result("f.get:0", "ok"));
    const auto s = send(c);
    const auto id = provider::anthropic::tool_id("f.get:0");
    EXPECT_NE(s.body.find("\"id\":\"" + id), std::string::npos);
    EXPECT_NE(s.body.find("\"tool_use_id\":\"" + id), std::string::npos);
}

TEST(AnthropicEncode, blank_text_is_left_out_and_the_last_word_trimmed) {
    Chat c;
    c.messages = {say(Role::user, "q"), say(Role::assistant, " \n"), say(Role::user, "again"),
                  say(Role::assistant, "{ \n")};
    const auto s = send(c);
    EXPECT_EQ(s.root()["messages"].size(), 2u);
    EXPECT_NE(s.body.find(R"("text":"{"})"), std::string::npos) << s.body;
    Chat hole;
    hole.messages = {say(Role::user, "q"), say(Role::assistant, ""), say(Role::user, "again")};
    EXPECT_EQ(send(hole).at("messages"),
              R"([{"role":"user","content":[{"type":"text","text":"q"},{"type":"text","text":"again"}]}])");
    Chat empty;
    empty.messages = {say(Role::user, "")};
    EXPECT_EQ(send(empty).error->code(), ErrorCode::bad_param);
}

TEST(AnthropicEncode, images_and_files) {
    Chat c = hello();
    auto& parts = c.messages[0].parts;
    parts.push_back(Image{"https://e.x/a.png", "", "", "high", {}});
    parts.push_back(Image{"data:image/jpg;base64,QUJD", "", "", "", {}});
    parts.push_back(Image{"", "image/png", "QUJD", "auto", {{"cache_control", R"({"type":"ephemeral"})"}}});
    parts.push_back(File{"a.pdf", "", "JVBERi0=", "", "", {}});
    parts.push_back(File{"a.txt", "text/plain", "aGVsbG8=", "", "", {}});
    const auto s = send(c);
    EXPECT_NE(s.body.find(R"({"type":"image","source":{"type":"url","url":"https://e.x/a.png"}})"), std::string::npos);
    EXPECT_NE(s.body.find(R"({"type":"image","source":{"type":"base64","media_type":"image/jpeg","data":"QUJD"}})"),
              std::string::npos);
    EXPECT_NE(s.body.find(R"("media_type":"image/png","data":"QUJD"},"cache_control":{"type":"ephemeral"}})"),
              std::string::npos);
    EXPECT_NE(
        s.body.find(
            R"({"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"JVBERi0="},"title":"a.pdf"})"),
        std::string::npos);
    EXPECT_NE(s.body.find(R"({"type":"text","media_type":"text/plain","data":"hello"},"title":"a.txt"})"),
              std::string::npos)
        << s.body;
    EXPECT_EQ(s.losses, Losses{"messages[0].content[1].image_url.detail"});
}

TEST(AnthropicEncode, refuses_by_name) {
    const auto refused = [](auto change) {
        Chat c = hello();
        change(c);
        const auto s = send(c);
        EXPECT_TRUE(s.error) << s.body;
        return s.error ? std::string(s.error->row().name) + " " + s.error->param() : "";
    };
    EXPECT_EQ(refused([](Chat& c) { c.n = 2; }), "unsupported_feature n");
    EXPECT_EQ(refused([](Chat& c) {
                  c.messages[0].parts.push_back(Audio{"wav", "AA", {}});
              }),
              "unsupported_feature messages[0].content[1]");
    EXPECT_EQ(refused([](Chat& c) {
                  c.messages[0].parts.push_back(Other{"video_url", "{}"});
              }),
              "unsupported_feature messages[0].content[1]");
    EXPECT_EQ(refused([](Chat& c) {
                  c.messages[0].parts.push_back(File{"", "", "", "file-1", "", {}});
              }),
              "unsupported_feature messages[0].content[1]");
    EXPECT_EQ(refused([](Chat& c) {
                  c.messages[0].parts.push_back(Image{"", "image/bmp", "AA", "", {}});
              }),
              "unsupported_feature messages[0].content[1]");
    EXPECT_EQ(refused([](Chat& c) {
                  c.messages[0].parts.push_back(Image{"gs://b/a.png", "", "", "", {}});
              }),
              "bad_param messages[0].content[1]");
    EXPECT_EQ(refused([](Chat& c) { c.modalities = {"text", "audio"}; }), "unsupported_feature modalities");
    EXPECT_EQ(refused([](Chat& c) {
                  c.response_format = ResponseFormat{.kind = ResponseFormat::Kind::json_object,
                                                     .name = {},
                                                     .description = {},
                                                     .schema_json = {},
                                                     .strict = {}};
              }),
              "unsupported_feature response_format");
    EXPECT_EQ(refused([](Chat& c) {
                  c.tools.push_back(Tool{"", "", "", {}, false, "custom", "{}", {}});
              }),
              "unsupported_feature tools[0]");
    EXPECT_EQ(refused([](Chat& c) { c.tools.push_back(function("aig_structured_output")); }), "bad_param tools[0]");
    EXPECT_EQ(refused([](Chat& c) { c.reasoning_effort = "huge"; }), "bad_param reasoning_effort");
    Losses losses;
    EXPECT_FALSE(provider::anthropic_wire().encode(Embedding{}, {"m", 0, {}}, losses).ok());
}

TEST(AnthropicEncode, lists_what_it_drops) {
    Chat c = hello();
    c.logprobs = true;
    c.top_logprobs = 3;
    c.seed = 1;
    c.logit_bias_json = R"({"1":2})";
    c.frequency_penalty = "0.5";
    c.presence_penalty = "0.0";
    c.verbosity = "low";
    c.prompt_cache_key = "k";
    c.metadata_json = R"({"a":"b"})";
    c.service_tier = "flex";
    c.stop = {"\n", "END"};
    c.messages[0].name = "bob";
    c.messages[0].extras = {{"refusal", "null"}, {"annotations", "[]"}, {"odd", "1"}};
    c.extras = {{"prediction", "{\"x\":1}"}, {"store", "true"}, {"stream_options", "{\"include_usage\":true}"}};
    const auto s = send(c);
    EXPECT_EQ(s.losses, (Losses{"messages[0].name", "messages[0].odd", "logprobs", "top_logprobs", "seed", "logit_bias",
                                "frequency_penalty", "verbosity", "prompt_cache_key", "metadata", "prediction", "stop",
                                "service_tier"}));
    EXPECT_EQ(s.at("stop_sequences"), R"(["END"])");
    EXPECT_EQ(s.at("service_tier"), "");
}

TEST(AnthropicEncode, user_and_tier) {
    Chat c = hello();
    c.user = "u-1";
    c.service_tier = "default";
    auto s = send(c);
    EXPECT_EQ(s.at("metadata"), R"({"user_id":"u-1"})");
    EXPECT_EQ(s.at("service_tier"), "\"standard_only\"");
    c.user.assign(300, 'u');
    s = send(c);
    EXPECT_EQ(s.at("metadata"), "");
    EXPECT_EQ(s.losses, Losses{"user"});
    c.user.clear();
    c.extras = {{"safety_identifier", "\"s-1\""}};
    EXPECT_EQ(send(c).at("metadata"), R"({"user_id":"s-1"})");
}

TEST(AnthropicEncode, sampling) {
    Chat c = hello();
    c.temperature = "1.5";
    c.top_p = "0.9";
    c.top_k = "40";
    auto s = send(c);
    EXPECT_EQ(s.at("temperature"), "1");
    EXPECT_EQ(s.at("top_p"), "");
    EXPECT_EQ(s.at("top_k"), "40");
    EXPECT_EQ(s.losses, (Losses{"temperature", "top_p"}));
    c.temperature = "0.70";
    c.top_p = "1";
    s = send(c);
    EXPECT_EQ(s.at("temperature"), "0.70");
    EXPECT_TRUE(s.losses.empty());
    EXPECT_EQ(send(c, {.no_sampling = true}).losses, (Losses{"temperature", "top_k"}));
}

TEST(AnthropicEncode, effort_becomes_a_budget_below_max_tokens) {
    Chat c = hello();
    c.reasoning_effort = "medium";
    auto s = send(c, {}, 64000);
    EXPECT_EQ(s.at("thinking"), R"({"type":"enabled","budget_tokens":8192})");
    EXPECT_EQ(s.at("max_tokens"), "64000");
    s = send(c);
    EXPECT_EQ(s.at("max_tokens"), "12288");
    c.max_output = 5000;
    EXPECT_EQ(send(c).at("thinking"), R"({"type":"enabled","budget_tokens":4000})");
    c.max_output = 1100;
    EXPECT_EQ(send(c).at("thinking"), R"({"type":"enabled","budget_tokens":1024})");
    c.max_output = 1024;
    s = send(c);
    EXPECT_EQ(s.at("thinking"), "");
    EXPECT_EQ(s.losses, Losses{"reasoning_effort"});
    c.reasoning_effort = "none";
    EXPECT_TRUE(send(c).losses.empty());
}

TEST(AnthropicEncode, thinking_restricts_sampling_and_forced_tools_forbid_it) {
    Chat c = hello();
    c.reasoning_effort = "low";
    c.temperature = "0.2";
    c.top_p = "0.97";
    c.top_k = "3";
    auto s = send(c);
    EXPECT_EQ(s.at("temperature"), "");
    EXPECT_EQ(s.at("top_p"), "0.97");
    EXPECT_EQ(s.losses, (Losses{"temperature", "top_k"}));
    c = hello();
    c.reasoning_effort = "low";
    c.tools = {function("get")};
    c.tool_choice.kind = ToolChoice::Kind::required;
    s = send(c);
    EXPECT_EQ(s.at("thinking"), "");
    EXPECT_EQ(s.losses, Losses{"reasoning_effort"});
}

TEST(AnthropicEncode, adaptive_models_get_effort) {
    Chat c = hello();
    c.reasoning_effort = "xhigh";
    const auto s = send(c, {.adaptive_thinking = true});
    EXPECT_EQ(s.at("thinking"), R"({"type":"adaptive","display":"summarized"})");
    EXPECT_EQ(s.at("output_config"), R"({"effort":"xhigh"})");
}

TEST(AnthropicEncode, reasoning_goes_back_unchanged_or_not_at_all) {
    Chat c = hello();
    Message m;
    m.role = Role::assistant;
    m.parts = {thought("hm", state_kind::signature, "sig=="), thought("", state_kind::redacted, "blob"),
               thought("unsigned", "", ""), thought("x", state_kind::encrypted, "enc"), Text{"so", {}}};
    c.messages.push_back(m);
    c.messages.push_back(say(Role::user, "and?"));
    const auto s = send(c);
    EXPECT_NE(
        s.body.find(
            R"({"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":"sig=="},{"type":"redacted_thinking","data":"blob"},{"type":"text","text":"so"}]})"),
        std::string::npos)
        << s.body;
    EXPECT_EQ(s.body.find("unsigned"), std::string::npos);
    EXPECT_EQ(s.losses[0], "messages[1].reasoning");
}

TEST(AnthropicEncode, tools_and_choice) {
    Chat c = hello();
    c.tools = {function("a"), function("b", R"({"properties":{"x":{"type":"integer","minimum":1}}})")};
    c.tools[1].description = "does b";
    c.tools[1].extras = {{"cache_control", R"({"type":"ephemeral"})"}};
    auto s = send(c);
    EXPECT_EQ(
        s.at("tools"),
        R"([{"name":"a","input_schema":{"type":"object","properties":{}}},{"name":"b","description":"does b","input_schema":{"type":"object","properties":{"x":{"type":"integer","minimum":1}}},"cache_control":{"type":"ephemeral"}}])");
    EXPECT_EQ(s.at("tool_choice"), "");
    const auto choice = [&](ToolChoice::Kind kind, std::optional<bool> parallel) {
        c.tool_choice = {kind, "b"};
        c.parallel_tool_calls = parallel;
        return send(c).at("tool_choice");
    };
    EXPECT_EQ(choice(ToolChoice::Kind::automatic, {}), R"({"type":"auto"})");
    EXPECT_EQ(choice(ToolChoice::Kind::required, true), R"({"type":"any"})");
    EXPECT_EQ(choice(ToolChoice::Kind::named, false), R"({"type":"tool","name":"b","disable_parallel_tool_use":true})");
    EXPECT_EQ(choice(ToolChoice::Kind::none, false), R"({"type":"none"})");
    EXPECT_EQ(choice(ToolChoice::Kind::unset, false), R"({"type":"auto","disable_parallel_tool_use":true})");
}

TEST(AnthropicEncode, schema_answers_use_output_config) {
    Chat c = hello();
    c.response_format = schema_format(
        R"({"type":"object","properties":{"n":{"type":"integer","minimum":1},"list":{"type":"array","minItems":2,"items":{"type":"object","properties":{"minimum":{"type":"string"}}}}},"additionalProperties":true})");
    const auto s = send(c);
    EXPECT_EQ(
        s.at("output_config"),
        R"({"format":{"type":"json_schema","schema":{"type":"object","properties":{"n":{"type":"integer"},"list":{"type":"array","items":{"type":"object","properties":{"minimum":{"type":"string"}},"additionalProperties":false}}},"additionalProperties":false}}})");
    EXPECT_EQ(s.losses,
              (Losses{"response_format.json_schema.schema.minimum", "response_format.json_schema.schema.minItems",
                      "response_format.json_schema.schema.additionalProperties"}));
    c.response_format = schema_format(R"({"type":"object","additionalProperties":{"type":"string"}})");
    EXPECT_EQ(send(c).error->code(), ErrorCode::unsupported_feature);
}

TEST(AnthropicEncode, schema_answers_of_older_models_use_a_forced_tool) {
    Chat c = hello();
    c.response_format = schema_format(R"({"type":"object","properties":{"n":{"type":"integer"}}})");
    auto s = send(c, {.no_output_format = true});
    EXPECT_EQ(s.at("tool_choice"), R"({"type":"tool","name":"aig_structured_output"})");
    EXPECT_EQ(s.root()["tools"].size(), 1u);
    c.tools = {function("get")};
    EXPECT_EQ(send(c, {.no_output_format = true}).at("tool_choice"), R"({"type":"any"})");
}

TEST(AnthropicEncode, cache_marks_keep_their_place) {
    Chat c;
    c.messages = {say(Role::system, "long"), say(Role::user, "q")};
    std::get<Text>(c.messages[0].parts[0]).extras = {{"cache_control", R"({"type":"ephemeral","ttl":"1h"})"}};
    c.messages[1].extras = {{"cache_control", R"({"type":"ephemeral"})"}};
    const auto s = send(c);
    EXPECT_EQ(s.at("system"), R"([{"type":"text","text":"long","cache_control":{"type":"ephemeral","ttl":"1h"}}])");
    EXPECT_EQ(s.at("messages"),
              R"([{"role":"user","content":[{"type":"text","text":"q","cache_control":{"type":"ephemeral"}}]}])");
    EXPECT_TRUE(s.losses.empty());
}

TEST(AnthropicEncode, never_more_than_four_cache_marks_and_the_newest_turns_keep_theirs) {
    const Extras mark{{"cache_control", R"({"type":"ephemeral"})"}};
    const auto marks_in = [](std::string_view json) {
        size_t n = 0;
        for (size_t at = 0; (at = json.find("cache_control", at)) != std::string_view::npos; ++at) ++n;
        return n;
    };
    Chat c = hello();
    c.messages.insert(c.messages.begin(), say(Role::system, "long"));
    std::get<Text>(c.messages[0].parts[0]).extras = mark;
    c.tools = {function("a"), function("b")};
    c.tools[1].extras = mark;
    for (int turn = 0; turn < 4; ++turn) {
        c.messages.push_back(call("t" + std::to_string(turn), "{}"));
        c.messages.push_back(result("t" + std::to_string(turn), "r"));
        std::get<ToolResult>(c.messages.back().parts[0]).extras = mark;
    }
    const auto s = send(c);
    ASSERT_FALSE(s.error);
    EXPECT_EQ(marks_in(s.body), 4u);
    EXPECT_EQ(marks_in(s.at("tools")) + marks_in(s.at("system")), 2u);
    const auto turns = s.at("messages");
    EXPECT_GT(turns.find("cache_control"), turns.find("\"t2\"")) << "the oldest turns' marks go first";
    EXPECT_EQ(s.losses, (Losses{"messages[3].content[0].cache_control", "messages[5].content[0].cache_control"}));
    // Marks in front alone may be too many as well.
    Chat front = hello();
    for (int i = 0; i < 6; ++i) {
        front.tools.push_back(function("f" + std::to_string(i)));
        front.tools.back().extras = mark;
    }
    EXPECT_EQ(marks_in(send(front).body), 4u);
}

TEST(AnthropicEncode, thinking_stands_in_front_of_the_call_it_led_to) {
    Chat c = hello();
    Message m = call("t1", "{}");
    m.parts.insert(m.parts.begin(), thought("", state_kind::redacted, "blob"));
    m.parts.insert(m.parts.begin(), thought("hm", state_kind::signature, "sig=="));
    c.messages.push_back(m);
    c.messages.push_back(result("t1", "r"));
    const auto body = send(c).body;
    const size_t thinking = body.find(R"({"type":"thinking","thinking":"hm","signature":"sig=="})");
    const size_t redacted = body.find(R"({"type":"redacted_thinking","data":"blob"})");
    EXPECT_LT(thinking, redacted);
    EXPECT_LT(redacted, body.find("tool_use"));
}
