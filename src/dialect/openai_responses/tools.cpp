#include "dialect/openai_responses/tools.h"

#include <fmt/format.h>

#include <algorithm>

#include "canon/state.h"
#include "dialect/members.h"

namespace aig::dialect::responses {
using namespace canon;
namespace {

constexpr size_t longest_name = 64;
constexpr std::string_view input_schema =
    R"({"type":"object","properties":{"input":{"type":"string"}},"required":["input"],"additionalProperties":false})";

std::string str(JsonRef v) { return std::string(v.text()); }

Tool function_tool(JsonRef t, std::string_view space) {
    Tool out;
    out.type = "function";
    out.name = flat_name(space, t["name"].text());
    out.description = str(t["description"]);
    if (given(t["parameters"])) out.schema_json = t["parameters"].raw();
    if (t["strict"].is_bool()) out.strict = t["strict"].boolean();
    out.extras = others(t, {"type", "name", "description", "parameters", "strict"});
    return out;
}

/// The grammar goes into the description: a wire without custom tools cannot enforce it, the model can still read it.
Tool custom_tool(JsonRef t, std::string_view space) {
    Tool out;
    out.type = "function";
    out.name = flat_name(space, t["name"].text());
    out.description = str(t["description"]);
    const JsonRef format = t["format"];
    if (format["type"].text() == "grammar")
        out.description += fmt::format("\n\nThe `input` must follow this {} grammar:\n{}", format["syntax"].text(),
                                       format["definition"].text());
    out.schema_json = input_schema;
    out.extras = others(t, {"type", "name", "description", format["type"].text() == "grammar" ? "" : "format"});
    return out;
}

void parse_tool(JsonRef t, std::string_view space, const std::string& path, Chat& c) {
    const auto type = t["type"].text();
    if (type == "function") {
        c.tools.push_back(function_tool(t, space));
    } else if (type == "custom") {
        c.tools.push_back(custom_tool(t, space));
    } else if (type == "namespace") {
        for (const JsonRef inner : t["tools"]) parse_tool(inner, t["name"].text(), path, c);
    } else if (is_optional(t)) {
        c.extras.emplace_back(fmt::format("{}.{}", path, type), t.raw());
    } else {
        Tool raw;
        raw.function = false;
        raw.type = type;
        raw.name = str(t["name"]);
        raw.json = t.raw();
        c.tools.push_back(std::move(raw));
    }
}

/// Only the named tools may be called: the others are left out of the list.
void allow_only(JsonRef choice, Chat& c) {
    std::vector<std::string> allowed;
    for (const JsonRef t : choice["tools"]) allowed.push_back(flat_name(t["namespace"].text(), t["name"].text()));
    std::erase_if(c.tools,
                  [&](const Tool& t) { return std::find(allowed.begin(), allowed.end(), t.name) == allowed.end(); });
    c.tool_choice.kind = choice["mode"].text() == "required" ? ToolChoice::Kind::required : ToolChoice::Kind::automatic;
}
}  // namespace

std::string flat_name(std::string_view space, std::string_view name) {
    if (space.empty()) return std::string(name);
    std::string flat = fmt::format("{}__{}", space, name);
    if (flat.size() <= longest_name) return flat;
    const auto print = static_cast<uint32_t>(state_print(flat));
    return fmt::format("{}_{:08x}", flat.substr(0, longest_name - 9), print);
}

bool is_optional(JsonRef tool) {
    const JsonRef access = tool["external_web_access"];
    return tool["type"].text() == "web_search" && access.is_bool() && !access.boolean();
}

bool is_callers_own(std::string_view type) { return type == "function" || type == "custom" || type == "namespace"; }

ToolNames::ToolNames(JsonRef tools) {
    if (!tools.is_array()) return;
    for (const JsonRef t : tools) add({}, t);
}

void ToolNames::add(std::string_view space, JsonRef tool) {
    const auto type = tool["type"].text();
    if (type == "namespace" && tool["tools"].is_array()) {
        for (const JsonRef t : tool["tools"]) add(tool["name"].text(), t);
        return;
    }
    const bool custom = type == "custom";
    const auto name = tool["name"].text();
    if (custom || !space.empty())
        by_flat_.emplace(flat_name(space, name), ToolName{std::string(name), std::string(space), custom});
}

const ToolName* ToolNames::find(std::string_view flat) const {
    const auto at = by_flat_.find(flat);
    return at == by_flat_.end() ? nullptr : &at->second;
}

void parse_tools(JsonRef tools, Chat& c) {
    if (!tools.is_array()) return;
    size_t i = 0;
    for (const JsonRef t : tools) parse_tool(t, {}, fmt::format("tools[{}]", i++), c);
}

void parse_tool_choice(JsonRef choice, Chat& c) {
    using Kind = ToolChoice::Kind;
    const auto word = choice.text();
    if (word == "none") c.tool_choice.kind = Kind::none;
    if (word == "auto") c.tool_choice.kind = Kind::automatic;
    if (word == "required") c.tool_choice.kind = Kind::required;
    if (!choice.is_object()) return;
    if (choice["type"].text() == "allowed_tools") return allow_only(choice, c);
    c.tool_choice = {Kind::named, flat_name(choice["namespace"].text(), choice["name"].text())};
}

std::string wrapped_input(std::string_view input) {
    std::string out;
    JsonWriter(out).begin_object().field("input", input).end_object();
    return out;
}

std::string unwrapped_input(std::string_view arguments) {
    const auto doc = JsonDoc::parse(arguments);
    if (!doc || !doc->root()["input"].is_string()) return std::string(arguments);
    return str(doc->root()["input"]);
}

}  // namespace aig::dialect::responses
