// The request's top level.
#include "provider/bedrock/encode.h"

#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "base/json.h"

namespace aig::provider::bedrock {
namespace {

/// Converse's own members, taken from the caller's unknown ones as they are.
constexpr std::array<std::string_view, 6> own_members{"guardrailConfig", "performanceConfig",
                                                      "requestMetadata", "promptVariables",
                                                      "serviceTier",     "additionalModelResponseFieldPaths"};
constexpr std::string_view model_fields = "additionalModelRequestFields";
/// Members of other wires that say nothing here.
constexpr std::array<std::string_view, 2> silent{"stream_options", "store"};

template <size_t N>
bool in(const std::array<std::string_view, N>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}
bool is_zero(std::string_view number) { return number.find_first_of("123456789") == std::string_view::npos; }

Status refuse_what_changes_behaviour(const canon::Chat& chat) {
    if (chat.n != 1) return refuse("n > 1", "n");
    for (const std::string_view name : {"tool_choice", "response_format"})
        if (!find_extra(chat.extras, name).empty())
            return refuse("this form of " + std::string(name), std::string(name));
    for (const auto& m : chat.modalities)
        if (m != "text") return refuse(m + " output", "modalities");
    return {};
}

void lose_decorations(const Job& job) {
    const auto& chat = job.chat;
    if (chat.logprobs) job.lose("logprobs");
    if (chat.top_logprobs) job.lose("top_logprobs");
    if (chat.seed) job.lose("seed");
    if (!says_nothing(chat.logit_bias_json)) job.lose("logit_bias");
    if (!is_zero(chat.frequency_penalty)) job.lose("frequency_penalty");
    if (!is_zero(chat.presence_penalty)) job.lose("presence_penalty");
    if (!chat.verbosity.empty() && chat.verbosity != "medium") job.lose("verbosity");
    if (!chat.prompt_cache_key.empty()) job.lose("prompt_cache_key");
    if (!says_nothing(chat.metadata_json)) job.lose("metadata");
    if (!chat.user.empty()) job.lose("user");
    if (!chat.service_tier.empty() && chat.service_tier != "auto" && chat.service_tier != "default")
        job.lose("service_tier");
    for (const auto& [name, json] : chat.extras)
        if (!in(own_members, name) && !in(silent, name) && name != model_fields && name != "thinking" &&
            !name.starts_with("stream_options.") && !says_nothing(json))
            job.lose(name);
}

/// For comparing only; what is sent is the caller's text.
bool above_one(const std::string& number) {
    double d = 0;
    std::from_chars(number.data(), number.data() + number.size(), d);
    return d > 1;
}

/// Other makers than Anthropic have their own word for effort, and no common one; Converse's temperature ends at 1.
anthropic::Generation plain_generation(const Job& job, Maker maker) {
    const canon::Chat& chat = job.chat;
    anthropic::Generation g;
    g.max_tokens = chat.max_output.value_or(0);
    if (above_one(chat.temperature)) job.lose("temperature");
    g.temperature = above_one(chat.temperature) ? "1" : chat.temperature;
    g.top_p = chat.top_p;
    g.top_k = chat.top_k;
    if (maker == Maker::openai || maker == Maker::amazon)
        g.effort = chat.reasoning_effort;
    else if (!chat.reasoning_effort.empty() && chat.reasoning_effort != "none")
        job.lose("reasoning_effort");
    if (chat.reasoning_budget) job.lose("reasoning_budget");
    if (!find_extra(chat.extras, "thinking").empty()) job.lose("thinking");
    return g;
}

Result<anthropic::Generation> generation(const Job& job, Maker maker, bool forced) {
    if (maker == Maker::anthropic) return anthropic::generation(job, forced);
    return plain_generation(job, maker);
}

void write_inference(JsonWriter& w, const Job& job, const anthropic::Generation& g) {
    std::string inside;
    JsonWriter in(inside);
    in.begin_object();
    if (g.max_tokens > 0) in.field("maxTokens", g.max_tokens);
    if (!g.temperature.empty()) in.field_raw("temperature", g.temperature);
    if (!g.top_p.empty()) in.field_raw("topP", g.top_p);
    std::vector<std::string_view> stops;
    for (const auto& s : job.chat.stop) {
        if (s.find_first_not_of(" \t\r\n") == std::string::npos)
            job.lose("stop");
        else
            stops.push_back(s);
    }
    if (!stops.empty()) {
        in.key("stopSequences").begin_array();
        for (const auto s : stops) in.string(s);
        in.end_array();
    }
    in.end_object();
    if (inside != "{}") w.field_raw("inferenceConfig", inside);
}

void write_claude_fields(JsonWriter& w, const anthropic::Generation& g) {
    if (!g.thinking_json.empty())
        w.field_raw("thinking", g.thinking_json);
    else if (g.adaptive)
        w.key("thinking").begin_object().field("type", "adaptive").field("display", "summarized").end_object();
    else if (g.thinking_budget > 0)
        w.key("thinking")
            .begin_object()
            .field("type", "enabled")
            .field("budget_tokens", g.thinking_budget)
            .end_object();
    if (!g.effort.empty()) w.key("output_config").begin_object().field("effort", g.effort).end_object();
    if (!g.top_k.empty()) w.field_raw("top_k", g.top_k);
}

/// Nova 2 knows low, medium and high ("Extended thinking", Nova 2 user guide, 2026); gpt-oss takes OpenAI's word.
void write_other_fields(JsonWriter& w, Maker maker, const Job& job, const anthropic::Generation& g) {
    if (!g.top_k.empty()) job.lose("top_k");
    if (g.effort.empty() || g.effort == "none") return;
    if (maker == Maker::openai) {
        w.field("reasoning_effort", g.effort);
        return;
    }
    const std::string_view level = g.effort == "minimal"                      ? "low"
                                   : g.effort == "xhigh" || g.effort == "max" ? "high"
                                                                              : std::string_view(g.effort);
    w.key("reasoningConfig").begin_object().field("type", "enabled").field("maxReasoningEffort", level).end_object();
}

/// What the maker's own API calls these; the caller's own additions win.
void write_model_fields(JsonWriter& w, Maker maker, const Job& job, const anthropic::Generation& g) {
    std::string ours;
    JsonWriter o(ours);
    o.begin_object();
    if (maker == Maker::anthropic)
        write_claude_fields(o, g);
    else
        write_other_fields(o, maker, job, g);
    o.end_object();
    const auto own = JsonDoc::parse(find_extra(job.chat.extras, model_fields));
    const bool has_own = own && own->root().is_object() && own->root().size() > 0;
    if (!has_own) {
        if (ours != "{}") w.field_raw(model_fields, ours);
        return;
    }
    const auto added = JsonDoc::parse(ours);
    w.key(model_fields).begin_object();
    for (const JsonRef m : own->root()) w.field_raw(m.key(), m.raw());
    for (const JsonRef m : added->root())
        if (!own->root().find(m.key())) w.field_raw(m.key(), m.raw());
    w.end_object();
}

void write_conversation(JsonWriter& w, const Conversation& talk) {
    const auto list = [&](const std::vector<std::string>& blocks) {
        for (const auto& block : blocks) w.raw(block);
    };
    if (!talk.system.empty()) {
        w.key("system").begin_array();
        list(talk.system);
        w.end_array();
    }
    w.key("messages").begin_array();
    for (const Turn& t : talk.turns) {
        w.begin_object().field("role", t.role).key("content").begin_array();
        list(t.results);
        list(t.blocks);
        w.end_array().end_object();
    }
    w.end_array();
}

void write_tooling(JsonWriter& w, const Tooling& tools) {
    if (!tools.tools.empty()) {
        w.key("toolConfig").begin_object().key("tools").begin_array();
        for (const auto& t : tools.tools) w.raw(t);
        w.end_array();
        if (!tools.choice.empty()) w.field_raw("toolChoice", tools.choice);
        w.end_object();
    }
    if (!tools.format.empty()) w.key("outputConfig").begin_object().field_raw("textFormat", tools.format).end_object();
}

}  // namespace

Maker maker_of(std::string_view model) {
    const auto has = [&](std::string_view part) { return model.find(part) != std::string_view::npos; };
    if (has("anthropic.claude")) return Maker::anthropic;
    if (has("openai.gpt-oss")) return Maker::openai;
    return has("amazon.nova-2") ? Maker::amazon : Maker::other;
}

Result<std::string> encode_chat(const Job& job) {
    TRYV(refuse_what_changes_behaviour(job.chat));
    const Maker maker = maker_of(job.target.model);
    CachePoints points(job, cache_marks(job.chat));
    TRY(const Tooling tools, tooling(job, points));
    TRY(const Conversation talk, conversation(job, points));
    TRY(const auto g, generation(job, maker, tools.forced));
    lose_decorations(job);

    std::string out;
    JsonWriter w(out);
    w.begin_object();
    write_conversation(w, talk);
    write_inference(w, job, g);
    write_tooling(w, tools);
    write_model_fields(w, maker, job, g);
    for (const auto name : own_members)
        if (const auto json = find_extra(job.chat.extras, name); !json.empty()) w.field_raw(name, json);
    w.end_object();
    return out;
}

}  // namespace aig::provider::bedrock
