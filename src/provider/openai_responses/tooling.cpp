// Tools and the choice among them, flat as this wire has them.
#include <fmt/format.h>

#include "provider/openai_responses/encode.h"

namespace aig::provider::openai_responses {
using namespace canon;
namespace {

constexpr std::string_view no_parameters = R"({"type":"object","properties":{}})";

/// A tool that does not say `strict` is strict here and lax in every other shape, so it is always said.
void append_function(JsonWriter& w, const Tool& t, const std::string& where, const Job& job) {
    w.begin_object().field("type", "function").field("name", t.name);
    if (!t.description.empty()) w.field("description", t.description);
    w.field_raw("parameters", t.schema_json.empty() ? no_parameters : std::string_view(t.schema_json));
    if (t.strict || !job.same_origin()) w.field("strict", t.strict.value_or(false));
    job.append_extras(w, t.extras, where);
    w.end_object();
}

/// {"type":"custom","custom":{name, description, format}} of the chat shape; a grammar stands one level deeper there.
Status append_custom(JsonWriter& w, JsonRef tool, const std::string& where) {
    const JsonRef custom = tool["custom"], format = custom["format"], grammar = format["grammar"];
    if (!custom.is_object()) return refuse("this custom tool", where);
    w.begin_object().field("type", "custom");
    for (const JsonRef m : custom)
        if (m.key() != "format") w.field_raw(m.key(), m.raw());
    if (grammar.is_object()) {
        w.key("format").begin_object().field_raw("type", format["type"].raw());
        for (const JsonRef m : grammar) w.field_raw(m.key(), m.raw());
        w.end_object();
    } else if (format.is_object()) {
        w.field_raw("format", format.raw());
    }
    w.end_object();
    return {};
}

Status append_tool(JsonWriter& w, const Tool& t, const std::string& where, const Job& job) {
    if (t.function) return append_function(w, t, where, job), Status();
    if (job.same_origin()) return w.raw(t.json), Status();
    if (t.type != "custom") return refuse(fmt::format("tools of type '{}'", t.type), where);
    TRY(const auto doc, JsonDoc::parse(t.json));
    return append_custom(w, doc.root(), where);
}

/// Chat's web_search_options is a tool here; the place of the user stands one level deeper there.
Status append_web_search(JsonWriter& w, std::string_view options) {
    TRY(const auto doc, JsonDoc::parse(options));
    w.begin_object().field("type", "web_search");
    for (const JsonRef m : doc.root()) {
        if (m.key() != "user_location") {
            w.field_raw(m.key(), m.raw());
            continue;
        }
        w.key("user_location").begin_object().field("type", "approximate");
        for (const JsonRef place : m["approximate"]) w.field_raw(place.key(), place.raw());
        w.end_object();
    }
    w.end_object();
    return {};
}

std::string_view choice_word(ToolChoice::Kind kind) {
    switch (kind) {
        case ToolChoice::Kind::none:
            return "none";
        case ToolChoice::Kind::automatic:
            return "auto";
        case ToolChoice::Kind::required:
            return "required";
        default:
            return {};
    }
}

bool is_custom(const Chat& chat, std::string_view name) {
    for (const Tool& t : chat.tools)
        if (!t.function && t.type == "custom" && t.name == name) return true;
    return false;
}

/// {"type":"function","function":{"name"}} and {"type":"custom","custom":{"name"}} -> {"type","name"}.
Status append_named(JsonWriter& w, JsonRef tool) {
    const auto type = tool["type"].text();
    const auto name = tool[type]["name"].text();
    if (name.empty()) return refuse("this form of tool_choice", "tool_choice");
    w.begin_object().field("type", type).field("name", name).end_object();
    return {};
}

/// The chat shape's forms that are no plain choice: a custom tool, or several allowed ones.
Status append_chat_choice(JsonWriter& w, std::string_view json) {
    TRY(const auto doc, JsonDoc::parse(json));
    const JsonRef choice = doc.root(), allowed = choice["allowed_tools"];
    w.key("tool_choice");
    if (choice["type"].text() != "allowed_tools") return append_named(w, choice);
    w.begin_object()
        .field("type", "allowed_tools")
        .field_raw("mode", allowed["mode"] ? allowed["mode"].raw() : "\"auto\"");
    w.key("tools").begin_array();
    for (const JsonRef t : allowed["tools"]) TRYV(append_named(w, t));
    w.end_array().end_object();
    return {};
}
}  // namespace

Status append_tools(JsonWriter& w, const Job& job) {
    const auto search = job.from_chat() ? find_extra(job.chat.extras, "web_search_options") : std::string_view();
    if (job.chat.tools.empty() && search.empty()) return {};
    w.key("tools").begin_array();
    size_t i = 0;
    for (const Tool& t : job.chat.tools) TRYV(append_tool(w, t, fmt::format("tools[{}]", i++), job));
    if (!search.empty()) TRYV(append_web_search(w, search));
    w.end_array();
    return {};
}

Status append_tool_choice(JsonWriter& w, const Job& job) {
    const ToolChoice& choice = job.chat.tool_choice;
    if (const auto raw = find_extra(job.chat.extras, "tool_choice"); !raw.empty()) {
        if (job.same_origin()) return w.field_raw("tool_choice", raw), Status();
        if (!job.from_chat()) return refuse("this form of tool_choice", "tool_choice");
        return append_chat_choice(w, raw);
    }
    if (const auto word = choice_word(choice.kind); !word.empty()) w.field("tool_choice", word);
    if (choice.kind == ToolChoice::Kind::named)
        w.key("tool_choice")
            .begin_object()
            .field("type", is_custom(job.chat, choice.name) ? "custom" : "function")
            .field("name", choice.name)
            .end_object();
    return {};
}

}  // namespace aig::provider::openai_responses
