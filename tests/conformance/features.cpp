#include <fmt/format.h>

#include "matrix.h"

namespace aig::matrix {
namespace {
using namespace canon;

// One red pixel.
constexpr std::string_view pixel =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";
constexpr std::string_view weather_schema =
    R"({"type":"object","properties":{"city":{"type":"string"}},"required":["city"],"additionalProperties":false})";

Message said(Role role, std::string text) {
    Message m;
    m.role = role;
    m.parts.push_back(Text{std::move(text), {}});
    return m;
}
Chat chat(std::string text) {
    Chat c;
    c.model = "m";
    c.max_output = 4'000;
    c.messages.push_back(said(Role::user, std::move(text)));
    return c;
}
Tool tool(std::string name) {
    Tool t;
    t.name = std::move(name);
    t.description = "Says how the weather is";
    t.schema_json = weather_schema;
    return t;
}
Chat with_tools(std::string text) {
    Chat c = chat(std::move(text));
    c.tools = {tool("get_weather")};
    return c;
}

std::string expect(bool good, std::string_view what) { return good ? "" : std::string(what); }
std::string expect_text(const Heard& h, std::string_view wanted) {
    return h.text == wanted ? "" : fmt::format("text is '{}', not '{}'", h.text.substr(0, 200), wanted);
}
std::string expect_stop(const Heard& h, StopReason wanted) {
    return h.stop == wanted
               ? ""
               : fmt::format("the stop reason is {}, not {}", static_cast<int>(h.stop), static_cast<int>(wanted));
}

std::string says_hello(const Heard& h) {
    if (auto bad = expect_text(h, "Hello! How can I help you today?"); !bad.empty()) return bad;
    if (auto bad = expect_stop(h, StopReason::end); !bad.empty()) return bad;
    if (!h.usage) return "no usage";
    return expect(h.usage->input_total() > 0 && h.usage->output_total() > 0, "usage is not believable");
}
std::string counts_to_five(const Heard& h) { return expect_text(h, "1 2 3 4 5"); }
std::string is_cut(const Heard& h) {
    if (auto bad = expect_text(h, "1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20"); !bad.empty()) return bad;
    return expect_stop(h, StopReason::length);
}
std::string is_stopped(const Heard& h) {
    if (auto bad = expect_text(h, "1 2 3"); !bad.empty()) return bad;
    return expect(h.stop == StopReason::end || h.stop == StopReason::stop_sequence, "it did not end at the sequence");
}
std::string calls(const Heard& h, std::initializer_list<std::string_view> cities) {
    if (h.calls.size() != cities.size()) return fmt::format("{} tool calls, not {}", h.calls.size(), cities.size());
    size_t i = 0;
    for (const auto city : cities) {
        const HeardCall& c = h.calls[i++];
        if (c.name != "get_weather") return "another tool was called: " + c.name;
        if (c.id.empty()) return "a call without an id";
        if (c.arguments != fmt::format("{{\"city\":\"{}\"}}", city)) return "arguments are " + c.arguments;
    }
    return expect_stop(h, StopReason::tool_calls);
}
std::string one_call(const Heard& h) { return calls(h, {"Paris"}); }
std::string two_calls(const Heard& h) { return calls(h, {"Paris", "Tokyo"}); }
std::string any_call(const Heard& h) {
    if (h.calls.empty()) return "no tool was called";
    return expect_stop(h, StopReason::tool_calls);
}
std::string no_call(const Heard& h) { return expect(h.calls.empty() && !h.text.empty(), "a tool was called"); }
std::string one_of_two(const Heard& h) {
    return expect(h.calls.size() == 1, fmt::format("{} calls at once", h.calls.size()));
}
std::string found(const Heard& h) { return expect_text(h, "Here is what I found: 18 degrees"); }
std::string found_both(const Heard& h) { return expect_text(h, "Here is what I found: 18 degrees 25 degrees"); }
std::string is_schema(const Heard& h) {
    if (auto bad = expect_text(h, R"({"city":"Paris"})"); !bad.empty()) return bad;
    return expect_stop(h, StopReason::end);
}
std::string is_object(const Heard& h) {
    return expect(h.text.starts_with("{") && h.text.ends_with("}"), "not an object: " + h.text);
}
std::string saw_image(const Heard& h) { return expect_text(h, "You said: look (1 image attached)"); }
std::string thinks(const Heard& h) {
    if (h.reasoning.empty() && h.states == 0) return "no reasoning came back";
    if (!h.usage || (*h.usage)[Component::reasoning] < 0) return "no usage";
    return expect_text(h, "Hello! How can I help you today?");
}
std::string three_choices(const Heard& h) { return expect(h.choices == 3, fmt::format("{} choices", h.choices)); }
std::string has_logprobs(const Heard& h) { return expect(h.logprobs, "no logprobs"); }
std::string reads_cache(const Heard& h) {
    return expect(h.usage && (*h.usage)[Component::cached_input] > 0, "no cached tokens are reported");
}
std::string two_vectors(const Heard& h) { return expect(h.vectors == 2, fmt::format("{} vectors", h.vectors)); }

Message call_of(std::initializer_list<std::pair<std::string_view, std::string_view>> calls_made) {
    Message m;
    m.role = Role::assistant;
    for (const auto& [id, city] : calls_made)
        m.parts.push_back(ToolCall{std::string(id), "get_weather", fmt::format("{{\"city\":\"{}\"}}", city)});
    return m;
}
Message result_of(std::string_view id, std::string_view text) {
    Message m;
    m.role = Role::tool;
    ToolResult r;
    r.call_id = id;
    r.parts.push_back(Text{std::string(text), {}});
    m.parts.push_back(std::move(r));
    return m;
}

Chat tool_loop() {
    Chat c = with_tools("What is the weather in Paris?");
    c.messages.push_back(call_of({{"call_a1", "Paris"}}));
    c.messages.push_back(result_of("call_a1", "18 degrees"));
    return c;
}
Chat parallel_loop() {
    Chat c = with_tools("What is the weather in Paris and Tokyo?");
    c.messages.push_back(call_of({{"call_a1", "Paris"}, {"call_a2", "Tokyo"}}));
    c.messages.push_back(result_of("call_a1", "18 degrees"));
    c.messages.push_back(result_of("call_a2", "25 degrees"));
    return c;
}
Chat system_first(Role role) {
    Chat c = chat("hello");
    c.messages.insert(c.messages.begin(), said(role, "Be short."));
    return c;
}
Chat with_image() {
    Chat c = chat("look");
    Image image;
    image.media_type = "image/png";
    image.data = pixel;
    c.messages.back().parts.push_back(std::move(image));
    return c;
}
Chat with_schema() {
    Chat c = chat("I love Paris");
    ResponseFormat f;
    f.kind = ResponseFormat::Kind::json_schema;
    f.name = "place";
    f.schema_json = weather_schema;
    f.strict = true;
    c.response_format = f;
    return c;
}
template <class Change>
Chat changed(Chat c, Change change) {
    change(c);
    return c;
}
Chat long_prompt() {
    std::string text;
    for (int i = 0; i < 900; ++i) text += fmt::format("Rule {} is a rule. ", i);
    Chat c = chat("hello");
    c.messages.insert(c.messages.begin(), said(Role::system, text));
    std::get<Text>(c.messages.front().parts.front()).extras.emplace_back("cache_control", R"({"type":"ephemeral"})");
    c.origin = "anthropic";
    return c;
}
}  // namespace

std::vector<Feature> features() {
    using Choice = ToolChoice::Kind;
    Embedding two;
    two.model = "m";
    two.texts = {"a cat", "a dog"};
    return {
        {"text", chat("hello"), says_hello},
        {"conversation",
         changed(chat("Hi, I am Ann."),
                 [](Chat& c) {
                     c.messages.push_back(said(Role::assistant, "Hello Ann."));
                     c.messages.push_back(said(Role::user, "count to 5"));
                 }),
         counts_to_five},
        {"system message", system_first(Role::system), says_hello},
        {"developer message", system_first(Role::developer), says_hello},
        {"output limit", changed(chat("count to 50"), [](Chat& c) { c.max_output = 20; }), is_cut},
        {"stop sequences", changed(chat("count to 20"), [](Chat& c) { c.stop = {" 4"}; }), is_stopped},
        {"temperature", changed(chat("hello"), [](Chat& c) { c.temperature = "0.5"; }), says_hello},
        {"top_p", changed(chat("hello"), [](Chat& c) { c.top_p = "0.9"; }), says_hello},
        {"tool call", with_tools("What is the weather in Paris?"), one_call},
        {"parallel tool calls", with_tools("What is the weather in Paris and Tokyo?"), two_calls},
        {"one call at a time",
         changed(with_tools("What is the weather in Paris and Tokyo?"), [](Chat& c) { c.parallel_tool_calls = false; }),
         one_of_two, true},
        {"tool_choice required",
         changed(with_tools("hello"),
                 [](Chat& c) {
                     c.tool_choice = {Choice::required, ""};
                 }),
         any_call},
        {"tool_choice named",
         changed(with_tools("hello"),
                 [](Chat& c) {
                     c.tool_choice = {Choice::named, "get_weather"};
                 }),
         any_call},
        {"tool_choice none",
         changed(with_tools("What is the weather in Paris?"),
                 [](Chat& c) {
                     c.tool_choice = {Choice::none, ""};
                 }),
         no_call},
        {"tool results", tool_loop(), found},
        {"parallel tool results", parallel_loop(), found_both},
        {"JSON schema", with_schema(), is_schema},
        {"JSON object",
         changed(chat("JSON please"),
                 [](Chat& c) {
                     c.response_format = ResponseFormat{ResponseFormat::Kind::json_object, "", "", "", {}};
                 }),
         is_object},
        {"image input", with_image(), saw_image},
        {"reasoning", changed(chat("hello"), [](Chat& c) { c.reasoning_effort = "medium"; }), thinks, true},
        {"prompt cache counts", long_prompt(), reads_cache, true, 2},
        {"n > 1", changed(chat("count to 3"), [](Chat& c) { c.n = 3; }), three_choices},
        {"logprobs",
         changed(chat("count to 3"),
                 [](Chat& c) {
                     c.logprobs = true;
                     c.top_logprobs = 2;
                 }),
         has_logprobs, true},
        {"seed", changed(chat("hello"), [](Chat& c) { c.seed = 7; }), says_hello, true},
        {"user", changed(chat("hello"), [](Chat& c) { c.user = "u-1"; }), says_hello, true},
        {"embeddings", two, two_vectors},
    };
}

}  // namespace aig::matrix
