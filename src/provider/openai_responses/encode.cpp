// The request's top level.
#include "provider/openai_responses/encode.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace aig::provider::openai_responses {
using namespace canon;
namespace {

/// "integer below minimum value. Expected a value >= 16" (400). Agents that only probe a model ask for one token.
constexpr int64_t least_output = 16;
constexpr std::string_view sealed = "reasoning.encrypted_content", token_odds = "message.output_text.logprobs";

/// Members with the same name and meaning in both of OpenAI's shapes.
constexpr std::array<std::string_view, 3> shared{"safety_identifier", "prompt_cache_retention", "prompt_cache_options"};
/// Members of the chat shape that have another place here, or say nothing to a provider that keeps nothing.
constexpr std::array<std::string_view, 4> placed{"store", "web_search_options", "tool_choice", "modalities"};
/// State at the provider is the gateway's matter: it answers for it itself.
constexpr std::array<std::string_view, 6> kept_here{"store",        "background", "previous_response_id",
                                                    "conversation", "include",    "tool_choice"};

template <size_t N>
bool among(std::string_view name, const std::array<std::string_view, N>& names) {
    return std::find(names.begin(), names.end(), name) != names.end();
}
bool is_zero(std::string_view number) { return number.find_first_of("123456789") == std::string_view::npos; }

bool holds(const std::vector<std::string>& list, std::string_view word) {
    return std::find(list.begin(), list.end(), word) != list.end();
}

Status refuse_what_changes_behaviour(const Job& job) {
    const Chat& c = job.chat;
    if (c.n != 1) return refuse("n > 1", "n");
    if (!c.stop.empty()) return refuse("stop", "stop");
    const auto modalities = job.same_origin() ? std::string_view() : find_extra(c.extras, "modalities");
    if (holds(c.modalities, "audio") || modalities.find("audio") != std::string_view::npos)
        return refuse("audio output", "modalities");
    if (holds(c.modalities, "image") || modalities.find("image") != std::string_view::npos)
        return refuse("image output", "modalities");
    if (job.same_origin()) return {};
    for (const std::string_view name : {"response_format", "functions", "function_call"})
        if (!says_nothing(find_extra(c.extras, name)))
            return refuse("this form of " + std::string(name), std::string(name));
    return {};
}

void lose_decorations(const Job& job) {
    const Chat& c = job.chat;
    if (!c.top_k.empty()) job.lose("top_k");
    if (!is_zero(c.frequency_penalty)) job.lose("frequency_penalty");
    if (!is_zero(c.presence_penalty)) job.lose("presence_penalty");
    if (!says_nothing(c.logit_bias_json)) job.lose("logit_bias");
    if (c.seed) job.lose("seed");
    if (!c.aspect_ratio.empty() || !c.image_size.empty()) job.lose("image_config");
}

bool holds_sealed_reasoning(const Chat& chat) {
    for (const Message& m : chat.messages)
        for (const Part& p : m.parts)
            if (const auto* r = std::get_if<Reasoning>(&p); r && r->state.kind == state_kind::encrypted) return true;
    return false;
}

/// Models that do not reason refuse to be asked for sealed reasoning.
bool wants_sealed(const Job& job) {
    const Chat& c = job.chat;
    if (job.target.quirks.no_encrypted_reasoning) return false;
    const bool asks = !c.reasoning_effort.empty() && c.reasoning_effort != "none";
    return job.target.reasons || asks || c.reasoning_budget || !c.reasoning_summary.empty() ||
           holds_sealed_reasoning(c);
}

Status append_include(JsonWriter& w, const Job& job) {
    std::vector<std::string> list;
    if (job.same_origin()) {
        if (const auto own = find_extra(job.chat.extras, "include"); !own.empty()) {
            TRY(const auto doc, JsonDoc::parse(own));
            for (const JsonRef word : doc.root()) list.emplace_back(word.text());
        }
    }
    if (wants_sealed(job) && !holds(list, sealed)) list.emplace_back(sealed);
    if (job.chat.logprobs && !holds(list, token_odds)) list.emplace_back(token_odds);
    if (list.empty()) return {};
    w.key("include").begin_array();
    for (const auto& word : list) w.string(word);
    w.end_array();
    return {};
}

void append_format(JsonWriter& w, const ResponseFormat& f) {
    using Kind = ResponseFormat::Kind;
    w.key("format").begin_object();
    if (f.kind == Kind::text) w.field("type", "text");
    if (f.kind == Kind::json_object) w.field("type", "json_object");
    if (f.kind == Kind::json_schema) {
        w.field("type", "json_schema").field("name", f.name.empty() ? "answer" : std::string_view(f.name));
        if (!f.description.empty()) w.field("description", f.description);
        w.field_raw("schema", f.schema_json.empty() ? "{}" : std::string_view(f.schema_json));
        if (f.strict) w.field("strict", *f.strict);
    }
    w.end_object();
}

void append_text(JsonWriter& w, const Chat& c) {
    if (!c.response_format && c.verbosity.empty()) return;
    w.key("text").begin_object();
    if (c.response_format) append_format(w, *c.response_format);
    if (!c.verbosity.empty()) w.field("verbosity", c.verbosity);
    w.end_object();
}

/// A token budget for thinking as the nearest word this wire has.
std::string_view effort_for(int64_t budget) { return budget < 4'096 ? "low" : budget < 16'384 ? "medium" : "high"; }

void append_reasoning(JsonWriter& w, const Job& job) {
    const Chat& c = job.chat;
    std::string_view effort = c.reasoning_effort, summary = c.reasoning_summary;
    if (c.reasoning_budget) {
        if (effort.empty()) effort = effort_for(*c.reasoning_budget);
        job.lose("reasoning_budget");
        // Who gives thinking a budget in the Messages shape is shown it.
        if (summary.empty() && c.origin == "anthropic") summary = "auto";
    }
    if (effort.empty() && summary.empty()) return;
    w.key("reasoning").begin_object();
    if (!effort.empty()) w.field("effort", effort);
    if (!summary.empty()) w.field("summary", summary);
    w.end_object();
}

void append_limits(JsonWriter& w, const Job& job) {
    const Chat& c = job.chat;
    if (c.max_output) {
        if (*c.max_output < least_output) job.lose("max_output_tokens");
        w.field("max_output_tokens", std::max(*c.max_output, least_output));
    }
    if (!c.temperature.empty()) w.field_raw("temperature", c.temperature);
    if (!c.top_p.empty()) w.field_raw("top_p", c.top_p);
    if (c.logprobs && c.top_logprobs) w.field("top_logprobs", *c.top_logprobs);
}

/// Names of another wire's tiers mean nothing here, and metadata may hold what was meant for another company.
void append_words(JsonWriter& w, const Job& job) {
    const Chat& c = job.chat;
    if (!c.user.empty()) w.field("user", c.user);
    if (!c.prompt_cache_key.empty()) w.field("prompt_cache_key", c.prompt_cache_key);
    if (job.openai_origin()) {
        if (!c.service_tier.empty()) w.field("service_tier", c.service_tier);
        if (!c.metadata_json.empty()) w.field_raw("metadata", c.metadata_json);
        return;
    }
    if (!c.service_tier.empty()) job.lose("service_tier");
    if (!says_nothing(c.metadata_json)) job.lose("metadata");
}

void append_other_members(JsonWriter& w, const Job& job) {
    for (const auto& [name, json] : job.chat.extras) {
        const bool known = job.same_origin() ? !among(name, kept_here) && !name.starts_with("stream_options.")
                           : job.from_chat() ? among(name, shared)
                                             : name == "safety_identifier";
        const bool silent = job.same_origin() || among(name, placed) || name.starts_with("stream_options.");
        if (known)
            w.field_raw(name, json);
        else if (!silent && !says_nothing(json))
            job.lose(name);
    }
}
}  // namespace

void Job::lose(std::string name) const {
    if (std::find(losses.begin(), losses.end(), name) == losses.end()) losses.push_back(std::move(name));
}

void Job::lose_extras(const Extras& extras, const std::string& where) const {
    for (const auto& [name, json] : extras)
        if (!says_nothing(json)) lose(fmt::format("{}.{}", where, name));
}

void Job::append_extras(JsonWriter& w, const Extras& extras, const std::string& where) const {
    if (!same_origin()) return lose_extras(extras, where);
    for (const auto& [name, json] : extras) w.field_raw(name, json);
}

Result<std::string> encode_chat(const Job& job) {
    TRYV(refuse_what_changes_behaviour(job));
    lose_decorations(job);
    const size_t head = instruction_messages(job.chat.messages);
    std::string body;
    JsonWriter w(body);
    w.begin_object().field("model", job.target.model);
    if (head) w.field("instructions", instructions(job, head));
    w.key("input");
    TRYV(append_input(w, job, head));
    TRYV(append_tools(w, job));
    TRYV(append_tool_choice(w, job));
    if (job.chat.parallel_tool_calls) {
        if (job.target.quirks.no_parallel_tool_calls)
            job.lose("parallel_tool_calls");
        else
            w.field("parallel_tool_calls", *job.chat.parallel_tool_calls);
    }
    append_text(w, job.chat);
    append_reasoning(w, job);
    append_limits(w, job);
    TRYV(append_include(w, job));
    append_words(w, job);
    append_other_members(w, job);
    w.field("store", false);
    if (job.chat.stream) w.field("stream", true);
    w.end_object();
    return body;
}

}  // namespace aig::provider::openai_responses
