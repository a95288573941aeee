// One pass over the whole request: refuses what no provider could mean, notes what the gateway must know, keeps no
// tree. Members and part types nobody knows pass: the provider may know them.
#include <algorithm>
#include <bit>

#include "dialect/body_doc.h"
#include "dialect/members.h"
#include "dialect/openai_chat/openai_chat.h"

namespace aig::dialect::openai {
namespace {

using namespace canon;

constexpr int64_t most_tokens = 10'000'000, most_choices = 128, most_tools = 1'024;
constexpr size_t longest_model = 256, longest_name = 256, most_stops = 64;

struct Peek {
    const JsonDoc& doc;
    JsonRef root;
    Envelope e;

    Span span(JsonRef v) const {
        if (!v) return {};
        const size_t at = doc.offset(v.raw());
        return {at, at + v.raw().size()};
    }
    void need(bool condition, Feature feature) {
        if (condition) e.needs |= feature;
    }
    void text(std::string_view s) { e.size.text.add(s); }

    Status model() { return model(root["model"]); }
    Status model(JsonRef m) {
        if (!given(m)) return Error(ErrorCode::bad_param, "The request names no model: set `model`.").param("model");
        if (m.is_array()) return bad("model", "as a list of fallbacks is not in this version; send one model id");
        if (!m.is_string()) return bad("model", "must be a string");
        if (m.text().empty()) return Error(ErrorCode::bad_param, "`model` is empty: set `model`.").param("model");
        if (m.text().size() > longest_model) return bad("model", "is longer than 256 bytes");
        e.model = m.text();
        e.spans.model = span(m);
        e.spans.insert = doc.offset(root.raw()) + 1;
        return {};
    }

    // ---- chat
    // -------------------------------------------------------------------------------------------------------------

    /// The members that every call may have; what decides about money stands once.
    static constexpr std::string_view once[] = {
        "model", "messages", "stream", "max_tokens", "stream_options", "max_completion_tokens", "n", "tools"};
    enum : size_t { m_model, m_messages, m_stream, m_max_tokens, m_stream_options, m_max_completion, m_n, m_tools };
    using Members = JsonRef::Picked<std::size(once)>;

    Status chat() {
        const Members m = root.pick(once);
        if (m.twice) return bad(std::string(once[std::countr_zero(m.twice)]), "stands more than once in the body");
        TRYV(model(m[m_model]));
        TRYV(messages(m[m_messages]));
        TRYV(limits(m));
        TRYV(stream(m[m_stream], m[m_stream_options]));
        if (!m.others && !m[m_tools]) return {};
        TRYV(tools(m[m_tools]));
        TRYV(tool_choice());
        TRYV(response_format());
        return options();
    }

    Status limits(const Members& m) {
        TRY(const auto n, integer_of(m[m_n], once[m_n], 1, most_choices));
        TRY(const auto max_tokens, integer_of(m[m_max_tokens], once[m_max_tokens], 1, most_tokens));
        TRY(const auto max_completion, integer_of(m[m_max_completion], once[m_max_completion], 1, most_tokens));
        e.n = n.value_or(1);
        // Both given: providers differ in which one they obey, so money is set aside for the larger.
        if (max_tokens || max_completion) e.max_output = std::max(max_tokens.value_or(0), max_completion.value_or(0));
        e.spans.max_tokens = span(m[m_max_tokens]);
        e.spans.max_completion_tokens = span(m[m_max_completion]);
        need(e.n > 1, feature_many_choices);
        return {};
    }

    Status stream(JsonRef streams, JsonRef options) {
        TRY(e.stream, boolean_of(streams, once[m_stream]));
        e.spans.stream_options = span(options);
        if (!given(options)) return {};
        if (!options.is_object()) return bad("stream_options", "must be an object");
        if (options.duplicate("include_usage")) return bad("stream_options.include_usage", "stands more than once");
        const JsonRef usage = options["include_usage"];
        if (given(usage) && !usage.is_bool()) return bad("stream_options.include_usage", "must be true or false");
        e.spans.include_usage = span(usage);
        e.wants_usage = e.stream && usage.boolean();
        return {};
    }

    Status messages(JsonRef list) {
        if (!given(list)) return bad("messages", "is missing");
        if (!list.is_array()) return bad("messages", "must be an array");
        if (!list.size()) return bad("messages", "is empty: send at least one message");
        size_t i = 0;
        const Path path{"messages"};
        for (const JsonRef m : list) TRYV(message(m, path[i++]));
        e.size.messages = static_cast<int64_t>(i);
        return {};
    }

    Status message(JsonRef m, const Path& path) {
        if (!m.is_object()) return bad(path, "must be an object");
        static constexpr std::string_view names[] = {"role", "content", "name"};
        const auto picked = m.pick(names);
        TRY(const auto role, needed_string_of(picked[0], path / "role"));
        const bool assistant = role == "assistant";
        if (role != "user" && role != "system" && role != "developer" && role != "tool" && role != "function" &&
            !assistant)
            return bad(path / "role", "must be system, developer, user, assistant or tool");
        TRYV(string_of(picked[2], path / "name"));
        text(picked[2].text());
        // An assistant's turn may be tool calls or reasoning alone.
        const JsonRef content = picked[1];
        if (!given(content) && !assistant) return bad(path / "content", "is missing");
        TRYV(this->content(content, path / "content"));
        if (content && m.size() == 2) return {};  // role and content: what most messages are
        TRYV(string_at(m, "tool_call_id", path / "tool_call_id"));
        TRYV(string_at(m, "refusal", path / "refusal"));
        for (const auto member : {"reasoning_content", "reasoning", "refusal"}) text(m[member].text());
        TRYV(tool_calls(m["tool_calls"], path / "tool_calls"));
        if (assistant) state(m);
        return {};
    }

    void state_string(JsonRef v) {
        if (v.is_string() && !v.text().empty()) e.state.push_back(span(v));
    }
    /// Signatures and sealed reasoning where OpenRouter's and Gemini's clients give them back; of a tool turn without
    /// any, the ids it is known by.
    void state(JsonRef m) {
        const size_t before = e.state.size();
        for (const JsonRef d : m["reasoning_details"]) {
            for (const auto member : {"data", "signature"}) state_string(d[member]);
            for (const auto member : {"text", "summary"}) text(d[member].text());
        }
        state_string(m["extra_content"]["google"]["thought_signature"]);
        for (const JsonRef c : m["tool_calls"]) state_string(c["extra_content"]["google"]["thought_signature"]);
        if (e.state.size() > before) return;
        for (const JsonRef c : m["tool_calls"]) state_string(c["id"]);
    }

    Status content(JsonRef content, const Path& path) {
        if (!given(content)) return {};
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
        if (type == "text") {
            TRY(const auto s, needed_string(p, "text", path / "text"));
            text(s);
        } else if (type == "refusal") {
            TRY(const auto s, needed_string(p, "refusal", path / "refusal"));
            text(s);
        } else if (type == "image_url") {
            TRYV(image(p["image_url"], path / "image_url"));
        } else if (type == "input_audio") {
            TRYV(audio(p["input_audio"], path / "input_audio"));
            e.needs |= feature_audio_in;
        } else if (type == "file") {
            const JsonRef file = p["file"];
            if (!file.is_object()) return bad(path / "file", "must be an object");
            e.size.file_bytes += static_cast<int64_t>(file["file_data"].text().size()) * 3 / 4;
            e.needs |= feature_files;
        } else {
            text(p.raw());
        }
        return {};
    }

    Status audio(JsonRef audio, const Path& path) {
        // Mistral's own SDKs send the data itself ("Audio", 2025-07).
        if (!audio.is_string() && !audio.is_object()) return bad(path, "must be an object with data and format");
        if (audio.is_object()) TRYV(needed_string(audio, "data", path / "data"));
        const auto data = audio.is_string() ? audio.text() : audio["data"].text();
        e.size.audio_bytes += static_cast<int64_t>(data.size()) * 3 / 4;
        return {};
    }

    Status image(JsonRef image, const Path& path) {
        // Mistral's own SDKs send the URL itself ("Vision", 2024-09).
        if (!image.is_string()) {
            if (!image.is_object()) return bad(path, "must be an object with url");
            TRYV(needed_string(image, "url", path / "url"));
        }
        ++e.size.images;
        e.needs |= feature_images;
        return {};
    }

    Status tool_calls(JsonRef calls, const Path& path) {
        if (!given(calls)) return {};
        if (!calls.is_array()) return bad(path, "must be an array");
        size_t i = 0;
        for (const JsonRef c : calls) TRYV(tool_call(c, path[i++]));
        return {};
    }

    Status tool_call(JsonRef c, const Path& path) {
        if (!c.is_object()) return bad(path, "must be an object");
        TRYV(string_at(c, "id", path / "id"));
        TRYV(string_at(c, "type", path / "type"));
        if (const JsonRef custom = c["custom"]; custom.is_object()) {
            text(custom["name"].text());
            text(custom["input"].text());
            return {};
        }
        const JsonRef function = c["function"];
        if (!function.is_object()) return bad(path / "function", "must be an object");
        TRY(const auto name, needed_string(function, "name", path / "function" / "name"));
        const JsonRef arguments = function["arguments"];
        if (given(arguments) && !arguments.is_string())
            return bad(path / "function" / "arguments", "must be a string of JSON");
        text(name);
        text(arguments.text());
        return {};
    }

    Status tools(JsonRef list) {
        if (!given(list)) return {};
        if (!list.is_array()) return bad("tools", "must be an array");
        if (static_cast<int64_t>(list.size()) > most_tools) return bad("tools", "has more than 1,024 entries");
        size_t i = 0;
        const Path path{"tools"};
        for (const JsonRef t : list) TRYV(tool(t, path[i++]));
        e.size.tools = static_cast<int64_t>(i);
        need(i > 0, feature_tools);
        return {};
    }

    Status tool(JsonRef t, const Path& path) {
        if (!t.is_object()) return bad(path, "must be an object");
        TRYV(string_at(t, "type", path / "type"));
        const JsonRef function = t["function"];
        const auto type = t["type"].text();
        if (type != "function" && !(type.empty() && function.is_object())) {
            if (type.empty()) return bad(path / "type", "is missing");
            // custom tools and providers' server tools: the provider judges them.
            e.needs |= feature_custom_tools;
            text(t.raw());
            return {};
        }
        if (!function.is_object()) return bad(path / "function", "must be an object");
        TRY(const auto name, needed_string(function, "name", path / "function" / "name"));
        if (name.empty() || name.size() > longest_name)
            return bad(path / "function" / "name", "must have 1 to 256 bytes");
        TRYV(string_at(function, "description", path / "function" / "description"));
        const JsonRef parameters = function["parameters"];
        if (given(parameters) && !parameters.is_object())
            return bad(path / "function" / "parameters", "must be a JSON Schema object");
        if (const JsonRef strict = function["strict"]; given(strict) && !strict.is_bool())
            return bad(path / "function" / "strict", "must be true or false");
        text(name);
        text(function["description"].text());
        text(parameters.raw());
        return {};
    }

    Status tool_choice() {
        const JsonRef choice = root["tool_choice"];
        if (!given(choice)) return {};
        if (!choice.is_string() && !choice.is_object())
            return bad("tool_choice", "must be none, auto, required, or an object that names a tool");
        // Mistral says "any" for required ("Function calling", 2024).
        const auto word = choice.text();
        if (choice.is_string() && word != "none" && word != "auto" && word != "required" && word != "any")
            return bad("tool_choice", "must be none, auto, required, or an object that names a tool");
        need(choice.is_object() || word == "required" || word == "any", feature_tool_choice);
        return {};
    }

    Status response_format() {
        const JsonRef format = root["response_format"];
        if (!given(format)) return {};
        if (!format.is_object()) return bad("response_format", "must be an object");
        TRY(const auto type, needed_string(format, "type", Path{"response_format.type"}));
        need(type == "json_object", feature_json_object);
        if (type != "json_schema") return {};
        e.needs |= feature_json_schema;
        const JsonRef schema = format["json_schema"];
        if (given(schema) && !schema.is_object()) return bad("response_format.json_schema", "must be an object");
        text(schema.raw());
        return {};
    }

    Status options() {
        for (const auto name : {"temperature", "top_p", "frequency_penalty", "presence_penalty"})
            TRYV(number_at(root, name));
        for (const auto name : {"user", "reasoning_effort", "service_tier", "verbosity"})
            TRYV(string_at(root, name, name));
        TRYV(stop());
        TRY(const auto seed, integer_at(root, "seed", INT64_MIN, INT64_MAX));
        TRY(const bool logprobs, boolean_at(root, "logprobs"));
        TRY(const auto top_logprobs, integer_at(root, "top_logprobs", 0, 100));
        TRYV(boolean_at(root, "parallel_tool_calls"));
        if (const JsonRef bias = root["logit_bias"]; given(bias) && !bias.is_object())
            return bad("logit_bias", "must be an object");
        need(logprobs || top_logprobs, feature_logprobs);
        need(seed.has_value(), feature_seed);
        need(given(root["user"]), feature_user);
        need(given(root["reasoning_effort"]), feature_reasoning);
        need(root["logit_bias"].size() > 0, feature_logit_bias);
        need(given(root["frequency_penalty"]) || given(root["presence_penalty"]), feature_penalties);
        if (const JsonRef c = root["image_config"]; given(c) && !c.is_object())
            return bad("image_config", "must be an object");
        TRYV(string_at(root["image_config"], "aspect_ratio", "image_config.aspect_ratio"));
        TRYV(string_at(root["image_config"], "image_size", "image_config.image_size"));
        return modalities();
    }

    Status modalities() {
        const JsonRef list = root["modalities"];
        if (!given(list)) return {};
        if (!list.is_array()) return bad("modalities", "must be an array of strings");
        for (const JsonRef m : list) {
            if (!m.is_string()) return bad("modalities", "must be an array of strings");
            need(m.text() == "audio", feature_audio_out);
            need(m.text() == "image", feature_image_out);
        }
        return {};
    }

    Status stop() {
        const JsonRef stop = root["stop"];
        need(stop.is_string() || stop.size() > 0, feature_stop);
        if (!given(stop) || stop.is_string()) return {};
        if (!stop.is_array()) return bad("stop", "must be a string or an array of strings");
        if (stop.size() > most_stops) return bad("stop", "has more than 64 entries");
        for (const JsonRef s : stop)
            if (!s.is_string()) return bad("stop", "must be a string or an array of strings");
        return {};
    }

    // ---- embeddings
    // -------------------------------------------------------------------------------------------------------

    Status embedding() {
        TRYV(no_duplicates(root, {"model", "input", "dimensions", "encoding_format"}));
        TRYV(model());
        TRYV(input(root["input"]));
        TRYV(string_at(root, "encoding_format", "encoding_format"));
        const auto format = root["encoding_format"].text();
        if (!format.empty() && format != "float" && format != "base64")
            return bad("encoding_format", "must be float or base64");
        e.base64 = format == "base64";
        TRY(const auto dimensions, integer_at(root, "dimensions", 1, 65'536));
        TRYV(string_at(root, "user", "user"));
        need(dimensions.has_value(), feature_dimensions);
        need(given(root["user"]), feature_user);
        return {};
    }

    Status input(JsonRef input) {
        if (!given(input)) return bad("input", "is missing");
        const Path path{"input"};
        if (input.is_string()) return input_text(input, path);
        if (!input.is_array()) return bad("input", "must be a string, an array of strings, or token arrays");
        if (!input.size()) return bad("input", "is empty");
        if ((*input.begin()).is_number()) return tokens(input, path);
        if (input.size() > 2048) return bad("input", "has more than 2,048 items");
        size_t i = 0;
        for (const JsonRef item : input) {
            const Path at = path[i++];
            TRYV(item.is_array() ? tokens(item, at) : input_text(item, at));
        }
        return {};
    }

    Status input_text(JsonRef item, const Path& path) {
        if (!item.is_string()) return bad(path, "must be a string or an array of token numbers");
        if (item.text().empty()) return bad(path, "is empty");
        text(item.text());
        ++e.size.messages;
        return {};
    }

    Status tokens(JsonRef list, const Path& path) {
        if (!list.size()) return bad(path, "is empty");
        for (const JsonRef token : list) {
            const auto n = token.integer();
            if (!n || *n < 0 || *n > INT32_MAX) return bad(path, "must hold token numbers");
        }
        e.size.tokens_given += static_cast<int64_t>(list.size());
        e.needs |= feature_token_arrays;
        return {};
    }
};
}  // namespace

Result<Envelope> OpenAiChat::peek(const Incoming& in) const {
    TRY(const auto body, BodyDoc::read(in.body));
    Peek peek{body.doc(), body.root(), {}};
    peek.e.operation = in.operation;
    peek.e.family = Family::openai_chat;
    TRYV(in.operation == Operation::chat ? peek.chat() : peek.embedding());
    return std::move(peek.e);
}

}  // namespace aig::dialect::openai
