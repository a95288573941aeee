#include "dialect/openai_chat/parse.h"

#include "dialect/body_doc.h"
#include "dialect/members.h"
#include "dialect/openai_chat/openai_chat.h"

namespace aig::dialect::openai {
using namespace canon;
namespace {

std::string str(JsonRef v) { return std::string(v.text()); }
std::string raw(JsonRef v) { return given(v) ? std::string(v.raw()) : std::string{}; }
std::optional<bool> flag(JsonRef v) { return v.is_bool() ? std::optional<bool>(v.boolean()) : std::nullopt; }

ToolChoice tool_choice(JsonRef v, Extras& extras) {
    using Kind = ToolChoice::Kind;
    const auto word = v.text();
    if (word == "none") return {Kind::none, {}};
    if (word == "auto") return {Kind::automatic, {}};
    if (word == "required" || word == "any") return {Kind::required, {}};
    if (!v.is_object()) return {};
    // {"type":"function","function":{"name"}}; flat {"type":"tool","name"} is what Claude users send.
    const JsonRef name = v["function"]["name"] ? v["function"]["name"] : v["name"];
    if (!name.text().empty() && v["type"].text() != "custom") return {Kind::named, str(name)};
    extras.emplace_back("tool_choice", v.raw());
    return {};
}

std::optional<ResponseFormat> response_format(JsonRef v, Extras& extras) {
    using Kind = ResponseFormat::Kind;
    if (!v.is_object()) return {};
    ResponseFormat out;
    const auto type = v["type"].text();
    if (type == "text") return out;
    if (type == "json_object") {
        out.kind = Kind::json_object;
        return out;
    }
    const JsonRef s = v["json_schema"];
    if (type != "json_schema" || !s.is_object() || !others(s, {"name", "description", "schema", "strict"}).empty()) {
        extras.emplace_back("response_format", v.raw());
        return {};
    }
    out.kind = Kind::json_schema;
    out.name = str(s["name"]);
    out.description = str(s["description"]);
    out.schema_json = raw(s["schema"]);
    out.strict = flag(s["strict"]);
    return out;
}

std::vector<std::string> stops(JsonRef v) {
    std::vector<std::string> out;
    if (v.is_string()) out.push_back(str(v));
    if (v.is_array())
        for (const JsonRef s : v) out.push_back(str(s));
    return out;
}

/// Of images in the reply; members nobody knows keep the whole object as it is.
void image_config(JsonRef v, Chat& c) {
    c.aspect_ratio = str(v["aspect_ratio"]);
    c.image_size = str(v["image_size"]);
    if (others(v, {"aspect_ratio", "image_size"}).empty())
        std::erase_if(c.extras, [](const auto& e) { return e.first == "image_config"; });
}

/// What nearly every request has; one with other members too pays for looking each of them up.
constexpr std::string_view usual[] = {
    "model", "messages", "stream", "stream_options", "max_tokens", "tools", "max_completion_tokens"};
enum : size_t { m_model, m_messages, m_stream, m_stream_options, m_max_tokens, m_tools, m_max_completion };

void others_than_usual(JsonRef root, Chat& c) {
    c.extras = others(root, {"model",
                             "messages",
                             "tools",
                             "tool_choice",
                             "parallel_tool_calls",
                             "response_format",
                             "max_tokens",
                             "max_completion_tokens",
                             "temperature",
                             "top_p",
                             "top_k",
                             "frequency_penalty",
                             "presence_penalty",
                             "stop",
                             "n",
                             "seed",
                             "logprobs",
                             "top_logprobs",
                             "logit_bias",
                             "user",
                             "reasoning_effort",
                             "verbosity",
                             "service_tier",
                             "metadata",
                             "modalities",
                             "audio",
                             "prompt_cache_key",
                             "stream",
                             "stream_options"});
    c.tool_choice = tool_choice(root["tool_choice"], c.extras);
    c.parallel_tool_calls = flag(root["parallel_tool_calls"]);
    c.response_format = response_format(root["response_format"], c.extras);
    c.temperature = raw(root["temperature"]);
    c.top_p = raw(root["top_p"]);
    c.top_k = raw(root["top_k"]);
    c.frequency_penalty = raw(root["frequency_penalty"]);
    c.presence_penalty = raw(root["presence_penalty"]);
    c.stop = stops(root["stop"]);
    c.n = root["n"].integer().value_or(1);
    c.seed = root["seed"].integer();
    c.logprobs = root["logprobs"].boolean();
    c.top_logprobs = root["top_logprobs"].integer();
    c.logit_bias_json = root["logit_bias"].size() ? raw(root["logit_bias"]) : "";
    c.user = str(root["user"]);
    c.reasoning_effort = str(root["reasoning_effort"]);
    c.verbosity = str(root["verbosity"]);
    c.service_tier = str(root["service_tier"]);
    c.metadata_json = raw(root["metadata"]);
    c.prompt_cache_key = str(root["prompt_cache_key"]);
    for (const JsonRef m : root["modalities"]) c.modalities.push_back(str(m));
    c.audio_json = raw(root["audio"]);
    image_config(root["image_config"], c);
}
}  // namespace

Tool parse_tool(JsonRef t) {
    Tool out;
    const JsonRef f = t["function"];
    out.type = str(t["type"]);
    if (!f.is_object() || (!out.type.empty() && out.type != "function")) {
        out.function = false;
        out.name = str(t["custom"]["name"] ? t["custom"]["name"] : t["name"]);
        out.json = t.raw();
        return out;
    }
    out.type = "function";
    out.name = str(f["name"]);
    out.description = str(f["description"]);
    out.schema_json = raw(f["parameters"]);
    out.strict = flag(f["strict"]);
    out.extras = others(t, {"type", "function"});
    for (auto& e : others(f, {"name", "description", "parameters", "strict"}, "function."))
        out.extras.push_back(std::move(e));
    return out;
}

Chat parse_chat(JsonRef root) {
    Chat c;
    c.origin = origin_name;
    const auto m = root.pick(usual);
    if (m.others) others_than_usual(root, c);
    c.model = str(m[m_model]);
    c.messages.reserve(m[m_messages].size());
    for (const JsonRef message : m[m_messages]) c.messages.push_back(parse_message(message));
    for (const JsonRef tool : m[m_tools]) c.tools.push_back(parse_tool(tool));
    const auto most = m[m_max_tokens].integer(), most_completion = m[m_max_completion].integer();
    if (most || most_completion) c.max_output = std::max(most.value_or(0), most_completion.value_or(0));
    c.stream = m[m_stream].boolean();
    c.include_usage = m[m_stream_options]["include_usage"].boolean();
    for (auto& e : others(m[m_stream_options], {"include_usage"}, "stream_options.")) c.extras.push_back(std::move(e));
    return c;
}

Embedding parse_embedding(JsonRef root) {
    Embedding e;
    e.origin = origin_name;
    e.model = str(root["model"]);
    const JsonRef input = root["input"];
    const auto item = [&](JsonRef v) {
        v.is_array() ? e.token_arrays_json.emplace_back(v.raw()) : e.texts.emplace_back(v.text());
    };
    e.single = input.is_string() || (input.is_array() && input.size() && (*input.begin()).is_number());
    if (e.single)
        item(input);
    else
        for (const JsonRef v : input) item(v);
    e.dimensions = root["dimensions"].integer();
    e.base64 = root["encoding_format"].text() == "base64";
    e.user = str(root["user"]);
    e.extras = others(root, {"model", "input", "dimensions", "encoding_format", "user"});
    return e;
}

Result<Request> OpenAiChat::parse(const Incoming& in) const {
    TRY(const auto body, BodyDoc::read(in.body));
    if (in.operation == Operation::embedding) return parse_embedding(body.root());
    return parse_chat(body.root());
}

}  // namespace aig::dialect::openai
