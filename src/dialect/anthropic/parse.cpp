#include "dialect/anthropic/parse.h"

#include "dialect/anthropic/anthropic.h"
#include "dialect/body_doc.h"
#include "dialect/members.h"

namespace aig::dialect::anthropic {
using namespace canon;
namespace {

std::string str(JsonRef v) { return std::string(v.text()); }
std::string raw(JsonRef v) { return given(v) ? std::string(v.raw()) : std::string{}; }

void move_in(Extras from, Extras& to) {
    for (auto& e : from) to.push_back(std::move(e));
}

void system(JsonRef s, Chat& c) {
    if (!given(s) || (s.is_array() && s.size() == 0) || (s.is_string() && s.text().empty())) return;
    Message m;
    m.role = Role::system;
    m.parts = parse_content(s);
    c.messages.push_back(std::move(m));
}

void tool_choice(JsonRef v, Chat& c) {
    using Kind = ToolChoice::Kind;
    if (!v.is_object()) return;
    const auto type = v["type"].text();
    c.tool_choice.kind = type == "auto"   ? Kind::automatic
                         : type == "any"  ? Kind::required
                         : type == "none" ? Kind::none
                         : type == "tool" ? Kind::named
                                          : Kind::unset;
    if (type == "tool") c.tool_choice.name = str(v["name"]);
    // Calls in parallel are what every wire does anyway: only their refusal is said.
    if (v["disable_parallel_tool_use"].boolean()) c.parallel_tool_calls = false;
    move_in(others(v, {"type", "name", "disable_parallel_tool_use"}, "tool_choice."), c.extras);
}

/// Every object in it names all its members as required and allows no others.
bool is_closed(JsonRef schema) {
    if (schema.is_object() && schema["properties"].is_object()) {
        const JsonRef more = schema["additionalProperties"];
        if (!more.is_bool() || more.boolean() || schema["required"].size() != schema["properties"].size()) return false;
    }
    if (schema.is_object() || schema.is_array())
        for (const JsonRef m : schema)
            if (!is_closed(m)) return false;
    return true;
}

void answer_form(JsonRef format, Chat& c) {
    if (!format.is_object()) return;
    if (format["type"].text() != "json_schema" || !others(format, {"type", "schema", "name"}).empty()) {
        c.extras.emplace_back("response_format", format.raw());
        return;
    }
    ResponseFormat out;
    out.kind = ResponseFormat::Kind::json_schema;
    out.name = str(format["name"]);
    out.schema_json = raw(format["schema"]);
    // Structured outputs always hold to their schema here. OpenAI's strict mode promises the same, but refuses schemas
    // with optional members.
    if (is_closed(format["schema"])) out.strict = true;
    c.response_format = std::move(out);
}

/// Effort and thinking are two members here and one thing elsewhere. Thinking that is neither a budget nor an effort
/// ("adaptive", "disabled") stays raw: a model of another family then does what it does by default.
void reasoning(JsonRef root, Chat& c) {
    const JsonRef thinking = root["thinking"], config = root["output_config"];
    const auto type = thinking["type"].text(), effort = config["effort"].text();
    move_in(others(config, {"effort", "format"}, "output_config."), c.extras);
    if (type == "disabled") {
        c.extras.emplace_back("thinking", thinking.raw());
        if (!effort.empty()) c.extras.emplace_back("output_config.effort", config["effort"].raw());
        return;
    }
    c.reasoning_effort = effort;
    if (!thinking.is_object()) return;
    if (type == "enabled") c.reasoning_budget = thinking["budget_tokens"].integer();
    if (!c.reasoning_budget && effort.empty()) c.extras.emplace_back("thinking", thinking.raw());
    // A caller of Messages sees thoughts unless it asks not to.
    if (thinking["display"].text() != "omitted") c.reasoning_summary = "auto";
}

/// Both words for "no priority" mean the standard tier.
std::string tier(std::string_view word) { return word == "standard_only" ? "default" : std::string(word); }
}  // namespace

Tool parse_tool(JsonRef t) {
    Tool out;
    out.name = str(t["name"]);
    const auto type = t["type"].text();
    if (!type.empty() && type != "custom") {
        out.function = false;
        out.type = type;
        out.json = t.raw();
        return out;
    }
    out.type = "function";
    out.description = str(t["description"]);
    out.schema_json = raw(t["input_schema"]);
    if (t["strict"].is_bool()) out.strict = t["strict"].boolean();
    out.extras = others(t, {"type", "name", "description", "input_schema", "strict"});
    return out;
}

Chat parse_chat(JsonRef root) {
    Chat c;
    c.origin = origin_name;
    c.extras = others(
        root, {"model", "messages", "system", "max_tokens", "tools", "tool_choice", "temperature", "top_p", "top_k",
               "stop_sequences", "stream", "thinking", "output_config", "output_format", "metadata", "service_tier"});
    c.model = str(root["model"]);
    system(root["system"], c);
    for (const JsonRef m : root["messages"]) parse_message(m, c.messages);
    for (const JsonRef t : root["tools"]) c.tools.push_back(parse_tool(t));
    tool_choice(root["tool_choice"], c);
    answer_form(given(root["output_format"]) ? root["output_format"] : root["output_config"]["format"], c);
    reasoning(root, c);
    c.max_output = root["max_tokens"].integer();
    c.temperature = raw(root["temperature"]);
    c.top_p = raw(root["top_p"]);
    c.top_k = raw(root["top_k"]);
    for (const JsonRef s : root["stop_sequences"]) c.stop.push_back(str(s));
    c.user = str(root["metadata"]["user_id"]);
    move_in(others(root["metadata"], {"user_id"}, "metadata."), c.extras);
    c.service_tier = tier(root["service_tier"].text());
    c.stream = root["stream"].boolean();
    return c;
}

Result<Request> Messages::parse(const Incoming& in) const {
    TRY(const auto body, BodyDoc::read(in.body));
    return parse_chat(body.root());
}

}  // namespace aig::dialect::anthropic
