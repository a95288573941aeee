#include <gtest/gtest.h>

#include "base/json.h"
#include "provider/openai_responses/openai_responses.h"

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

Sent send(const Chat& chat, WireTarget target = {"gpt-x", 0, {}, false}) {
    Sent s;
    auto r = provider::openai_responses_wire().encode(chat, target, s.losses);
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

Message with(Role role, std::vector<Part> parts) {
    Message m;
    m.role = role;
    m.parts = std::move(parts);
    return m;
}
Message say(Role role, std::string text) { return with(role, {Text{std::move(text), {}}}); }
ToolCall call(std::string id, std::string arguments) {
    return {.id = std::move(id), .name = "get", .arguments_json = std::move(arguments)};
}
Message result(std::string id, std::vector<Part> parts) {
    return with(Role::tool, {ToolResult{std::move(id), std::move(parts), false, {}}});
}
Reasoning sealed(std::string text, std::string data, std::string_view kind = state_kind::encrypted) {
    Reasoning r;
    r.text = std::move(text);
    r.state = {std::string(kind), std::move(data)};
    r.id = "rs_ours";
    return r;
}
Chat hello(std::string origin = "openai-chat") {
    Chat c;
    c.origin = std::move(origin);
    c.messages.push_back(say(Role::user, "hi"));
    return c;
}
std::string refusal(const Chat& c) {
    const auto s = send(c);
    return s.error ? s.error->param() : "not refused: " + s.body;
}
}  // namespace

TEST(ResponsesEncode, the_least_request) {
    const auto s = send(hello());
    EXPECT_EQ(s.body, R"({"model":"gpt-x","input":[{"role":"user","content":"hi"}],"store":false})");
    EXPECT_TRUE(s.losses.empty());
}

TEST(ResponsesEncode, system_at_the_head_is_instructions_and_the_rest_stays_in_its_place) {
    Chat c = hello();
    c.messages = {say(Role::system, "be brief"), say(Role::system, "be kind"), say(Role::developer, "tools: none"),
                  say(Role::user, "a"), say(Role::system, "now shout")};
    const auto s = send(c);
    EXPECT_EQ(s.at("instructions"), R"("be brief\n\nbe kind")");
    EXPECT_EQ(s.at("input"), R"([{"role":"developer","content":"tools: none"},{"role":"user","content":"a"},)"
                             R"({"role":"system","content":"now shout"}])");
    EXPECT_TRUE(s.losses.empty());
    EXPECT_NE(
        send(c, {"m", 0, {.no_developer_role = true}, false}).body.find(R"({"role":"system","content":"tools: none"})"),
        std::string::npos);
}

TEST(ResponsesEncode, nothing_but_system_leaves_something_to_answer) {
    Chat c = hello();
    c.messages = {say(Role::system, "rules"), say(Role::system, "go")};
    const auto s = send(c);
    EXPECT_EQ(s.at("instructions"), R"("rules")");
    EXPECT_EQ(s.at("input"), R"([{"role":"system","content":"go"}])");
}

TEST(ResponsesEncode, a_turn_keeps_the_order_of_reasoning_text_and_calls) {
    Chat c = hello();
    c.messages.push_back(with(Role::assistant, {sealed("thought", "gAAA=="), Text{"let me look", {}},
                                                call("c1", R"({"a": 1})"), sealed("", "gBBB=="), call("c2", "")}));
    c.messages.push_back(result("c1", {Text{"one", {}}}));
    c.messages.push_back(result("c2", {}));
    const auto s = send(c);
    EXPECT_EQ(
        s.at("input"),
        R"([{"role":"user","content":"hi"},)"
        R"({"type":"reasoning","summary":[{"type":"summary_text","text":"thought"}],"encrypted_content":"gAAA=="},)"
        R"({"role":"assistant","content":"let me look"},)"
        R"({"type":"function_call","call_id":"c1","name":"get","arguments":"{\"a\": 1}"},)"
        R"({"type":"reasoning","summary":[],"encrypted_content":"gBBB=="},)"
        R"({"type":"function_call","call_id":"c2","name":"get","arguments":"{}"},)"
        R"({"type":"function_call_output","call_id":"c1","output":"one"},)"
        R"({"type":"function_call_output","call_id":"c2","output":""}])");
    EXPECT_EQ(s.at("include"), R"(["reasoning.encrypted_content"])");
    EXPECT_TRUE(s.losses.empty());
}

TEST(ResponsesEncode, foreign_state_is_left_out_and_listed) {
    Chat c = hello();
    Reasoning open;
    open.text = "unsealed";
    c.messages.push_back(with(Role::assistant, {sealed("x", "sig", state_kind::signature), open, Text{"ok", {}}}));
    const auto s = send(c);
    EXPECT_EQ(s.body.find("sig"), std::string::npos);
    EXPECT_EQ(s.body.find("unsealed"), std::string::npos);
    EXPECT_EQ(s.losses, Losses{"messages[1].reasoning"});
    EXPECT_EQ(s.at("include"), "");
}

TEST(ResponsesEncode, sealed_reasoning_is_asked_for_where_a_model_reasons) {
    Chat c = hello();
    EXPECT_EQ(send(c, {"m", 0, {}, true}).at("include"), R"(["reasoning.encrypted_content"])");
    EXPECT_EQ(send(c, {"m", 0, {.no_encrypted_reasoning = true}, true}).at("include"), "");
    c.reasoning_effort = "none";
    EXPECT_EQ(send(c).at("include"), "");
    c.reasoning_effort = "low";
    EXPECT_EQ(send(c).at("include"), R"(["reasoning.encrypted_content"])");
    EXPECT_EQ(send(c).at("reasoning"), R"({"effort":"low"})");
}

TEST(ResponsesEncode, a_budget_of_thinking_is_the_nearest_effort) {
    Chat c = hello("anthropic");
    c.reasoning_budget = 8'000;
    const auto s = send(c);
    EXPECT_EQ(s.at("reasoning"), R"({"effort":"medium","summary":"auto"})");
    EXPECT_EQ(s.losses, Losses{"reasoning_budget"});
}

TEST(ResponsesEncode, tools_are_flat_and_say_whether_they_are_strict) {
    Chat c = hello();
    Tool f;
    f.name = "get";
    f.description = "gets";
    f.schema_json = R"({"type":"object","properties":{"n":{"maximum":1.50}}})";
    c.tools.push_back(f);
    f.strict = true;
    f.schema_json = "";
    f.description = "";
    c.tools.push_back(f);
    EXPECT_EQ(
        send(c).at("tools"),
        R"([{"type":"function","name":"get","description":"gets","parameters":{"type":"object","properties":{"n":{"maximum":1.50}}},"strict":false},)"
        R"({"type":"function","name":"get","parameters":{"type":"object","properties":{}},"strict":true}])");
}

TEST(ResponsesEncode, custom_tools_and_their_calls) {
    Chat c = hello();
    Tool t;
    t.function = false;
    t.type = "custom";
    t.name = "patch";
    t.json =
        R"({"type":"custom","custom":{"name":"patch","description":"d","format":{"type":"grammar","grammar":{"syntax":"lark","definition":"start: x"}}}})";
    c.tools.push_back(t);
    c.extras.emplace_back("tool_choice", R"({"type":"custom","custom":{"name":"patch"}})");
    c.messages.push_back(
        with(Role::assistant,
             {Other{"tool_call", R"({"id":"c1","type":"custom","custom":{"name":"patch","input":"*** Begin"}})"}}));
    auto custom = call("c2", "free text");
    custom.custom = true;
    c.messages.push_back(with(Role::assistant, {custom}));
    c.messages.push_back(result("c2", {Text{"done", {}}}));
    const auto s = send(c);
    EXPECT_EQ(
        s.at("tools"),
        R"([{"type":"custom","name":"patch","description":"d","format":{"type":"grammar","syntax":"lark","definition":"start: x"}}])");
    EXPECT_EQ(s.at("tool_choice"), R"({"type":"custom","name":"patch"})");
    EXPECT_NE(s.body.find(R"({"type":"custom_tool_call","call_id":"c1","name":"patch","input":"*** Begin"})"),
              std::string::npos);
    EXPECT_NE(s.body.find(R"({"type":"custom_tool_call","call_id":"c2","name":"get","input":"free text"})"),
              std::string::npos);
    EXPECT_NE(s.body.find(R"({"type":"custom_tool_call_output","call_id":"c2","output":"done"})"), std::string::npos);
}

TEST(ResponsesEncode, the_choice_among_tools) {
    Chat c = hello();
    Tool f;
    f.name = "get";
    c.tools.push_back(f);
    c.tool_choice.kind = ToolChoice::Kind::required;
    EXPECT_EQ(send(c).at("tool_choice"), R"("required")");
    c.tool_choice = {ToolChoice::Kind::named, "get"};
    EXPECT_EQ(send(c).at("tool_choice"), R"({"type":"function","name":"get"})");
    c.tool_choice = {};
    c.extras.emplace_back(
        "tool_choice",
        R"({"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[{"type":"function","function":{"name":"get"}}]}})");
    EXPECT_EQ(send(c).at("tool_choice"),
              R"({"type":"allowed_tools","mode":"required","tools":[{"type":"function","name":"get"}]})");
}

TEST(ResponsesEncode, answers_in_a_form) {
    Chat c = hello();
    ResponseFormat f;
    f.kind = ResponseFormat::Kind::json_schema;
    f.name = "person";
    f.schema_json = R"({"type":"object"})";
    f.strict = true;
    c.response_format = f;
    c.verbosity = "low";
    EXPECT_EQ(
        send(c).at("text"),
        R"({"format":{"type":"json_schema","name":"person","schema":{"type":"object"},"strict":true},"verbosity":"low"})");
    c.response_format->kind = ResponseFormat::Kind::json_object;
    EXPECT_EQ(send(c).at("text"), R"({"format":{"type":"json_object"},"verbosity":"low"})");
}

TEST(ResponsesEncode, images_and_files) {
    Chat c = hello();
    Image url, inline_data;
    url.url = "https://x/y.png";
    url.detail = "high";
    inline_data.media_type = "image/png";
    inline_data.data = "AAAA";
    File pdf, by_id, by_url;
    pdf.media_type = "application/pdf";
    pdf.data = "JVBER";
    by_id.file_id = "file-1";
    by_url.url = "https://x/y.pdf";
    c.messages = {with(Role::user, {Text{"see", {}}, url, inline_data, pdf, by_id, by_url})};
    EXPECT_EQ(
        send(c).at("input"),
        R"([{"role":"user","content":[{"type":"input_text","text":"see"},{"type":"input_image","image_url":"https://x/y.png","detail":"high"},)"
        R"({"type":"input_image","image_url":"data:image/png;base64,AAAA","detail":"auto"},{"type":"input_file","filename":"file.pdf","file_data":"data:application/pdf;base64,JVBER"},)"
        R"({"type":"input_file","file_id":"file-1"},{"type":"input_file","file_url":"https://x/y.pdf"}]}])");
    c.messages = {result("c1", {Text{"shot", {}}, inline_data})};
    EXPECT_EQ(
        send(c).at("input"),
        R"([{"type":"function_call_output","call_id":"c1","output":[{"type":"input_text","text":"shot"},{"type":"input_image","image_url":"data:image/png;base64,AAAA","detail":"auto"}]}])");
    // Another company's file id would name a stranger's file, or none.
    c.origin = "anthropic";
    c.messages = {with(Role::user, {by_id})};
    EXPECT_EQ(refusal(c), "messages[0].content[0]");
}

TEST(ResponsesEncode, what_changes_the_answer_is_refused_by_name) {
    Chat c = hello();
    c.n = 2;
    EXPECT_EQ(refusal(c), "n");
    c = hello();
    c.stop = {"END"};
    EXPECT_EQ(refusal(c), "stop");
    c = hello();
    c.modalities = {"text", "audio"};
    EXPECT_EQ(refusal(c), "modalities");
    c = hello();
    c.messages = {with(Role::user, {Audio{"wav", "AAAA", {}}})};
    EXPECT_EQ(refusal(c), "messages[0].content[0]");
    c = hello();
    Tool t;
    t.function = false;
    t.type = "computer_20250124";
    t.json = R"({"type":"computer_20250124"})";
    c.tools = {t};
    EXPECT_EQ(refusal(c), "tools[0]");
    EXPECT_EQ(send(c).error->code(), ErrorCode::unsupported_feature);
    c = hello();
    c.extras.emplace_back("functions", R"([{"name":"f"}])");
    EXPECT_EQ(refusal(c), "functions");
}

TEST(ResponsesEncode, decorations_are_listed) {
    Chat c = hello();
    c.top_k = "40";
    c.seed = 7;
    c.frequency_penalty = "0.5";
    c.presence_penalty = "0.0";
    c.logit_bias_json = R"({"1":2})";
    c.messages[0].name = "ann";
    c.extras.emplace_back("prediction", R"({"type":"content"})");
    c.extras.emplace_back("store", "true");
    const auto s = send(c);
    EXPECT_EQ(s.losses, (Losses{"top_k", "frequency_penalty", "logit_bias", "seed", "messages[0].name", "prediction"}));
}

TEST(ResponsesEncode, numbers_stay_as_they_were_written) {
    Chat c = hello();
    c.temperature = "0.70";
    c.top_p = "1e-1";
    c.max_output = 3;
    c.logprobs = true;
    c.top_logprobs = 2;
    const auto s = send(c);
    EXPECT_EQ(s.at("temperature"), "0.70");
    EXPECT_EQ(s.at("top_p"), "1e-1");
    EXPECT_EQ(s.at("max_output_tokens"), "16");  // the least the API takes
    EXPECT_EQ(s.losses, Losses{"max_output_tokens"});
    EXPECT_EQ(s.at("include"), R"(["message.output_text.logprobs"])");
    EXPECT_EQ(s.at("top_logprobs"), "2");
}

TEST(ResponsesEncode, words_of_openai_go_on_and_those_of_others_do_not) {
    Chat c = hello();
    c.user = "u";
    c.service_tier = "flex";
    c.metadata_json = R"({"a":"b"})";
    c.prompt_cache_key = "k";
    c.extras.emplace_back("safety_identifier", R"("s")");
    auto s = send(c);
    EXPECT_EQ(s.at("service_tier"), R"("flex")");
    EXPECT_EQ(s.at("metadata"), R"({"a":"b"})");
    EXPECT_EQ(s.at("safety_identifier"), R"("s")");
    EXPECT_TRUE(s.losses.empty());
    c.origin = "anthropic";
    s = send(c);
    EXPECT_EQ(s.at("service_tier"), "");
    EXPECT_EQ(s.losses, (Losses{"service_tier", "metadata"}));
}

TEST(ResponsesEncode, web_search_of_the_chat_shape_is_a_tool) {
    Chat c = hello();
    c.extras.emplace_back(
        "web_search_options",
        R"({"search_context_size":"low","user_location":{"type":"approximate","approximate":{"country":"DE"}}})");
    const auto s = send(c);
    EXPECT_EQ(
        s.at("tools"),
        R"([{"type":"web_search","search_context_size":"low","user_location":{"type":"approximate","country":"DE"}}])");
    EXPECT_TRUE(s.losses.empty());
}

TEST(ResponsesEncode, its_own_shape_passes_whole_but_for_state_at_the_provider) {
    Chat c = hello("openai-responses");
    c.messages.push_back(
        with(Role::assistant, {Other{"web_search_call", R"({"type":"web_search_call","id":"ws_1"})"}}));
    Tool t;
    t.function = false;
    t.type = "web_search";
    t.json = R"({"type":"web_search"})";
    c.tools = {t};
    c.extras = {{"truncation", R"("auto")"},
                {"store", "true"},
                {"previous_response_id", R"("resp_1")"},
                {"include", R"(["web_search_call.action.sources"])"}};
    const auto s = send(c, {"m", 0, {}, true});
    EXPECT_EQ(s.at("truncation"), R"("auto")");
    EXPECT_EQ(s.at("store"), "false");
    EXPECT_EQ(s.at("previous_response_id"), "");
    EXPECT_EQ(s.at("include"), R"(["web_search_call.action.sources","reasoning.encrypted_content"])");
    EXPECT_NE(s.body.find(R"({"type":"web_search_call","id":"ws_1"})"), std::string::npos);
    EXPECT_EQ(s.at("tools"), R"([{"type":"web_search"}])");
    EXPECT_TRUE(s.losses.empty());
}

TEST(ResponsesEncode, long_call_ids_are_mapped_alike_for_a_call_and_its_result) {
    Chat c = hello();
    const std::string id(100, 'x');
    c.messages.push_back(with(Role::assistant, {call(id, "{}")}));
    c.messages.push_back(result(id, {Text{"r", {}}}));
    const auto s = send(c);
    std::vector<std::string> ids;
    for (const JsonRef item : s.root()["input"])
        if (item["call_id"]) ids.emplace_back(item["call_id"].text());
    ASSERT_EQ(ids.size(), 2u);
    EXPECT_EQ(ids[0], ids[1]);
    EXPECT_LE(ids[0].size(), 64u);
}
