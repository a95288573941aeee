// One pass over the whole request: refuses what no provider could mean, notes what the gateway must know, keeps no
// tree. Members and part types nobody knows pass: the provider may know them.
#include "dialect/body_doc.h"
#include "dialect/gemini/check.h"
#include "dialect/gemini/gemini.h"

namespace aig::dialect::google {
namespace {

using namespace canon;

constexpr int64_t most_tokens = 10'000'000, most_candidates = 128, most_tools = 1'024;
constexpr size_t longest_model = 256, longest_name = 256, most_stops = 64, most_embeds = 2'048;

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

    Status model(std::string_view in_url) {
        if (in_url.empty())
            return Error(ErrorCode::bad_param, "The path names no model: /v1beta/models/MODEL:METHOD.").param("model");
        if (in_url.size() > longest_model) return bad("model", "is longer than 256 bytes");
        e.model = in_url;
        e.spans.model = span(root["model"]);
        return {};
    }

    // ---- contents
    // ---------------------------------------------------------------------------------------------------------

    Status chat() {
        TRYV(
            no_duplicates(root, {"model", "contents", "systemInstruction", "tools", "toolConfig", "generationConfig"}));
        TRYV(contents());
        if (const JsonRef system = member(root, "systemInstruction"); given(system)) {
            if (!system.is_object()) return bad("systemInstruction", "must be a Content object");
            TRYV(parts(system, "systemInstruction"));
        }
        TRYV(tools());
        TRYV(tool_config());
        return generation();
    }

    Status contents() {
        const JsonRef list = member(root, "contents");
        if (!given(list)) return bad("contents", "is missing");
        if (list.is_array() && !list.size()) return bad("contents", "is empty: send at least one content");
        return each(list, "contents", [this](JsonRef c, const std::string& path) { return content(c, path); });
    }

    Status content(JsonRef c, const std::string& path) {
        if (!c.is_object()) return bad(path, "must be an object");
        const JsonRef role = c["role"];
        if (given(role) && !role.is_string()) return bad(path + ".role", "must be a string");
        const auto word = role.text();
        if (!word.empty() && word != "user" && word != "model" && word != "function" && word != "system")
            return bad(path + ".role", "must be user or model");
        ++e.size.messages;
        return turn(c, path, word == "model");
    }

    /// Ids of calls tell where a turn came from when it brings no signature.
    Status turn(JsonRef c, const std::string& path, bool from_model) {
        const size_t signed_before = e.state.size();
        TRYV(parts(c, path));
        if (!from_model || e.state.size() > signed_before) return {};
        for (const JsonRef p : c["parts"])
            if (const JsonRef id = member(p, "functionCall")["id"]; id.is_string()) e.state.push_back(span(id));
        return {};
    }

    Status parts(JsonRef c, const std::string& where) {
        return each(c["parts"], where + ".parts", [this](JsonRef p, const std::string& path) { return part(p, path); });
    }

    Status part(JsonRef p, const std::string& path) {
        if (!p.is_object()) return bad(path, "must be an object");
        for (const JsonRef m : p) TRYV(part_member(m, path));
        return {};
    }

    Status part_member(JsonRef m, const std::string& path) {
        const auto is = [&](std::string_view name) { return canon::gemini::same_name(m.key(), name); };
        if (m.key() == "text") {
            if (given(m) && !m.is_string()) return bad(path + ".text", "must be a string");
            text(m.text());
        } else if (is("inlineData")) {
            return inline_data(m, path + ".inlineData");
        } else if (is("fileData")) {
            if (!m.is_object()) return bad(path + ".fileData", "must be an object");
            media(member(m, "mimeType").text(), 0);
        } else if (is("functionCall")) {
            return function(m, "args", path + ".functionCall");
        } else if (is("functionResponse")) {
            TRYV(function(m, "response", path + ".functionResponse"));
            return parts(m, path + ".functionResponse");
        } else if (is("thoughtSignature")) {
            if (m.is_string() && !m.text().empty()) e.state.push_back(span(m));
        } else if (m.is_object()) {
            text(m.raw());  // executableCode, toolCall and whatever comes
        }
        return {};
    }

    Status inline_data(JsonRef data, const std::string& path) {
        if (!data.is_object()) return bad(path, "must be an object with mimeType and data");
        const JsonRef bytes = data["data"];
        if (!bytes.is_string()) return bad(path + ".data", "must be a string of base64");
        media(member(data, "mimeType").text(), static_cast<int64_t>(bytes.text().size()) * 3 / 4);
        return {};
    }

    void media(std::string_view type, int64_t bytes) {
        if (type.starts_with("image/")) {
            ++e.size.images;
            e.needs |= feature_images;
        } else if (type.starts_with("audio/")) {
            e.size.audio_bytes += bytes;
            e.needs |= feature_audio_in;
        } else {
            e.size.file_bytes += bytes;
            e.needs |= feature_files;
        }
    }

    Status function(JsonRef f, std::string_view value, const std::string& path) {
        if (!f.is_object()) return bad(path, "must be an object");
        if (!f["name"].is_string()) return bad(path + ".name", "must be a string");
        const JsonRef v = f[value];
        if (given(v) && !v.is_object()) return bad(fmt::format("{}.{}", path, value), "must be an object");
        text(f["name"].text());
        text(v.raw());
        return {};
    }

    // ---- tools
    // ------------------------------------------------------------------------------------------------------------

    Status tools() {
        TRYV(
            each(member(root, "tools"), "tools", [this](JsonRef t, const std::string& path) { return tool(t, path); }));
        if (e.size.tools > most_tools) return bad("tools", "has more than 1,024 functions");
        return {};
    }

    Status tool(JsonRef t, const std::string& path) {
        if (!t.is_object()) return bad(path, "must be an object");
        for (const JsonRef m : t) {
            if (canon::gemini::same_name(m.key(), "functionDeclarations")) {
                e.needs |= feature_tools;
                TRYV(each(m, path + ".functionDeclarations",
                          [this](JsonRef f, const std::string& where) { return declaration(f, where); }));
            } else if (given(m)) {
                // googleSearch, codeExecution: tools that Google runs, and nobody else can.
                e.needs |= feature_tools | feature_custom_tools;
                text(m.raw());
            }
        }
        return {};
    }

    Status declaration(JsonRef f, const std::string& path) {
        if (!f.is_object()) return bad(path, "must be an object");
        const JsonRef name = f["name"];
        if (!name.is_string() || name.text().empty() || name.text().size() > longest_name)
            return bad(path + ".name", "must be a string of 1 to 256 bytes");
        ++e.size.tools;
        text(f.raw());
        return {};
    }

    Status tool_config() {
        const JsonRef config = member(root, "toolConfig");
        if (!given(config)) return {};
        if (!config.is_object()) return bad("toolConfig", "must be an object");
        const JsonRef calling = member(config, "functionCallingConfig");
        if (given(calling) && !calling.is_object()) return bad("toolConfig.functionCallingConfig", "must be an object");
        need(calling["mode"].text() == "ANY" || calling["mode"].text() == "any", feature_tool_choice);
        return {};
    }

    // ---- generationConfig
    // -------------------------------------------------------------------------------------------------

    Status generation() {
        const JsonRef g = member(root, "generationConfig");
        if (!given(g)) return {};
        if (!g.is_object()) return bad("generationConfig", "must be an object");
        TRYV(no_duplicates(g, {"maxOutputTokens", "candidateCount", "responseModalities"}, "generationConfig."));
        TRY(const auto most, integer_at(g, "maxOutputTokens", "generationConfig.maxOutputTokens", 0, most_tokens));
        if (most && *most > 0) e.max_output = most;
        TRY(const auto n, integer_at(g, "candidateCount", "generationConfig.candidateCount", 0, most_candidates));
        e.n = std::max<int64_t>(n.value_or(1), 1);
        need(e.n > 1, feature_many_choices);
        for (const auto name : {"temperature", "topP", "topK", "presencePenalty", "frequencyPenalty"}) {
            const JsonRef v = member(g, name);
            if (given(v) && !v.is_number()) return bad(fmt::format("generationConfig.{}", name), "must be a number");
        }
        TRYV(stops(member(g, "stopSequences")));
        answer_form(g);
        decorations(g);
        return modalities(member(g, "responseModalities"));
    }

    Status stops(JsonRef list) const {
        if (!given(list)) return {};
        if (!list.is_array()) return bad("generationConfig.stopSequences", "must be an array of strings");
        if (list.size() > most_stops) return bad("generationConfig.stopSequences", "has more than 64 entries");
        for (const JsonRef s : list)
            if (!s.is_string()) return bad("generationConfig.stopSequences", "must be an array of strings");
        return {};
    }

    void answer_form(JsonRef g) {
        const JsonRef a = member(g, "responseSchema"), b = member(g, "responseJsonSchema");
        const bool schema = given(a) || given(b);
        need(schema, feature_json_schema);
        need(!schema && member(g, "responseMimeType").text() == "application/json", feature_json_object);
        text(a.raw());
        text(b.raw());
    }

    void decorations(JsonRef g) {
        need(member(g, "responseLogprobs").boolean(), feature_logprobs);
        need(given(g["seed"]), feature_seed);
        need(given(member(g, "presencePenalty")) || given(member(g, "frequencyPenalty")), feature_penalties);
        need(given(member(g, "thinkingConfig")), feature_reasoning);
    }

    Status modalities(JsonRef list) {
        if (!given(list)) return {};
        if (!list.is_array()) return bad("generationConfig.responseModalities", "must be an array of strings");
        for (const JsonRef m : list) {
            need(m.text() == "AUDIO" || m.text() == "audio", feature_audio_out);
            need(m.text() == "IMAGE" || m.text() == "image", feature_image_out);
        }
        return {};
    }

    // ---- embeddings
    // -------------------------------------------------------------------------------------------------------

    Status embedding() {
        const JsonRef requests = root["requests"];
        if (!given(requests)) return embed(root, "");
        TRYV(no_duplicates(root, {"requests"}));
        if (!requests.is_array() || !requests.size()) return bad("requests", "must be an array of requests");
        if (requests.size() > most_embeds) return bad("requests", "has more than 2,048 entries");
        return each(requests, "requests", [this](JsonRef r, const std::string& path) { return embed(r, path + "."); });
    }

    Status embed(JsonRef r, const std::string& where) {
        if (!r.is_object()) return bad(where, "must be an object");
        TRYV(no_duplicates(r, {"content", "outputDimensionality", "taskType"}, where));
        const JsonRef content = r["content"];
        if (!content.is_object()) return bad(where + "content", "must be a Content object");
        ++e.size.messages;
        TRYV(parts(content, where + "content"));
        TRY(const auto dimensions, integer_at(r, "outputDimensionality", where + "outputDimensionality", 1, 65'536));
        need(dimensions.has_value(), feature_dimensions);
        return {};
    }
};
}  // namespace

Result<Envelope> Gemini::peek(const Incoming& in) const {
    TRY(const auto body, BodyDoc::read(in.body));
    Peek peek{body.doc(), body.root(), {}};
    peek.e.operation = in.operation;
    // Vectors are asked for in one form whatever the caller's: embeddings go the translated way.
    peek.e.family = in.operation == Operation::embedding ? Family::other : Family::gemini;
    peek.e.stream = in.stream.value_or(false);
    peek.e.sse = in.sse;
    peek.e.wants_usage = true;
    TRYV(peek.model(in.model));
    TRYV(in.operation == Operation::embedding ? peek.embedding() : peek.chat());
    return std::move(peek.e);
}

}  // namespace aig::dialect::google
