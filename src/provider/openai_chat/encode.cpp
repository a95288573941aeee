#include <fmt/format.h>

#include <algorithm>

#include "provider/openai_chat/messages.h"
#include "provider/openai_chat/openai_chat.h"

namespace aig::provider::openai {
using namespace canon;
namespace {

constexpr std::string_view origin_name = "openai-chat";

void append_tool(JsonWriter& w, const Tool& t, const std::string& path, const Encoding& e) {
    w.begin_object().field("type", "function").key("function").begin_object().field("name", t.name);
    if (!t.description.empty()) w.field("description", t.description);
    if (!t.schema_json.empty()) w.field_raw("parameters", t.schema_json);
    if (t.strict) w.field("strict", *t.strict);
    append_extras(w, t.extras, path, e, "function.");
    w.end_object();
    append_extras(w, t.extras, path, e);
    w.end_object();
}

/// Responses writes a custom tool flat; here its members stand one level deeper.
void append_custom_tool(JsonWriter& w, const Tool& t) {
    const auto doc = JsonDoc::parse(t.json);
    const JsonRef flat = doc ? doc->root() : JsonRef();
    w.begin_object().field("type", "custom").key("custom").begin_object();
    if (!flat["name"]) w.field("name", t.name);
    for (const JsonRef m : flat)
        if (m.key() == "name" || m.key() == "description" || m.key() == "format") w.field_raw(m.key(), m.raw());
    w.end_object().end_object();
}

Status append_tools(JsonWriter& w, const Chat& c, const Encoding& e) {
    if (c.tools.empty()) return {};
    w.key("tools").begin_array();
    size_t i = 0;
    for (const Tool& t : c.tools) {
        const std::string path = fmt::format("tools[{}]", i++);
        if (t.function)
            append_tool(w, t, path, e);
        else if (e.same_origin)
            w.raw(t.json);
        else if (t.type == "custom")
            append_custom_tool(w, t);
        else
            return Error(ErrorCode::unsupported_feature,
                         fmt::format("`{}`: a tool of type {} cannot be sent to this model's provider.", path, t.type))
                .param(path);
    }
    w.end_array();
    return {};
}

void append_tool_choice(JsonWriter& w, const ToolChoice& choice) {
    using Kind = ToolChoice::Kind;
    switch (choice.kind) {
        case Kind::unset:
            return;
        case Kind::none:
            w.field("tool_choice", "none");
            return;
        case Kind::automatic:
            w.field("tool_choice", "auto");
            return;
        case Kind::required:
            w.field("tool_choice", "required");
            return;
        case Kind::named:
            break;
    }
    w.key("tool_choice").begin_object().field("type", "function");
    w.key("function").begin_object().field("name", choice.name).end_object().end_object();
}

void append_response_format(JsonWriter& w, const std::optional<ResponseFormat>& format) {
    using Kind = ResponseFormat::Kind;
    if (!format) return;
    w.key("response_format").begin_object();
    if (format->kind == Kind::text) w.field("type", "text");
    if (format->kind == Kind::json_object) w.field("type", "json_object");
    if (format->kind == Kind::json_schema) {
        w.field("type", "json_schema")
            .key("json_schema")
            .begin_object()
            .field("name", format->name.empty() ? "answer" : std::string_view(format->name));
        if (!format->description.empty()) w.field("description", format->description);
        if (!format->schema_json.empty()) w.field_raw("schema", format->schema_json);
        if (format->strict) w.field("strict", *format->strict);
        w.end_object();
    }
    w.end_object();
}

/// A token budget for thinking as the nearest word this wire has.
std::string_view effort_for(int64_t budget) { return budget < 4'096 ? "low" : budget < 16'384 ? "medium" : "high"; }

void append_reasoning(JsonWriter& w, const Chat& c, const Encoding& e) {
    std::string_view effort = c.reasoning_effort;
    if (c.reasoning_budget) {
        if (effort.empty()) effort = effort_for(*c.reasoning_budget);
        e.losses.push_back("reasoning_budget");
    }
    if (!effort.empty()) w.field("reasoning_effort", effort);
}

void append_sampling(JsonWriter& w, const Chat& c, const Encoding& e) {
    const auto number = [&](std::string_view name, const std::string& json) {
        if (!json.empty()) w.field_raw(name, json);
    };
    number("temperature", c.temperature);
    number("top_p", c.top_p);
    if (e.same_origin)
        number("top_k", c.top_k);
    else if (!c.top_k.empty())
        e.losses.push_back("top_k");
    number("frequency_penalty", c.frequency_penalty);
    number("presence_penalty", c.presence_penalty);
    number("logit_bias", c.logit_bias_json);
    if (c.n != 1) w.field("n", c.n);
    if (c.seed) w.field("seed", *c.seed);
    if (c.logprobs) w.field("logprobs", true);
    if (c.top_logprobs) w.field("top_logprobs", *c.top_logprobs);
    if (c.stop.empty()) return;
    w.key("stop").begin_array();
    for (const auto& s : c.stop) w.string(s);
    w.end_array();
}

void append_words(JsonWriter& w, const Chat& c, const Encoding& e) {
    const auto word = [&](std::string_view name, const std::string& value) {
        if (!value.empty()) w.field(name, value);
    };
    word("user", c.user);
    // Names of another wire's tiers mean nothing here, and metadata may hold what was meant for another company.
    if (e.same_origin) {
        word("service_tier", c.service_tier);
        if (!c.metadata_json.empty()) w.field_raw("metadata", c.metadata_json);
    } else {
        if (!c.service_tier.empty()) e.losses.push_back("service_tier");
        if (!c.metadata_json.empty()) e.losses.push_back("metadata");
    }
    word("verbosity", c.verbosity);
    word("prompt_cache_key", c.prompt_cache_key);
}

/// What the reply may hold beside text.
void append_output(JsonWriter& w, const Chat& c, const Encoding& e) {
    if (!c.modalities.empty()) {
        w.key("modalities").begin_array();
        for (const auto& m : c.modalities) w.string(m);
        w.end_array();
    }
    if (!c.audio_json.empty()) w.field_raw("audio", c.audio_json);
    const bool raw = e.same_origin && std::any_of(c.extras.begin(), c.extras.end(),
                                                  [](const auto& x) { return x.first == "image_config"; });
    if (raw || (c.aspect_ratio.empty() && c.image_size.empty())) return;
    w.key("image_config").begin_object();
    if (!c.aspect_ratio.empty()) w.field("aspect_ratio", c.aspect_ratio);
    if (!c.image_size.empty()) w.field("image_size", c.image_size);
    w.end_object();
}

void append_stream(JsonWriter& w, const Chat& c, const Encoding& e) {
    if (!c.stream) return;
    w.field("stream", true);
    if (e.target.quirks.no_stream_options) return;
    // Usage is always asked for: the gateway bills by it; the caller's own wish is the dialect's matter.
    w.key("stream_options").begin_object().field("include_usage", true);
    for (const auto& [name, json] : c.extras)
        if (e.same_origin && name.starts_with("stream_options.")) w.field_raw(name.substr(15), json);
    w.end_object();
}

Result<std::string> encode_chat(const Chat& c, const WireTarget& target, Losses& losses) {
    const Encoding e{target, losses, c.origin == origin_name};
    std::string body;
    JsonWriter w(body);
    w.begin_object().field("model", target.model).key("messages");
    TRYV(append_messages(w, c.messages, e));
    TRYV(append_tools(w, c, e));
    append_tool_choice(w, c.tool_choice);
    if (c.parallel_tool_calls) {
        if (target.quirks.no_parallel_tool_calls)
            losses.push_back("parallel_tool_calls");
        else
            w.field("parallel_tool_calls", *c.parallel_tool_calls);
    }
    append_response_format(w, c.response_format);
    if (c.max_output)
        w.field(target.quirks.max_completion_tokens ? "max_completion_tokens" : "max_tokens", *c.max_output);
    append_reasoning(w, c, e);
    append_sampling(w, c, e);
    append_words(w, c, e);
    append_output(w, c, e);
    append_stream(w, c, e);
    for (const auto& x : c.extras)
        if (!x.first.starts_with("stream_options.")) append_extras(w, {x}, "", e);
    w.end_object();
    return body;
}

std::string encode_embedding(const Embedding& m, const WireTarget& target, Losses& losses) {
    const Encoding e{target, losses, m.origin == origin_name};
    std::string body;
    JsonWriter w(body);
    w.begin_object().field("model", target.model).key("input");
    const bool alone = m.single && m.texts.size() + m.token_arrays_json.size() == 1;
    if (!alone) w.begin_array();
    for (const auto& t : m.texts) w.string(t);
    for (const auto& t : m.token_arrays_json) w.raw(t);
    if (!alone) w.end_array();
    if (m.dimensions) w.field("dimensions", *m.dimensions);
    if (m.base64) w.field("encoding_format", "base64");
    if (!m.user.empty()) w.field("user", m.user);
    append_extras(w, m.extras, "", e);
    w.end_object();
    return body;
}
}  // namespace

Result<Encoded> OpenAiChatWire::encode(const Request& request, const WireTarget& target, Losses& losses) const {
    if (const auto* m = std::get_if<Embedding>(&request)) {
        Encoded out = head(Operation::embedding, target, false);
        out.body = encode_embedding(*m, target, losses);
        return out;
    }
    const auto& c = std::get<Chat>(request);
    Encoded out = head(Operation::chat, target, c.stream);
    TRY(out.body, encode_chat(c, target, losses));
    return out;
}

}  // namespace aig::provider::openai
