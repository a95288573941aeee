// The request's top level.
#include "provider/gemini/encode.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace aig::provider::gemini {
namespace {

/// Members of other wires that this one can neither say nor needs: without effect, so no loss.
constexpr std::array<std::string_view, 2> silent{"stream_options", "store"};

Status refuse_what_changes_behaviour(const canon::Chat& chat) {
    // Forms of these two that the canonical request has no field for (allowed_tools, grammars): they decide what the
    // caller gets.
    for (const std::string_view name : {"tool_choice", "response_format"})
        if (!find_extra(chat.extras, name).empty())
            return refuse("this form of " + std::string(name), std::string(name));
    return {};
}

void lose_decorations(const Job& job) {
    const auto& chat = job.chat;
    if (!says_nothing(chat.logit_bias_json)) job.lose("logit_bias");
    if (!chat.user.empty()) job.lose("user");
    if (!says_nothing(chat.metadata_json)) job.lose("metadata");
    if (!chat.prompt_cache_key.empty()) job.lose("prompt_cache_key");
    if (!chat.verbosity.empty() && chat.verbosity != "medium") job.lose("verbosity");
    if (!chat.service_tier.empty() && chat.service_tier != "auto" && chat.service_tier != "default")
        job.lose("service_tier");
    if (chat.parallel_tool_calls == false) job.lose("parallel_tool_calls");
    if (job.same_origin()) return;
    for (const auto& [name, json] : chat.extras) {
        const bool placed = name.starts_with("stream_options.") ||
                            std::find(silent.begin(), silent.end(), name) != silent.end() || says_nothing(json);
        if (!placed) job.lose(name);
    }
}

void write_contents(JsonWriter& w, const std::vector<Content>& contents) {
    w.key("contents").begin_array();
    for (const Content& c : contents) {
        w.begin_object().field("role", c.role).key("parts").begin_array();
        for (const auto& part : c.parts) w.raw(part);
        w.end_array().end_object();
    }
    w.end_array();
}

void write_system(JsonWriter& w, const std::vector<std::string>& parts) {
    if (parts.empty()) return;
    w.key("systemInstruction").begin_object().key("parts").begin_array();
    for (const auto& part : parts) w.raw(part);
    w.end_array().end_object();
}

/// safetySettings, cachedContent, labels: what only this family says, as its caller wrote it.
void write_own(JsonWriter& w, const Job& job) {
    if (!job.same_origin()) return;
    for (const auto& [name, json] : job.chat.extras)
        if (name.find('.') == std::string::npos) w.field_raw(name, json);
}

bool plain(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
           c == '_' || c == '~' || c == '/' || c == '@';
}

}  // namespace

void Job::lose(std::string name) const {
    if (std::find(losses.begin(), losses.end(), name) == losses.end()) losses.push_back(std::move(name));
}

void Job::lose_extras(const canon::Extras& extras, std::string_view where) const {
    for (const auto& [name, json] : extras)
        if (!says_nothing(json)) lose(fmt::format("{}.{}", where, name));
}

std::string method_path(const canon::WireTarget& target, std::string_view method) {
    std::string out =
        target.model.starts_with("models/") || target.model.starts_with("tunedModels/") ? "/" : "/models/";
    for (const char c : target.model)
        plain(c) ? out += c : out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    out.append(":").append(method);
    return out;
}

Result<std::string> chat_body(const Job& job) {
    TRYV(refuse_what_changes_behaviour(job.chat));
    TRY(const Conversation talk, conversation(job));
    TRY(const Tooling tools, tooling(job));
    TRY(const std::string generation, generation_config(job));
    lose_decorations(job);

    std::string out;
    JsonWriter w(out);
    w.begin_object();
    write_system(w, talk.system);
    write_contents(w, talk.contents);
    if (!tools.tools.empty()) w.field_raw("tools", tools.tools);
    if (!tools.config.empty()) w.field_raw("toolConfig", tools.config);
    if (!generation.empty()) w.key("generationConfig").begin_object().raw_members(generation).end_object();
    write_own(w, job);
    w.end_object();
    return out;
}

}  // namespace aig::provider::gemini
