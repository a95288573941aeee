#include <gtest/gtest.h>

#include "base/json.h"
#include "dialect/registry.h"

using namespace aig;
using namespace aig::canon;

namespace {

Result<Envelope> peek(std::string_view body) { return dialect::anthropic_messages().peek({Operation::chat, body}); }
std::string with(std::string_view members) {
    return R"({"model":"m","max_tokens":9,"messages":[{"role":"user","content":"hi"}],)" + std::string(members) + "}";
}
std::string said(std::string_view blocks, std::string_view role = "user") {
    return R"({"model":"m","max_tokens":9,"messages":[{"role":")" + std::string(role) + R"(","content":[)" +
           std::string(blocks) + "]}]}";
}
/// The parameter that the refusal names; "" when it was let through.
std::string refused(std::string_view body) {
    const auto e = peek(body);
    return e ? "" : e.error().param().empty() ? std::string(e.error().row().name) : e.error().param();
}
Chat parse(std::string_view body) {
    auto r = dialect::anthropic_messages().parse({Operation::chat, body});
    EXPECT_TRUE(r.ok());
    return std::get<Chat>(*r);
}
std::string spliced(std::string_view body, std::string_view model) {
    const auto e = peek(body);
    std::string out;
    const auto s = dialect::anthropic_messages().splice(body, *e, Patch{.model = model});
    for (const auto p : s->pieces) out += p;
    return out;
}
}  // namespace

TEST(MessagesPeek, facts) {
    const auto e = peek(R"({"model":"claude-x","max_tokens":64,"stream":true,"system":"be brief",
        "messages":[{"role":"user","content":"hi"},{"role":"system","content":"note"}],
        "tools":[{"name":"f","description":"d","input_schema":{"type":"object"}},{"type":"web_search_20250305","name":"w"}],
        "tool_choice":{"type":"any"},"output_config":{"format":{"type":"json_schema","schema":{}}},
        "thinking":{"type":"adaptive"},"metadata":{"user_id":"u"},"context_management":{},"unknown":[1]})");
    ASSERT_TRUE(e) << e.error().message();
    EXPECT_EQ(e->family, Family::anthropic);
    EXPECT_EQ(e->model, "claude-x");
    EXPECT_TRUE(e->stream);
    EXPECT_EQ(e->max_output, 64);
    EXPECT_EQ(e->n, 1);
    EXPECT_EQ(e->size.messages, 2);
    EXPECT_EQ(e->size.tools, 2);
    EXPECT_EQ(e->needs,
              feature_tools | feature_custom_tools | feature_tool_choice | feature_json_schema | feature_user);
}

TEST(MessagesPeek, blocks_are_measured) {
    const auto e = peek(said(R"({"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}},
        {"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"AAAAAAAA"}},
        {"type":"document","title":"t","source":{"type":"text","media_type":"text/plain","data":"words"}},
        {"type":"tool_result","tool_use_id":"a","content":[{"type":"image","source":{"type":"url","url":"https://x"}}]})"));
    ASSERT_TRUE(e) << e.error().message();
    EXPECT_EQ(e->size.images, 2);
    EXPECT_EQ(e->size.file_bytes, 6);
    EXPECT_EQ(e->size.text.bytes, 6);
    EXPECT_EQ(e->needs, feature_images | feature_files);
}

TEST(MessagesPeek, refuses_by_name) {
    EXPECT_EQ(refused("[]"), "bad_json");
    EXPECT_EQ(refused(R"({"max_tokens":1,"messages":[{"role":"user","content":"x"}]})"), "model");
    EXPECT_EQ(refused(R"({"model":"m","messages":[{"role":"user","content":"x"}]})"), "max_tokens");
    EXPECT_EQ(refused(R"({"model":"m","max_tokens":0,"messages":[{"role":"user","content":"x"}]})"), "max_tokens");
    EXPECT_EQ(refused(R"({"model":"m","max_tokens":1})"), "messages");
    EXPECT_EQ(refused(R"({"model":"m","max_tokens":1,"messages":[]})"), "messages");
    EXPECT_EQ(refused(R"({"model":"m","max_tokens":1,"messages":[{"role":"tool","content":"x"}]})"),
              "messages[0].role");
    EXPECT_EQ(refused(R"({"model":"m","max_tokens":1,"messages":[{"role":"user"}]})"), "messages[0].content");
    EXPECT_EQ(refused(said(R"({"text":"x"})")), "messages[0].content[0].type");
    EXPECT_EQ(refused(said(R"({"type":"text"})")), "messages[0].content[0].text");
    EXPECT_EQ(refused(said(R"({"type":"image","source":{"type":"base64"}})")), "messages[0].content[0].source.data");
    EXPECT_EQ(refused(said(R"({"type":"tool_use","id":"a","name":"f","input":"{}"})")), "messages[0].content[0].input");
    EXPECT_EQ(refused(said(R"({"type":"tool_result","content":"x"})")), "messages[0].content[0].tool_use_id");
    EXPECT_EQ(refused(said(R"({"type":"thinking","signature":"s"})")), "messages[0].content[0].thinking");
    EXPECT_EQ(refused(with(R"("stream":"yes")")), "stream");
    EXPECT_EQ(refused(with(R"("tools":[{"name":"f"}])")), "tools[0].input_schema");
    EXPECT_EQ(refused(with(R"("tools":[{"name":"","input_schema":{}}])")), "tools[0].name");
    EXPECT_EQ(refused(with(R"("tool_choice":"auto")")), "tool_choice");
    EXPECT_EQ(refused(with(R"("tool_choice":{"type":"tool"})")), "tool_choice.name");
    EXPECT_EQ(refused(with(R"("thinking":{"budget_tokens":1})")), "thinking.type");
    EXPECT_EQ(refused(with(R"("stop_sequences":"x")")), "stop_sequences");
    EXPECT_EQ(refused(with(R"("model":"again")")), "model");
}

TEST(MessagesPeek, content_is_not_nested_without_end) {
    std::string block = R"({"type":"text","text":"x"})";
    for (int i = 0; i < 8; ++i) block = R"({"type":"tool_result","tool_use_id":"a","content":[)" + block + "]}";
    EXPECT_NE(refused(said(block)), "");
}

TEST(MessagesPeek, finds_what_only_its_maker_can_read) {
    const std::string body = R"({"model":"m","max_tokens":9,"messages":[
        {"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"sig"},
            {"type":"redacted_thinking","data":"dat"},{"type":"tool_use","id":"one","name":"f","input":{}}]},
        {"role":"assistant","content":[{"type":"tool_use","id":"two","name":"f","input":{}}]}]})";
    const auto e = peek(body);
    ASSERT_TRUE(e);
    std::vector<std::string> found;
    for (const Span s : e->state) found.push_back(body.substr(s.begin, s.end - s.begin));
    EXPECT_EQ(found, (std::vector<std::string>{R"("sig")", R"("dat")", R"("two")"}));
}

TEST(MessagesPeek, count_tokens_needs_no_maximum) {
    const auto e = dialect::measure_messages(R"({"model":"m","messages":[{"role":"user","content":"hello"}]})");
    ASSERT_TRUE(e) << e.error().message();
    EXPECT_EQ(e->size.text.bytes, 5);
}

TEST(MessagesSplice, changes_the_model_and_nothing_else) {
    const std::string body =
        R"( { "model" : "a\u0062" ,"max_tokens":9.0, "messages":[{"role":"user","content":"model"}], "x":1e5 } )";
    EXPECT_EQ(spliced(body, "ab"), body);
    EXPECT_EQ(spliced(body, "o\"x"),
              R"( { "model" : "o\"x" ,"max_tokens":9.0, "messages":[{"role":"user","content":"model"}], "x":1e5 } )");
}

TEST(MessagesSplice, leaves_thoughts_out_that_nobody_signed) {
    const auto body = [](std::string_view blocks) {
        return R"({"model":"m","max_tokens":9,"messages":[{"role":"assistant","content":[)" + std::string(blocks) +
               "]}]}";
    };
    const std::string bare = R"({"type":"thinking","thinking":"t","signature" : ""})",
                      text = R"({"type":"text","text":"x"})",
                      sign = R"({"type":"thinking","thinking":"t","signature":"s"})";
    EXPECT_EQ(spliced(body(bare + " , " + text), "m"), body(text));
    EXPECT_EQ(spliced(body(text + " , " + bare), "m"), body(text));
    EXPECT_EQ(spliced(body(sign + "," + bare + "," + bare + "," + text + "," + bare + ",\n" + bare), "m"),
              body(sign + "," + text));
    EXPECT_EQ(spliced(body(bare), "m"), body(""));
    EXPECT_EQ(spliced(body(sign), "m"), body(sign));
}

TEST(MessagesParse, top_level) {
    const Chat c = parse(with(R"("system":[{"type":"text","text":"s","cache_control":{"type":"ephemeral"}}],
        "temperature":0.50,"top_k":3,"stop_sequences":["a","b"],"stream":true,"metadata":{"user_id":"u","x":1},
        "thinking":{"type":"enabled","budget_tokens":2048},"tool_choice":{"type":"any","disable_parallel_tool_use":true},
        "service_tier":"standard_only","output_config":{"effort":"high","task_budget":{"total":5}},"container":"c",
        "tools":[{"name":"f","description":"d","input_schema":{"type":"object"},"strict":true,"cache_control":{"type":"ephemeral"}},
                 {"type":"bash_20250124","name":"bash"}])"));
    EXPECT_EQ(c.origin, "anthropic");
    ASSERT_EQ(c.messages.size(), 2u);
    EXPECT_EQ(c.messages[0].role, Role::system);
    EXPECT_EQ(std::get<Text>(c.messages[0].parts[0]).extras[0].first, "cache_control");
    EXPECT_EQ(c.max_output, 9);
    EXPECT_EQ(c.temperature, "0.50");
    EXPECT_EQ(c.top_k, "3");
    EXPECT_EQ(c.stop, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(c.user, "u");
    EXPECT_EQ(c.reasoning_budget, 2048);
    EXPECT_EQ(c.reasoning_effort, "high");
    EXPECT_EQ(c.reasoning_summary, "auto");
    EXPECT_EQ(c.tool_choice.kind, ToolChoice::Kind::required);
    EXPECT_EQ(c.parallel_tool_calls, false);
    EXPECT_EQ(c.service_tier, "default");
    EXPECT_TRUE(c.stream);
    ASSERT_EQ(c.tools.size(), 2u);
    EXPECT_TRUE(c.tools[0].function);
    EXPECT_EQ(c.tools[0].strict, true);
    EXPECT_EQ(c.tools[0].extras[0].first, "cache_control");
    EXPECT_FALSE(c.tools[1].function);
    EXPECT_EQ(c.tools[1].type, "bash_20250124");
    std::vector<std::string> left;
    for (const auto& [name, json] : c.extras) left.push_back(name);
    EXPECT_EQ(left, (std::vector<std::string>{"container", "output_config.task_budget", "metadata.x"}));
}

TEST(MessagesParse, thinking_that_is_no_budget_stays_raw) {
    EXPECT_EQ(parse(with(R"("thinking":{"type":"adaptive"})")).extras,
              (Extras{{"thinking", R"({"type":"adaptive"})"}}));
    EXPECT_EQ(parse(with(R"("thinking":{"type":"disabled"},"output_config":{"effort":"low"})")).reasoning_effort, "");
    const Chat c =
        parse(with(R"("thinking":{"type":"adaptive","display":"omitted"},"output_config":{"effort":"xhigh"})"));
    EXPECT_EQ(c.reasoning_effort, "xhigh");
    EXPECT_EQ(c.reasoning_summary, "");
    EXPECT_TRUE(c.extras.empty());
}

TEST(MessagesParse, structured_answers) {
    const auto form = [](std::string_view schema) {
        return parse(with(R"("output_config":{"format":{"type":"json_schema","schema":)" + std::string(schema) + "}}"))
            .response_format;
    };
    EXPECT_EQ(form(R"({"type":"object","properties":{"a":{}},"required":["a"],"additionalProperties":false})")->strict,
              true);
    EXPECT_FALSE(form(R"({"type":"object","properties":{"a":{}},"additionalProperties":false})")->strict);
    EXPECT_EQ(form(R"({"type": "object"})")->schema_json, R"({"type": "object"})");
}

TEST(MessagesParse, results_come_before_what_else_the_turn_holds) {
    const Chat c = parse(said(R"({"type":"tool_result","tool_use_id":"a","content":"1","is_error":true},
        {"type":"tool_result","tool_use_id":"b","content":[{"type":"text","text":"2"},
            {"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}]},
        {"type":"text","text":"go on"})"));
    ASSERT_EQ(c.messages.size(), 3u);
    EXPECT_EQ(c.messages[0].role, Role::tool);
    const auto& first = std::get<ToolResult>(c.messages[0].parts[0]);
    EXPECT_TRUE(first.is_error);
    EXPECT_EQ(std::get<Text>(first.parts[0]).text, "1");
    EXPECT_EQ(std::get<Image>(std::get<ToolResult>(c.messages[1].parts[0]).parts[1]).data, "AAAA");
    EXPECT_EQ(c.messages[2].role, Role::user);
    EXPECT_EQ(parse(said(R"({"type":"tool_result","tool_use_id":"a"})")).messages.size(), 1u);
}

TEST(MessagesParse, thoughts_calls_and_unknown_blocks) {
    const Chat c =
        parse(said(R"({"type":"thinking","thinking":"t","signature":"s"},{"type":"redacted_thinking","data":"d"},
        {"type":"thinking","thinking":"ours","signature":"aigs1.x"},{"type":"thinking","thinking":"bare","signature":""},
        {"type":"tool_use","id":"a","name":"f","input":{"n":1.50},"caller":{"type":"direct"}},
        {"type":"server_tool_use","id":"b","name":"web_search","input":{}})",
                   "assistant"));
    const auto& parts = c.messages[0].parts;
    ASSERT_EQ(parts.size(), 6u);
    EXPECT_EQ(std::get<Reasoning>(parts[0]).state, (State{std::string(state_kind::signature), "s"}));
    EXPECT_EQ(std::get<Reasoning>(parts[1]).state, (State{std::string(state_kind::redacted), "d"}));
    EXPECT_EQ(std::get<Reasoning>(parts[2]).state, (State{std::string(state_kind::capsule), "aigs1.x"}));
    EXPECT_FALSE(std::get<Reasoning>(parts[3]).state);
    EXPECT_EQ(std::get<ToolCall>(parts[4]).arguments_json, R"({"n":1.50})");
    EXPECT_TRUE(std::get<ToolCall>(parts[4]).extras.empty());
    EXPECT_EQ(std::get<Other>(parts[5]).type, "server_tool_use");
}

TEST(MessagesParse, documents) {
    const Chat c = parse(
        said(R"({"type":"document","title":"a.txt","source":{"type":"text","media_type":"text/plain","data":"Hi!?"}},
        {"type":"document","source":{"type":"content","content":[{"type":"text","text":"H"},{"type":"text","text":"i"}]}},
        {"type":"document","source":{"type":"url","url":"https://x/y.pdf"},"citations":{"enabled":true}},
        {"type":"document","source":{"type":"file","file_id":"file_1"}},
        {"type":"image","source":{"type":"url","url":"data:image/gif;base64,R0=="}})"));
    const auto& parts = c.messages[0].parts;
    EXPECT_EQ(std::get<File>(parts[0]).name, "a.txt");
    EXPECT_EQ(std::get<File>(parts[0]).data, "SGkhPw==");
    EXPECT_EQ(std::get<File>(parts[1]).data, "SApp");
    EXPECT_EQ(std::get<File>(parts[2]).url, "https://x/y.pdf");
    EXPECT_EQ(std::get<File>(parts[2]).extras[0].first, "citations");
    EXPECT_EQ(std::get<Other>(parts[3]).type, "document");
    EXPECT_EQ(std::get<Image>(parts[4]).media_type, "image/gif");
}
