// Tools, tool_choice and the structured answer.
#include <fmt/format.h>

#include "base/json.h"
#include "provider/anthropic/encode.h"

namespace aig::provider::anthropic {
namespace {

using canon::ResponseFormat;
using Choice = canon::ToolChoice::Kind;

class Toolbox {
  public:
    explicit Toolbox(const Job& job) : job_(job), chat_(job.chat), surplus_(surplus_marks(job.chat).tools) {}

    Result<Tooling> fill() {
        for (at_ = 0; at_ < chat_.tools.size(); ++at_) TRYV(tool(chat_.tools[at_]));
        TRYV(answer_form());
        TRYV(choice());
        return std::move(out_);
    }

  private:
    std::string where() const { return fmt::format("tools[{}]", at_); }

    Status tool(const canon::Tool& t) {
        if (!t.function && job_.own()) {
            out_.tools.push_back(t.json);
            return {};
        }
        if (!t.function) return refuse(fmt::format("tools of type '{}'", t.type), where());
        if (t.name == output_tool)
            return Error(ErrorCode::bad_param, fmt::format("{}: the name '{}' is reserved", where(), t.name))
                .param(where());
        job_.lose_extras(t.extras, where(), "cache_control");
        // Strict tools are compiled like structured outputs: the same subset of JSON Schema, the same models.
        bool strict = t.strict.value_or(false);
        if (strict && job_.target.quirks.no_output_format) {
            job_.lose(where() + ".function.strict");
            strict = false;
        }
        TRY(const std::string schema, input_schema(t.schema_json, strict));
        std::string out;
        JsonWriter w(out);
        w.begin_object().field("name", t.name);
        if (!t.description.empty()) w.field("description", t.description);
        w.field_raw("input_schema", schema);
        if (strict) w.field("strict", true);
        w.raw_members(job_.own_members(t.extras));
        if (const auto mark = find_extra(t.extras, "cache_control"); !mark.empty()) {
            if (surplus_ > 0)
                job_.lose(where() + ".cache_control");
            else
                w.field_raw("cache_control", mark);
            --surplus_;
        }
        w.end_object();
        out_.tools.push_back(std::move(out));
        return {};
    }

    /// The wire requires a schema, and in it "type": "object"; the rest stays as the caller wrote it.
    Result<std::string> input_schema(const std::string& json, bool strict) {
        constexpr std::string_view nothing = R"({"type":"object","properties":{}})";
        if (json.empty() || json == "null") return std::string(nothing);
        auto doc = JsonDoc::parse(json);
        if (!doc || !doc->root().is_object())
            return Error(ErrorCode::bad_param, where() + ".function.parameters: must be a JSON Schema object")
                .param(where());
        if (doc->root().size() == 0) return std::string(nothing);
        std::string schema(doc->root().raw());
        if (!doc->root().find("type")) schema.insert(1, R"("type":"object",)");
        return strict ? closed_schema(schema, where() + ".function.parameters", job_)
                      : Result<std::string>(std::move(schema));
    }

    Status answer_form() {
        if (!chat_.response_format || chat_.response_format->kind == ResponseFormat::Kind::text) return {};
        const ResponseFormat& f = *chat_.response_format;
        if (f.kind == ResponseFormat::Kind::json_object)
            return refuse("response_format json_object", "response_format");
        if (!f.description.empty() && !job_.target.quirks.no_output_format)
            job_.lose("response_format.json_schema.description");
        if (job_.target.quirks.no_output_format) return emulate(f);
        TRY(const std::string schema, closed_schema(f.schema_json, "response_format.json_schema.schema", job_));
        JsonWriter(out_.format).begin_object().field("type", "json_schema").field_raw("schema", schema).end_object();
        return {};
    }

    /// The answer as the call of a tool that the decoder turns back into text.
    Status emulate(const ResponseFormat& f) {
        emulated_ = true;
        at_ = out_.tools.size();
        TRY(const std::string schema, input_schema(f.schema_json, false));
        std::string out;
        JsonWriter w(out);
        w.begin_object().field("name", output_tool);
        w.field("description", f.description.empty() ? "Give the final answer by calling this tool." : f.description);
        w.field_raw("input_schema", schema).end_object();
        out_.tools.push_back(std::move(out));
        return {};
    }

    Status choice() {
        if (out_.tools.empty()) {
            if (chat_.tool_choice.kind == Choice::required || chat_.tool_choice.kind == Choice::named)
                return Error(ErrorCode::bad_param, "tool_choice: asks for a tool, but there are no tools")
                    .param("tool_choice");
            return {};
        }
        const bool one_at_a_time = chat_.parallel_tool_calls == false;
        if (one_at_a_time && job_.target.quirks.no_parallel_tool_calls) job_.lose("parallel_tool_calls");
        const std::string_view word = choice_word();
        out_.forced = word == "any" || word == "tool";
        const bool single = one_at_a_time && !job_.target.quirks.no_parallel_tool_calls && word != "none";
        if (word.empty() && !single) return {};
        JsonWriter w(out_.choice);
        w.begin_object().field("type", word.empty() ? std::string_view("auto") : word);
        if (word == "tool") w.field("name", emulated_only() ? output_tool : std::string_view(chat_.tool_choice.name));
        if (single) w.field("disable_parallel_tool_use", true);
        w.end_object();
        return {};
    }

    /// The answer's tool is the only one the model may call.
    bool emulated_only() const { return emulated_ && (chat_.tools.empty() || chat_.tool_choice.kind == Choice::none); }

    std::string_view choice_word() const {
        if (chat_.tool_choice.kind == Choice::named && !emulated_only()) return "tool";
        if (emulated_only()) return "tool";
        if (emulated_) return "any";
        switch (chat_.tool_choice.kind) {
            case Choice::none:
                return "none";
            case Choice::automatic:
                return "auto";
            case Choice::required:
                return "any";
            default:
                return {};
        }
    }

    const Job& job_;
    const canon::Chat& chat_;
    Tooling out_;
    int surplus_;
    size_t at_ = 0;
    bool emulated_ = false;
};

}  // namespace

Result<Tooling> tooling(const Job& job) { return Toolbox(job).fill(); }

}  // namespace aig::provider::anthropic
