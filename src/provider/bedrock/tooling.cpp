// Tools, toolChoice and the structured answer.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "base/json.h"
#include "provider/bedrock/encode.h"

namespace aig::provider::bedrock {
namespace {

using anthropic::output_tool;
using canon::ResponseFormat;
using Choice = canon::ToolChoice::Kind;

constexpr std::string_view no_parameters = R"({"type":"object","properties":{}})";

std::set<std::string_view> tools_used(const canon::Chat& chat) {
    std::set<std::string_view> names;
    for (const auto& m : chat.messages)
        for (const auto& p : m.parts)
            if (const auto* call = std::get_if<canon::ToolCall>(&p)) names.insert(call->name);
    return names;
}

class Toolbox {
  public:
    Toolbox(const Job& job, CachePoints& points)
        : job_(job), chat_(job.chat), used_(tools_used(job.chat)), points_(points) {}

    Result<Tooling> fill() {
        TRYV(check_choice());
        if (!forbidden())
            for (at_ = 0; at_ < chat_.tools.size(); ++at_) TRYV(tool(chat_.tools[at_]));
        // "The toolConfig field must be defined when using toolUse and toolResult content blocks" (400).
        if (out_.tools.empty() && !used_.empty())
            for (const auto name : used_) add({name, "", no_parameters, false});
        TRYV(answer_form());
        choice();
        if (chat_.parallel_tool_calls == false && !chat_.tools.empty()) job_.lose("parallel_tool_calls");
        return std::move(out_);
    }

  private:
    struct Spec {
        std::string_view name, description, schema;
        bool strict;
    };
    std::string where() const { return fmt::format("tools[{}]", at_); }

    /// Converse has no "none": tools that may not be called are not told, unless the conversation has used some.
    bool forbidden() const { return chat_.tool_choice.kind == Choice::none; }
    Status check_choice() const {
        if (forbidden() && !used_.empty())
            return refuse("tool_choice none while the conversation holds tool calls", "tool_choice");
        const bool asks = chat_.tool_choice.kind == Choice::required || chat_.tool_choice.kind == Choice::named;
        if (asks && chat_.tools.empty())
            return Error(ErrorCode::bad_param, "tool_choice: asks for a tool, but there are no tools")
                .param("tool_choice");
        return {};
    }

    Status tool(const canon::Tool& t) {
        if (!t.function) return refuse(fmt::format("tools of type '{}'", t.type), where());
        if (t.name == output_tool)
            return Error(ErrorCode::bad_param, fmt::format("{}: the name '{}' is reserved", where(), t.name))
                .param(where());
        job_.lose_extras(t.extras, where(), "cache_control");
        bool strict = t.strict.value_or(false);
        if (strict && job_.target.quirks.no_output_format) {
            job_.lose(where() + ".function.strict");
            strict = false;
        }
        TRY(const std::string schema, input_schema(t.schema_json, strict));
        add({t.name, t.description, schema, strict});
        if (auto point = points_.block(find_extra(t.extras, "cache_control")); !point.empty())
            out_.tools.push_back(std::move(point));
        return {};
    }
    void add(const Spec& spec) {
        std::string out;
        JsonWriter w(out);
        w.begin_object().key("toolSpec").begin_object().field("name", spec.name);
        if (!spec.description.empty()) w.field("description", spec.description);
        w.key("inputSchema").begin_object().field_raw("json", spec.schema).end_object();
        if (spec.strict) w.field("strict", true);
        w.end_object().end_object();
        out_.tools.push_back(std::move(out));
    }

    Result<std::string> input_schema(const std::string& json, bool strict) {
        if (json.empty() || json == "null") return std::string(no_parameters);
        auto doc = JsonDoc::parse(json);
        if (!doc || !doc->root().is_object())
            return Error(ErrorCode::bad_param, where() + ".function.parameters: must be a JSON Schema object")
                .param(where());
        if (doc->root().size() == 0) return std::string(no_parameters);
        std::string schema(doc->root().raw());
        if (!doc->root().find("type")) schema.insert(1, R"("type":"object",)");
        return strict ? anthropic::closed_schema(schema, where() + ".function.parameters", job_)
                      : Result<std::string>(std::move(schema));
    }

    Status answer_form() {
        if (!chat_.response_format || chat_.response_format->kind == ResponseFormat::Kind::text) return {};
        const ResponseFormat& f = *chat_.response_format;
        if (f.kind == ResponseFormat::Kind::json_object)
            return refuse("response_format json_object", "response_format");
        return job_.target.quirks.no_output_format ? emulate(f) : schema_format(f);
    }
    /// The schema is a string of JSON here.
    Status schema_format(const ResponseFormat& f) {
        TRY(const std::string schema,
            anthropic::closed_schema(f.schema_json, "response_format.json_schema.schema", job_));
        JsonWriter w(out_.format);
        w.begin_object().field("type", "json_schema").key("structure").begin_object().key("jsonSchema").begin_object();
        w.field("schema", schema).field("name", f.name.empty() ? std::string_view("answer") : std::string_view(f.name));
        if (!f.description.empty()) w.field("description", f.description);
        w.end_object().end_object().end_object();
        return {};
    }
    /// The answer as the call of a tool that the decoder turns back into text.
    Status emulate(const ResponseFormat& f) {
        emulated_ = true;
        at_ = chat_.tools.size();
        TRY(const std::string schema, input_schema(f.schema_json, false));
        add({output_tool, f.description.empty() ? "Give the final answer by calling this tool." : f.description, schema,
             false});
        return {};
    }

    void choice() {
        const bool alone = emulated_ && (chat_.tools.empty() || forbidden());
        if (alone || (chat_.tool_choice.kind == Choice::named && !forbidden())) {
            const std::string_view name = alone ? output_tool : std::string_view(chat_.tool_choice.name);
            JsonWriter(out_.choice)
                .begin_object()
                .key("tool")
                .begin_object()
                .field("name", name)
                .end_object()
                .end_object();
        } else if (emulated_ || chat_.tool_choice.kind == Choice::required) {
            out_.choice = R"({"any":{}})";
        } else if (chat_.tool_choice.kind == Choice::automatic && !out_.tools.empty()) {
            out_.choice = R"({"auto":{}})";
        }
        out_.forced = !out_.choice.empty() && out_.choice != R"({"auto":{}})";
    }

    const Job& job_;
    const canon::Chat& chat_;
    const std::set<std::string_view> used_;
    CachePoints& points_;
    Tooling out_;
    size_t at_ = 0;
    bool emulated_ = false;
};

}  // namespace

Result<Tooling> tooling(const Job& job, CachePoints& points) { return Toolbox(job, points).fill(); }

}  // namespace aig::provider::bedrock
