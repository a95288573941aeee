#include "dialect/openai_responses/parse.h"

#include "dialect/body_doc.h"
#include "dialect/members.h"
#include "dialect/openai_responses/openai_responses.h"
#include "dialect/openai_responses/tools.h"

namespace aig::dialect::responses {
using namespace canon;
namespace {

std::string str(JsonRef v) { return std::string(v.text()); }
std::string raw(JsonRef v) { return given(v) ? std::string(v.raw()) : std::string{}; }
std::optional<bool> flag(JsonRef v) { return v.is_bool() ? std::optional<bool>(v.boolean()) : std::nullopt; }

void say(Role role, std::string text, Chat& c) {
    Message m;
    m.role = role;
    m.parts.push_back(Text{std::move(text), {}});
    c.messages.push_back(std::move(m));
}

std::optional<ResponseFormat> response_format(JsonRef v) {
    using Kind = ResponseFormat::Kind;
    if (!v.is_object()) return {};
    ResponseFormat out;
    const auto type = v["type"].text();
    if (type == "json_object") out.kind = Kind::json_object;
    if (type != "json_schema") return out;
    out.kind = Kind::json_schema;
    out.name = str(v["name"]);
    out.description = str(v["description"]);
    out.schema_json = raw(v["schema"]);
    out.strict = flag(v["strict"]);
    return out;
}

void include(JsonRef list, Chat& c) {
    if (!list.is_array()) return;
    for (const JsonRef word : list) {
        if (word.text() == "message.output_text.logprobs")
            c.logprobs = true;
        else if (word.text() != "reasoning.encrypted_content")  // always given
            c.extras.emplace_back("include." + str(word), "true");
    }
}

void reasoning(JsonRef v, Chat& c) {
    if (!v.is_object()) return;
    c.reasoning_effort = str(v["effort"]);
    c.reasoning_summary = str(given(v["summary"]) ? v["summary"] : v["generate_summary"]);
    for (auto& e : others(v, {"effort", "summary", "generate_summary"}, "reasoning.")) c.extras.push_back(std::move(e));
}

void words(JsonRef root, Chat& c) {
    c.temperature = raw(root["temperature"]);
    c.top_p = raw(root["top_p"]);
    c.presence_penalty = raw(root["presence_penalty"]);
    c.frequency_penalty = raw(root["frequency_penalty"]);
    c.user = str(given(root["safety_identifier"]) ? root["safety_identifier"] : root["user"]);
    c.verbosity = str(root["text"]["verbosity"]);
    c.service_tier = str(root["service_tier"]);
    c.metadata_json = root["metadata"].size() ? raw(root["metadata"]) : "";
    c.prompt_cache_key = str(root["prompt_cache_key"]);
    if (root["truncation"].text() == "auto") c.extras.emplace_back("truncation", "\"auto\"");
}
}  // namespace

Chat parse_chat(JsonRef root) {
    Chat c;
    c.origin = origin_name;
    c.model = str(root["model"]);
    c.extras = others(root, {"model",        "input",
                             "instructions", "tools",
                             "tool_choice",  "parallel_tool_calls",
                             "text",         "reasoning",
                             "temperature",  "top_p",
                             "user",         "safety_identifier",
                             "service_tier", "metadata",
                             "include",      "max_output_tokens",
                             "top_logprobs", "prompt_cache_key",
                             "truncation",   "presence_penalty",
                             "stream",       "frequency_penalty",
                             "store",        "previous_response_id",
                             "background",   "stream_options"});
    if (given(root["instructions"])) say(Role::system, str(root["instructions"]), c);
    if (root["input"].is_string()) say(Role::user, str(root["input"]), c);
    if (root["input"].is_array())
        for (const JsonRef item : root["input"]) parse_item(item, c);
    parse_tools(root["tools"], c);
    parse_tool_choice(root["tool_choice"], c);
    c.parallel_tool_calls = flag(root["parallel_tool_calls"]);
    c.response_format = response_format(root["text"]["format"]);
    c.max_output = root["max_output_tokens"].integer();
    if (const auto n = root["top_logprobs"].integer(); n && *n > 0) {
        c.logprobs = true;
        c.top_logprobs = n;
    }
    include(root["include"], c);
    reasoning(root["reasoning"], c);
    words(root, c);
    c.stream = root["stream"].boolean();
    c.include_usage = c.stream;
    return c;
}

Result<Request> OpenAiResponses::parse(const Incoming& in) const {
    TRY(const auto body, BodyDoc::read(in.body));
    return parse_chat(body.root());
}

}  // namespace aig::dialect::responses
