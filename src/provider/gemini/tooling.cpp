// Tools and the choice among them.
#include <fmt/format.h>

#include "provider/gemini/encode.h"

namespace aig::provider::gemini {
namespace {

using Choice = canon::ToolChoice::Kind;

Status declaration(JsonWriter& w, const canon::Tool& t, const std::string& where, const Job& job) {
    job.lose_extras(t.extras, where);
    if (t.strict.value_or(false)) job.lose(where + ".function.strict");
    w.begin_object().field("name", t.name);
    // The description is required here and optional elsewhere.
    w.field("description", t.description.empty() ? t.name : t.description);
    if (!says_nothing(t.schema_json)) {
        auto doc = JsonDoc::parse(t.schema_json);
        if (!doc || !doc->root().is_object())
            return Error(ErrorCode::bad_param, where + ".function.parameters: must be a JSON Schema object")
                .param(where);
        if (job.target.quirks.openapi_schemas) {
            TRY(const std::string schema, openapi_schema(t.schema_json, where + ".function.parameters", job));
            w.field_raw("parameters", schema);
        } else {
            w.field_raw("parametersJsonSchema", doc->root().raw());
        }
    }
    w.end_object();
    return {};
}

Result<std::string> tool_list(const Job& job) {
    std::string functions, own;
    JsonWriter f(functions), o(own);
    size_t i = 0;
    for (const auto& t : job.chat.tools) {
        const std::string where = fmt::format("tools[{}]", i++);
        if (t.function)
            TRYV(declaration(f, t, where, job));
        else if (job.same_origin())
            o.raw(t.json);
        else
            return refuse(fmt::format("tools of type '{}'", t.type), where);
    }
    if (functions.empty() && own.empty()) return std::string();
    std::string out;
    JsonWriter w(out);
    w.begin_array();
    if (!functions.empty())
        w.begin_object().key("functionDeclarations").begin_array().raw_members(functions).end_array().end_object();
    if (!own.empty()) w.raw_members(own);
    w.end_array();
    return out;
}

std::string_view mode(Choice kind) {
    switch (kind) {
        case Choice::none:
            return "NONE";
        case Choice::automatic:
            return "AUTO";
        case Choice::required:
        case Choice::named:
            return "ANY";
        case Choice::unset:
            break;
    }
    return {};
}

}  // namespace

Result<Tooling> tooling(const Job& job) {
    Tooling out;
    TRY(out.tools, tool_list(job));
    const auto& choice = job.chat.tool_choice;
    // VALIDATED, retrievalConfig: as its caller wrote it, among the members of this family's own.
    if (job.same_origin() && !find_extra(job.chat.extras, "toolConfig").empty()) return out;
    const auto word = mode(choice.kind);
    if (word == "ANY" && out.tools.empty())
        return Error(ErrorCode::bad_param, "tool_choice: asks for a tool, but there are no tools").param("tool_choice");
    if (word.empty() || out.tools.empty()) return out;
    JsonWriter w(out.config);
    w.begin_object().key("functionCallingConfig").begin_object().field("mode", word);
    if (choice.kind == Choice::named) w.key("allowedFunctionNames").begin_array().string(choice.name).end_array();
    w.end_object().end_object();
    return out;
}

}  // namespace aig::provider::gemini
