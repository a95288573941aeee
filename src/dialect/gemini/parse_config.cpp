// tools, toolConfig and generationConfig; Google's schemas as JSON Schema.
#include <algorithm>
#include <array>

#include "dialect/gemini/check.h"
#include "dialect/gemini/parse.h"

namespace aig::dialect::google {
using namespace canon;
namespace {

std::string str(JsonRef v) { return std::string(v.text()); }
std::string raw(JsonRef v) { return given(v) ? std::string(v.raw()) : std::string{}; }
std::string lower(std::string_view word) {
    std::string out(word);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return out;
}

constexpr int deepest = 64;

/// A type word; with null beside it where the schema is nullable.
void write_type(JsonWriter& w, JsonRef type, bool nullable) {
    w.key("type");
    if (!type.is_string()) {
        w.raw(type.raw());
        return;
    }
    if (nullable) w.begin_array();
    w.string(lower(type.text()));
    if (nullable) w.string("null").end_array();
}

/// int64 bounds come as strings ("minItems": "1"), in either spelling.
void bound(JsonWriter& w, JsonRef m) {
    for (const std::string_view name :
         {"minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"})
        if (canon::gemini::same_name(m.key(), name)) {
            w.field_raw(name, m.is_string() && whole_number(m) ? m.text() : m.raw());
            return;
        }
    w.field_raw(m.key(), m.raw());
}

void write_schema(JsonWriter& w, JsonRef s, int depth) {
    if (!s.is_object() || depth > deepest) {
        w.raw(s.raw());
        return;
    }
    const bool nullable = s["nullable"].boolean();
    w.begin_object();
    for (const JsonRef m : s) {
        const auto is = [&](std::string_view name) { return canon::gemini::same_name(m.key(), name); };
        if (m.key() == "type") {
            write_type(w, m, nullable);
        } else if (is("propertyOrdering") || m.key() == "nullable") {
            continue;  // of the generation's order, not of what is valid
        } else if (m.key() == "properties" && m.is_object()) {
            w.key("properties").begin_object();
            for (const JsonRef named : m) {
                w.key(named.key());
                write_schema(w, named, depth + 1);
            }
            w.end_object();
        } else if (m.key() == "items") {
            w.key("items");
            write_schema(w, m, depth + 1);
        } else if (is("anyOf") && m.is_array()) {
            w.key("anyOf").begin_array();
            for (const JsonRef o : m) write_schema(w, o, depth + 1);
            w.end_array();
        } else {
            bound(w, m);
        }
    }
    w.end_object();
}

Tool declaration(JsonRef f) {
    Tool t;
    t.type = "function";
    t.name = str(f["name"]);
    t.description = str(f["description"]);
    const JsonRef plain = member(f, "parametersJsonSchema"), own = f["parameters"];
    if (given(plain))
        t.schema_json = raw(plain);
    else if (given(own))
        t.schema_json = json_schema(own);
    for (const JsonRef m : f) {
        const auto is = [&](std::string_view name) { return canon::gemini::same_name(m.key(), name); };
        if (m.key() != "name" && m.key() != "description" && m.key() != "parameters" && !is("parametersJsonSchema"))
            t.extras.emplace_back(m.key(), m.raw());
    }
    return t;
}

/// Which functions may be called: one is named; several leave the others out of the list, which is all that other
/// wires can say.
void allow(JsonRef calling, Chat& c) {
    using Kind = ToolChoice::Kind;
    const auto names = elements(member(calling, "allowedFunctionNames"));
    const std::string mode = lower(calling["mode"].text());
    if (mode == "none") c.tool_choice.kind = Kind::none;
    if (mode == "auto" || mode == "validated") c.tool_choice.kind = Kind::automatic;
    if (mode == "any") c.tool_choice.kind = Kind::required;
    if (mode == "validated") c.extras.emplace_back("toolConfig.functionCallingConfig.mode", calling["mode"].raw());
    if (names.empty()) return;
    if (names.size() == 1 && mode == "any") {
        c.tool_choice = {Kind::named, str(names[0])};
        return;
    }
    std::erase_if(c.tools, [&](const Tool& t) {
        return t.function && std::none_of(names.begin(), names.end(), [&](JsonRef n) { return n.text() == t.name; });
    });
}

void answer_form(JsonRef g, Chat& c) {
    const JsonRef plain = member(g, "responseJsonSchema"), own = member(g, "responseSchema");
    const bool json = member(g, "responseMimeType").text() == "application/json";
    if (!json && !given(plain) && !given(own)) return;
    ResponseFormat f;
    f.kind = ResponseFormat::Kind::json_object;
    if (given(plain) || given(own)) {
        f.kind = ResponseFormat::Kind::json_schema;
        f.name = "answer";
        f.schema_json = given(plain) ? raw(plain) : json_schema(own);
    }
    c.response_format = std::move(f);
}

/// A budget of -1 lets the model choose, which is what other wires do when nothing is said.
void thinking(JsonRef t, Chat& c) {
    if (!t.is_object()) return;
    c.reasoning_effort = lower(member(t, "thinkingLevel").text());
    if (c.reasoning_effort == "thinking_level_unspecified") c.reasoning_effort.clear();
    const auto budget = whole_number(member(t, "thinkingBudget"));
    if (budget == 0) c.reasoning_effort = "none";
    if (budget && *budget > 0 && *budget <= 10'000'000) c.reasoning_budget = budget;
    if (member(t, "includeThoughts").boolean()) c.reasoning_summary = "auto";
}

constexpr std::array<std::string_view, 17> known_config{"maxOutputTokens",
                                                        "candidateCount",
                                                        "temperature",
                                                        "topP",
                                                        "topK",
                                                        "presencePenalty",
                                                        "frequencyPenalty",
                                                        "stopSequences",
                                                        "seed",
                                                        "responseLogprobs",
                                                        "logprobs",
                                                        "responseMimeType",
                                                        "responseSchema",
                                                        "responseJsonSchema",
                                                        "thinkingConfig",
                                                        "responseModalities",
                                                        "imageConfig"};

void image_config(JsonRef config, Chat& c) {
    c.aspect_ratio = str(member(config, "aspectRatio"));
    c.image_size = str(member(config, "imageSize"));
}

}  // namespace

std::string json_schema(JsonRef schema) {
    std::string out;
    JsonWriter w(out);
    write_schema(w, schema, 0);
    return out;
}

void parse_tools(JsonRef root, Chat& c) {
    for (const JsonRef t : elements(member(root, "tools")))
        for (const JsonRef m : t) {
            if (canon::gemini::same_name(m.key(), "functionDeclarations")) {
                for (const JsonRef f : elements(m)) c.tools.push_back(declaration(f));
            } else if (given(m)) {
                Tool own;
                own.function = false;
                own.type = m.key();
                JsonWriter(own.json).begin_object().field_raw(m.key(), m.raw()).end_object();
                c.tools.push_back(std::move(own));
            }
        }
    const JsonRef config = member(root, "toolConfig"), calling = member(config, "functionCallingConfig");
    if (calling.is_object()) allow(calling, c);
    for (const JsonRef m : config)
        if (!canon::gemini::same_name(m.key(), "functionCallingConfig") && given(m))
            c.extras.emplace_back("toolConfig." + std::string(m.key()), m.raw());
}

void parse_generation(JsonRef g, Chat& c) {
    if (!g.is_object()) return;
    if (const auto most = whole_number(member(g, "maxOutputTokens")); most && *most > 0) c.max_output = most;
    c.n = std::max<int64_t>(whole_number(member(g, "candidateCount")).value_or(1), 1);
    c.temperature = raw(g["temperature"]);
    c.top_p = raw(member(g, "topP"));
    c.top_k = raw(member(g, "topK"));
    c.presence_penalty = raw(member(g, "presencePenalty"));
    c.frequency_penalty = raw(member(g, "frequencyPenalty"));
    for (const JsonRef s : elements(member(g, "stopSequences"))) c.stop.push_back(str(s));
    c.seed = whole_number(g["seed"]);
    c.logprobs = member(g, "responseLogprobs").boolean();
    if (c.logprobs) c.top_logprobs = whole_number(g["logprobs"]);
    answer_form(g, c);
    thinking(member(g, "thinkingConfig"), c);
    for (const JsonRef m : elements(member(g, "responseModalities"))) c.modalities.push_back(lower(m.text()));
    image_config(member(g, "imageConfig"), c);
    for (const JsonRef m : g) {
        const bool known = std::any_of(known_config.begin(), known_config.end(),
                                       [&](std::string_view name) { return canon::gemini::same_name(m.key(), name); });
        if (!known && given(m)) c.extras.emplace_back("generationConfig." + std::string(m.key()), m.raw());
    }
}

}  // namespace aig::dialect::google
