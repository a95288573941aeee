// One pass over the whole request: refuses what no provider could mean, notes what the gateway must know, keeps no
// tree. Members, items and parts nobody knows pass to providers of the same API, and to no others.
#include "dialect/body_doc.h"
#include "dialect/members.h"
#include "dialect/openai_responses/openai_responses.h"
#include "dialect/openai_responses/tools.h"

namespace aig::dialect::responses {
namespace {

using namespace canon;

constexpr int64_t most_tokens = 10'000'000, most_tools = 1'024;
constexpr size_t longest_model = 256, longest_name = 256;

struct Peek {
    const JsonDoc& doc;
    JsonRef root;
    Envelope e;
    std::vector<Span> call_ids{};  ///< of calls, should no state stand in the input

    Span span(JsonRef v) const {
        if (!v) return {};
        const size_t at = doc.offset(v.raw());
        return {at, at + v.raw().size()};
    }
    void need(bool condition, Feature feature) {
        if (condition) e.needs |= feature;
    }
    void text(std::string_view s) { e.size.text.add(s); }
    void native(const Path& path, std::string_view type) {
        if (!e.native_only.empty()) return;
        e.native_only = type.empty() ? path.text() : fmt::format("{} ({})", path.text(), type);
    }

    Status request() {
        TRYV(no_duplicates(root, {"model", "input", "instructions", "stream", "background", "store",
                                  "previous_response_id", "max_output_tokens", "tools", "tool_choice"}));
        TRYV(model());
        TRYV(instructions());
        TRYV(input());
        TRYV(tools());
        TRYV(tool_choice());
        TRYV(text_options());
        TRYV(reasoning());
        TRYV(limits());
        TRYV(state());
        return options();
    }

    Status model() {
        const JsonRef m = root["model"];
        if (!given(m)) return Error(ErrorCode::bad_param, "The request names no model: set `model`.").param("model");
        if (!m.is_string()) return bad("model", "must be a string");
        if (m.text().empty()) return Error(ErrorCode::bad_param, "`model` is empty: set `model`.").param("model");
        if (m.text().size() > longest_model) return bad("model", "is longer than 256 bytes");
        e.model = m.text();
        e.spans.model = span(m);
        e.spans.insert = doc.offset(root.raw()) + 1;
        return {};
    }

    Status instructions() {
        const JsonRef v = root["instructions"];
        if (!given(v)) return {};
        if (!v.is_string()) return bad("instructions", "must be a string");
        text(v.text());
        ++e.size.messages;
        return {};
    }

    // ---- input

    Status input() {
        const JsonRef in = root["input"];
        if (!given(in)) {
            const bool elsewhere = given(root["prompt"]) || given(root["conversation"]);
            return elsewhere ? Status{} : bad("input", "is missing");
        }
        if (in.is_string()) {
            text(in.text());
            ++e.size.messages;
            return {};
        }
        if (!in.is_array()) return bad("input", "must be a string or an array of items");
        if (!in.size() && !given(root["prompt"]) && !given(root["conversation"]))
            return bad("input", "is empty: send at least one item");
        const Path input_path{"input"};
        size_t i = 0;
        for (const JsonRef item : in) TRYV(this->item(item, input_path[i++]));
        if (e.state.empty()) e.state = std::move(call_ids);
        return {};
    }

    Status item(JsonRef item, const Path& path) {
        if (!item.is_object()) return bad(path, "must be an object");
        TRYV(string_at(item, "type", path / "type"));
        ++e.size.messages;
        const auto type = item["type"].text();
        if (type == "message" || (type.empty() && given(item["role"]))) return message(item, path);
        if (type == "function_call" || type == "custom_tool_call") return call(item, path);
        if (type == "function_call_output" || type == "custom_tool_call_output") return result(item, path);
        if (type == "reasoning") return reasoning_item(item, path);
        if (type.empty()) return bad(path / "type", "is missing");
        if (type == "compaction") state_in(item["encrypted_content"]);
        native(path, type);
        text(item.raw());
        return {};
    }

    Status message(JsonRef m, const Path& path) {
        TRY(const auto role, needed_string(m, "role", path / "role"));
        if (role != "user" && role != "assistant" && role != "system" && role != "developer")
            return bad(path / "role", "must be user, assistant, system or developer");
        const JsonRef content = m["content"];
        if (!given(content)) return bad(path / "content", "is missing");
        return this->content(content, path / "content");
    }

    Status content(JsonRef content, const Path& path) {
        if (content.is_string()) {
            text(content.text());
            return {};
        }
        if (!content.is_array()) return bad(path, "must be a string or an array of parts");
        size_t i = 0;
        for (const JsonRef p : content) TRYV(part(p, path[i++]));
        return {};
    }

    Status part(JsonRef p, const Path& path) {
        if (!p.is_object()) return bad(path, "must be an object");
        TRY(const auto type, needed_string(p, "type", path / "type"));
        if (type == "input_text" || type == "output_text" || type == "text" || type == "summary_text") {
            TRY(const auto s, needed_string(p, "text", path / "text"));
            text(s);
        } else if (type == "refusal") {
            TRY(const auto s, needed_string(p, "refusal", path / "refusal"));
            text(s);
        } else if (type == "input_image") {
            TRYV(image(p, path));
        } else if (type == "input_file") {
            TRYV(file(p, path));
        } else if (type == "input_audio") {
            if (!p["input_audio"].is_object()) return bad(path / "input_audio", "must be an object");
            e.size.audio_bytes += decoded(p["input_audio"]["data"]);
            e.needs |= feature_audio_in;
        } else {
            native(path, type);
            text(p.raw());
        }
        return {};
    }

    static int64_t decoded(JsonRef base64) { return static_cast<int64_t>(base64.text().size()) * 3 / 4; }

    Status image(JsonRef p, const Path& path) {
        TRYV(string_at(p, "image_url", path / "image_url"));
        TRYV(string_at(p, "file_id", path / "file_id"));
        if (given(p["file_id"]))
            native(path / "file_id", {});
        else if (p["image_url"].text().empty())
            return bad(path / "image_url", "is missing");
        ++e.size.images;
        e.needs |= feature_images;
        return {};
    }

    Status file(JsonRef p, const Path& path) {
        for (const auto member : {"file_id", "file_data", "file_url", "filename"})
            TRYV(string_at(p, member, path / member));
        if (given(p["file_id"])) native(path / "file_id", {});
        e.size.file_bytes += decoded(p["file_data"]);
        e.needs |= feature_files;
        return {};
    }

    Status call(JsonRef c, const Path& path) {
        TRYV(needed_string(c, "call_id", path / "call_id"));
        TRY(const auto name, needed_string(c, "name", path / "name"));
        const auto member = c["type"].text() == "function_call" ? "arguments" : "input";
        TRY(const auto arguments, needed_string(c, member, path / member));
        text(name);
        text(arguments);
        call_ids.push_back(span(c["call_id"]));
        return {};
    }

    Status result(JsonRef r, const Path& path) {
        TRYV(needed_string(r, "call_id", path / "call_id"));
        const JsonRef output = r["output"];
        if (!given(output)) return bad(path / "output", "is missing");
        return content(output, path / "output");
    }

    void state_in(JsonRef sealed) {
        if (sealed.is_string() && !sealed.text().empty()) e.state.push_back(span(sealed));
    }

    Status reasoning_item(JsonRef r, const Path& path) {
        for (const auto member : {"summary", "content"}) {
            const JsonRef list = r[member];
            if (!given(list)) continue;
            if (!list.is_array()) return bad(path / member, "must be an array");
            for (const JsonRef part : list) text(part["text"].text());
        }
        TRYV(string_at(r, "encrypted_content", path / "encrypted_content"));
        state_in(r["encrypted_content"]);
        // Sealed reasoning is as long as what it holds, and is read by the model.
        e.size.file_bytes += decoded(r["encrypted_content"]);
        return {};
    }

    // ---- tools

    Status tools() {
        const JsonRef list = root["tools"];
        if (!given(list)) return {};
        if (!list.is_array()) return bad("tools", "must be an array");
        const Path tools_path{"tools"};
        size_t i = 0;
        for (const JsonRef t : list) TRYV(tool(t, tools_path[i++]));
        if (e.size.tools > most_tools) return bad("tools", "has more than 1,024 entries");
        return {};
    }

    Status tool(JsonRef t, const Path& path) {
        if (!t.is_object()) return bad(path, "must be an object");
        TRY(const auto type, needed_string(t, "type", path / "type"));
        if (!is_callers_own(type)) {
            if (!is_optional(t)) native(path, type);
            text(t.raw());
            return {};
        }
        TRY(const auto name, needed_string(t, "name", path / "name"));
        if (name.empty() || name.size() > longest_name) return bad(path / "name", "must have 1 to 256 bytes");
        TRYV(string_at(t, "description", path / "description"));
        text(name);
        text(t["description"].text());
        return type == "namespace" ? inner_tools(t, path) : function(t, path);
    }

    Status inner_tools(JsonRef t, const Path& path) {
        if (!t["tools"].is_array()) return bad(path / "tools", "must be an array");
        size_t i = 0;
        for (const JsonRef inner : t["tools"]) {
            const Path list = path / "tools", at = list[i++];
            if (inner["type"].text() == "namespace") return bad(at / "type", "must be function or custom");
            TRYV(tool(inner, at));
        }
        return {};
    }

    Status function(JsonRef t, const Path& path) {
        ++e.size.tools;
        e.needs |= feature_tools;
        const JsonRef parameters = t["parameters"];
        if (given(parameters) && !parameters.is_object())
            return bad(path / "parameters", "must be a JSON Schema object");
        if (const JsonRef strict = t["strict"]; given(strict) && !strict.is_bool())
            return bad(path / "strict", "must be true or false");
        text(parameters.raw());
        text(t["format"].raw());
        return {};
    }

    Status tool_choice() {
        const JsonRef choice = root["tool_choice"];
        constexpr std::string_view words = "must be none, auto, required, or an object that names a tool";
        if (!given(choice)) return {};
        if (choice.is_object()) {
            const auto type = choice["type"].text();
            const bool own = type == "function" || type == "custom" || type == "allowed_tools";
            if (!own) native(Path{"tool_choice"}, type);
            if (type == "allowed_tools") return allowed(choice);
            e.needs |= feature_tool_choice;
            if (own) TRYV(needed_string(choice, "name", Path{"tool_choice.name"}));
            return {};
        }
        const auto word = choice.text();
        if (!choice.is_string() || (word != "none" && word != "auto" && word != "required"))
            return bad("tool_choice", words);
        need(word == "required", feature_tool_choice);
        return {};
    }

    Status allowed(JsonRef choice) {
        if (!choice["tools"].is_array()) return bad("tool_choice.tools", "must be an array");
        for (const JsonRef t : choice["tools"])
            if (t["type"].text() != "function" && t["type"].text() != "custom")
                native(Path{"tool_choice.tools"}, t["type"].text());
        need(choice["mode"].text() == "required", feature_tool_choice);
        return {};
    }

    // ---- the rest

    Status text_options() {
        const JsonRef options = root["text"];
        if (!given(options)) return {};
        if (!options.is_object()) return bad("text", "must be an object");
        TRYV(string_at(options, "verbosity", "text.verbosity"));
        const JsonRef format = options["format"];
        if (!given(format)) return {};
        if (!format.is_object()) return bad("text.format", "must be an object");
        TRY(const auto type, needed_string(format, "type", Path{"text.format.type"}));
        need(type == "json_object", feature_json_object);
        if (type != "json_schema") return {};
        e.needs |= feature_json_schema;
        TRYV(needed_string(format, "name", Path{"text.format.name"}));
        if (!format["schema"].is_object()) return bad("text.format.schema", "must be a JSON Schema object");
        text(format["schema"].raw());
        return {};
    }

    Status reasoning() {
        const JsonRef options = root["reasoning"];
        if (!given(options)) return {};
        if (!options.is_object()) return bad("reasoning", "must be an object");
        TRYV(string_at(options, "effort", "reasoning.effort"));
        TRYV(string_at(options, "summary", "reasoning.summary"));
        need(given(options["effort"]), feature_reasoning);
        return {};
    }

    Status limits() {
        TRY(e.max_output, integer_at(root, "max_output_tokens", 1, most_tokens));
        e.spans.max_tokens = span(root["max_output_tokens"]);
        return {};
    }

    /// What the gateway keeps and does by itself, and what only the provider could.
    Status state() {
        TRY(e.stream, boolean_at(root, "stream"));
        e.wants_usage = e.stream;
        TRYV(boolean_at(root, "store"));
        TRYV(boolean_at(root, "background"));
        TRYV(string_at(root, "previous_response_id", "previous_response_id"));
        for (const auto member : {"previous_response_id", "background"})
            if (given(root[member])) e.ours.push_back(span(root[member]));
        for (const auto member : {"conversation", "prompt"})
            if (given(root[member])) native(Path{member}, {});
        if (given(root["conversation"]) && given(root["previous_response_id"]))
            return bad("previous_response_id", "cannot stand beside `conversation`");
        return {};
    }

    Status options() {
        for (const auto name : {"temperature", "top_p", "presence_penalty", "frequency_penalty"})
            TRYV(number_at(root, name));
        for (const auto name : {"user", "safety_identifier", "service_tier", "prompt_cache_key", "truncation"})
            TRYV(string_at(root, name, name));
        TRYV(boolean_at(root, "parallel_tool_calls"));
        TRY(const auto top_logprobs, integer_at(root, "top_logprobs", 0, 100));
        if (const JsonRef m = root["metadata"]; given(m) && !m.is_object()) return bad("metadata", "must be an object");
        if (const JsonRef o = root["stream_options"]; given(o) && !o.is_object())
            return bad("stream_options", "must be an object");
        need(top_logprobs.value_or(0) > 0, feature_logprobs);
        need(given(root["user"]) || given(root["safety_identifier"]), feature_user);
        need(given(root["presence_penalty"]) || given(root["frequency_penalty"]), feature_penalties);
        const JsonRef include = root["include"];
        if (!given(include)) return {};
        if (!include.is_array()) return bad("include", "must be an array of strings");
        for (const JsonRef word : include) {
            if (!word.is_string()) return bad("include", "must be an array of strings");
            need(word.text() == "message.output_text.logprobs", feature_logprobs);
        }
        return {};
    }
};
}  // namespace

Result<Envelope> OpenAiResponses::peek(const Incoming& in) const {
    TRY(const auto body, BodyDoc::read(in.body));
    Peek peek{body.doc(), body.root(), {}};
    peek.e.operation = in.operation;
    peek.e.family = Family::openai_responses;
    TRYV(peek.request());
    return std::move(peek.e);
}

}  // namespace aig::dialect::responses
