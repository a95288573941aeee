// The request's top level.
#include "provider/anthropic/encode.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/json.h"

namespace aig::provider::anthropic {
namespace {

constexpr size_t longest_user_id = 256;  // metadata.user_id: maxLength 256 (Messages API reference)

/// Members of other wires that this one can neither say nor needs: without effect, so no loss.
constexpr std::array<std::string_view, 2> silent{"stream_options", "store"};

bool is_zero(std::string_view number) { return number.find_first_of("123456789") == std::string_view::npos; }

Status refuse_what_changes_behaviour(const canon::Chat& chat) {
    if (chat.n != 1) return refuse("n > 1", "n");
    // Forms of these two that the canonical request has no field for (allowed_tools, grammars): they decide what the
    // caller gets.
    for (const std::string_view name : {"tool_choice", "response_format"})
        if (!find_extra(chat.extras, name).empty())
            return refuse("this form of " + std::string(name), std::string(name));
    for (const auto& m : chat.modalities)
        if (m != "text") return refuse(m + " output", "modalities");
    return {};
}

void lose_decorations(const Job& job, const BodyForm& form) {
    const auto& chat = job.chat;
    if (chat.logprobs) job.lose("logprobs");
    if (chat.top_logprobs) job.lose("top_logprobs");
    if (chat.seed) job.lose("seed");
    if (!says_nothing(chat.logit_bias_json)) job.lose("logit_bias");
    if (!is_zero(chat.frequency_penalty)) job.lose("frequency_penalty");
    if (!is_zero(chat.presence_penalty)) job.lose("presence_penalty");
    if (!chat.verbosity.empty() && chat.verbosity != "medium") job.lose("verbosity");
    if (!chat.prompt_cache_key.empty()) job.lose("prompt_cache_key");
    if (!chat.audio_json.empty()) job.lose("audio");
    if (!chat.aspect_ratio.empty() || !chat.image_size.empty()) job.lose("image_config");
    if (!says_nothing(chat.metadata_json)) job.lose("metadata");
    if (job.own()) return;
    for (const auto& [name, json] : chat.extras) {
        const bool placed = (name == "anthropic_beta" && !form.version.empty()) || name == "cache_control" ||
                            name == "thinking" || name == "safety_identifier" || name.starts_with("stream_options.") ||
                            std::find(silent.begin(), silent.end(), name) != silent.end();
        if (!placed && !says_nothing(json)) job.lose(name);
    }
}

/// The caller's own name for its user: `user`, else OpenAI's newer safety_identifier.
std::string user_id(const Job& job) {
    std::string id = job.chat.user;
    const auto newer = find_extra(job.chat.extras, "safety_identifier");
    if (!newer.empty()) {
        if (!id.empty()) {
            job.lose("safety_identifier");
        } else if (auto doc = JsonDoc::parse(newer)) {
            id = doc->root().text();
        }
    }
    if (id.size() <= longest_user_id) return id;
    job.lose("user");
    return {};
}

/// OpenAI's "default" is the standard tier; its other tiers have no counterpart.
std::string_view service_tier(const Job& job) {
    const std::string& tier = job.chat.service_tier;
    if (tier.empty() || tier == "auto") return tier;
    if (tier == "default" || tier == "standard_only") return "standard_only";
    job.lose("service_tier");
    return {};
}

/// "output_config.task_budget" of a caller of Messages: a member of an object that the canonical form takes apart.
std::string own_parts(const Job& job, std::string_view object) {
    canon::Extras parts;
    for (const auto& [name, json] : job.chat.extras)
        if (name.size() > object.size() && name.starts_with(object) && name[object.size()] == '.')
            parts.emplace_back(name.substr(object.size() + 1), json);
    return job.own_members(parts);
}

/// Whole members of a Messages request that have no canonical form: context_management, container, mcp_servers ...
std::string own_top_level(const Job& job) {
    canon::Extras whole;
    for (const auto& e : job.chat.extras)
        if (e.first.find('.') == std::string::npos && e.first != "thinking") whole.push_back(e);
    return job.own_members(whole);
}

void write_stop(const Job& job, JsonWriter& w) {
    std::vector<std::string_view> usable;
    for (const auto& s : job.chat.stop) {
        // "stop_sequences: each stop sequence must contain non-whitespace" (400)
        if (s.find_first_not_of(" \t\r\n") == std::string::npos)
            job.lose("stop");
        else
            usable.push_back(s);
    }
    if (usable.empty()) return;
    w.key("stop_sequences").begin_array();
    for (const auto s : usable) w.string(s);
    w.end_array();
}

void write_list(JsonWriter& w, std::string_view name, const std::vector<std::string>& items) {
    if (items.empty()) return;
    w.key(name).begin_array();
    for (const auto& item : items) w.raw(item);
    w.end_array();
}

/// About what the body will take; it grows where that is too little.
size_t room_for(const Conversation& talk, const std::vector<std::string>& tools) {
    size_t n = 512 + size_in_list(tools) + size_in_list(talk.system);
    for (const Turn& t : talk.turns) n += 48 + size_in_list(t.results) + size_in_list(t.blocks);
    return n;
}

void write_turns(JsonWriter& w, const std::vector<Turn>& turns) {
    w.key("messages").begin_array();
    for (const Turn& t : turns) {
        w.begin_object().field("role", t.role).key("content").begin_array();
        for (const auto& block : t.results) w.raw(block);
        for (const auto& block : t.blocks) w.raw(block);
        w.end_array().end_object();
    }
    w.end_array();
}

void write_generation(const Job& job, JsonWriter& w, const Generation& g, const std::string& format) {
    if (!g.thinking_json.empty()) {
        w.field_raw("thinking", g.thinking_json);
    } else if (g.adaptive) {
        // Without display, models from Claude Opus 4.7 on think but show nothing.
        w.key("thinking").begin_object().field("type", "adaptive").field("display", "summarized").end_object();
    } else if (g.thinking_budget > 0) {
        w.key("thinking")
            .begin_object()
            .field("type", "enabled")
            .field("budget_tokens", g.thinking_budget)
            .end_object();
    }
    const std::string more = own_parts(job, "output_config");
    if (!g.effort.empty() || !format.empty() || !more.empty()) {
        w.key("output_config").begin_object();
        if (!g.effort.empty()) w.field("effort", g.effort);
        if (!format.empty()) w.field_raw("format", format);
        w.raw_members(more);
        w.end_object();
    }
    if (!g.temperature.empty()) w.field_raw("temperature", g.temperature);
    if (!g.top_p.empty()) w.field_raw("top_p", g.top_p);
    if (!g.top_k.empty()) w.field_raw("top_k", g.top_k);
}

}  // namespace

void Job::lose(std::string name) const {
    if (std::find(losses.begin(), losses.end(), name) == losses.end()) losses.push_back(std::move(name));
}

std::string Job::own_members(const canon::Extras& extras) const {
    std::string out;
    if (!own()) return out;
    for (const auto& [name, json] : extras)
        if (name != "cache_control") out += fmt::format("{}{}:{}", out.empty() ? "" : ",", json_string(name), json);
    return out;
}

void Job::lose_extras(const canon::Extras& extras, std::string_view where, std::string_view except) const {
    if (own()) return;
    for (const auto& [name, json] : extras)
        if (name != except && !says_nothing(json)) lose(fmt::format("{}.{}", where, name));
}

size_t size_in_list(const std::vector<std::string>& blocks) {
    size_t n = 0;
    for (const auto& block : blocks) n += block.size() + 1;
    return n;
}

std::string_view Job::opening() const {
    const auto& all = chat.messages;
    const auto first =
        std::find_if(all.begin(), all.end(), [](const auto& m) { return m.role == canon::Role::assistant; });
    lose(fmt::format("messages[{}].role", first == all.end() ? 0 : first - all.begin()));
    return "(The assistant speaks first.)";
}

Result<canon::Encoded> encode_chat(const Job& job, const BodyForm& form) {
    TRYV(refuse_what_changes_behaviour(job.chat));
    TRY(const Conversation talk, conversation(job));
    TRY(const Tooling tools, tooling(job));
    TRY(const Generation g, generation(job, tools.forced));
    lose_decorations(job, form);

    canon::Encoded out;
    out.body.reserve(room_for(talk, tools.tools));
    JsonWriter w(out.body);
    w.begin_object();
    if (form.version.empty())
        w.field("model", job.target.model);
    else
        w.field("anthropic_version", form.version);
    if (const auto beta = find_extra(job.chat.extras, "anthropic_beta"); !form.version.empty() && !beta.empty())
        w.field_raw("anthropic_beta", beta);
    w.field("max_tokens", g.max_tokens);
    if (job.chat.stream && form.says_stream) w.field("stream", true);
    write_list(w, "tools", tools.tools);
    if (!tools.choice.empty()) w.field_raw("tool_choice", tools.choice);
    write_list(w, "system", talk.system);
    write_turns(w, talk.turns);
    write_generation(job, w, g, tools.format);
    write_stop(job, w);
    if (const auto mark = find_extra(job.chat.extras, "cache_control"); !mark.empty())
        w.field_raw("cache_control", mark);
    if (const auto tier = service_tier(job); !tier.empty()) w.field("service_tier", tier);
    const std::string id = user_id(job), more = own_parts(job, "metadata");
    if (!id.empty() || !more.empty()) {
        w.key("metadata").begin_object();
        if (!id.empty()) w.field("user_id", id);
        w.raw_members(more).end_object();
    }
    w.raw_members(own_top_level(job));
    w.end_object();
    return out;
}

}  // namespace aig::provider::anthropic
