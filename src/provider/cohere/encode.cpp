#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/json.h"
#include "provider/anthropic/encode.h"
#include "provider/cohere/cohere.h"

namespace aig::provider::cohere {
namespace {

using namespace canon;
using anthropic::Job;
using Choice = ToolChoice::Kind;

/// Cohere's own members, taken from the caller's unknown ones as they are.
constexpr std::array<std::string_view, 6> own_members{"documents",    "citation_options", "safety_mode",
                                                      "strict_tools", "thinking",         "priority"};
constexpr std::array<std::string_view, 2> silent{"stream_options", "store"};

template <size_t N>
bool in(const std::array<std::string_view, N>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}
bool is_zero(std::string_view number) { return number.find_first_of("123456789") == std::string_view::npos; }

/// One message's content parts, in Cohere's form.
class Content {
  public:
    Content(const Job& job, std::string where) : job_(job), where_(std::move(where)) {}

    Status add(const std::vector<Part>& parts) {
        for (const Part& p : parts) TRYV(std::visit([&](const auto& v) { return this->one(v); }, p));
        return {};
    }
    /// A single text goes as a string, which every role takes.
    void write(JsonWriter& w) const {
        if (blocks_.empty() && !calls_.empty()) return;
        w.key("content");
        if (blocks_.empty()) {
            w.string("");
        } else if (blocks_.size() == 1 && only_text_) {
            w.string(text_);
        } else {
            w.begin_array();
            for (const auto& b : blocks_) w.raw(b);
            w.end_array();
        }
    }
    void write_calls(JsonWriter& w) const {
        if (calls_.empty()) return;
        w.key("tool_calls").begin_array();
        for (const auto& c : calls_) w.raw(c);
        w.end_array();
    }
    bool empty() const { return blocks_.empty() && calls_.empty(); }
    std::vector<const ToolResult*>& results() { return results_; }

  private:
    Status one(const Text& t) {
        job_.lose_extras(t.extras, where_);
        return text(t.text);
    }
    Status one(const Refusal& r) { return text(r.text); }
    Status text(const std::string& text) {
        if (text.empty()) return {};
        text_ = text;
        std::string out;
        JsonWriter(out).begin_object().field("type", "text").field("text", text).end_object();
        blocks_.push_back(std::move(out));
        return {};
    }
    Status one(const Image& i) {
        only_text_ = false;
        job_.lose_extras(i.extras, where_);
        std::string out;
        JsonWriter w(out);
        w.begin_object().field("type", "image_url").key("image_url").begin_object();
        w.field("url", i.data.empty() ? i.url : fmt::format("data:{};base64,{}", i.media_type, i.data));
        if (!i.detail.empty()) w.field("detail", i.detail);
        w.end_object().end_object();
        blocks_.push_back(std::move(out));
        return {};
    }
    Status one(const Audio&) { return refuse("input_audio", where_); }
    Status one(const File&) { return refuse("files (send their text, or `documents`)", where_); }
    Status one(const Other& o) { return refuse(fmt::format("content part '{}'", o.type), where_); }
    Status one(const Reasoning&) {
        job_.lose(where_ + ".reasoning");
        return {};
    }
    Status one(const ToolCall& c) {
        job_.lose_extras(c.extras, where_ + ".tool_calls");
        std::string out;
        JsonWriter w(out);
        w.begin_object().field("id", c.id).field("type", "function").key("function").begin_object();
        w.field("name", c.name).field("arguments", c.arguments_json.empty() ? "{}" : c.arguments_json);
        w.end_object().end_object();
        calls_.push_back(std::move(out));
        return {};
    }
    Status one(const ToolResult& r) {
        results_.push_back(&r);
        return {};
    }

    const Job& job_;
    const std::string where_;
    std::vector<std::string> blocks_, calls_;
    std::vector<const ToolResult*> results_;
    std::string text_;
    bool only_text_ = true;
};

std::string_view role_word(Role role) {
    switch (role) {
        case Role::system:
        case Role::developer:
            return "system";
        case Role::assistant:
            return "assistant";
        default:
            return "user";
    }
}

Status write_result(JsonWriter& w, const Job& job, const ToolResult& r, const std::string& where) {
    for (const Part& p : r.parts)
        if (std::holds_alternative<Image>(p)) return refuse("images in tool results", where);
    if (r.is_error) job.lose(where + ".is_error");
    job.lose_extras(r.extras, where);
    Content content(job, where);
    TRYV(content.add(r.parts));
    w.begin_object().field("role", "tool").field("tool_call_id", r.call_id);
    content.write(w);
    w.end_object();
    return {};
}

Status write_messages(JsonWriter& w, const Job& job) {
    w.key("messages").begin_array();
    for (size_t i = 0; i < job.chat.messages.size(); ++i) {
        const Message& m = job.chat.messages[i];
        const std::string where = fmt::format("messages[{}]", i);
        if (!m.name.empty()) job.lose(where + ".name");
        job.lose_extras(m.extras, where, "tool_plan");
        Content content(job, where);
        TRYV(content.add(m.parts));
        for (const ToolResult* r : content.results()) TRYV(write_result(w, job, *r, where));
        if (content.empty() && !content.results().empty()) continue;
        w.begin_object().field("role", role_word(m.role));
        content.write(w);
        content.write_calls(w);
        if (const auto plan = find_extra(m.extras, "tool_plan"); !plan.empty()) w.field_raw("tool_plan", plan);
        w.end_object();
    }
    w.end_array();
    return {};
}

Status write_tools(JsonWriter& w, const Job& job) {
    const Chat& chat = job.chat;
    const bool named = chat.tool_choice.kind == Choice::named;
    bool any = false, strict = false;
    for (size_t i = 0; i < chat.tools.size(); ++i) {
        const Tool& t = chat.tools[i];
        const std::string where = fmt::format("tools[{}]", i);
        if (!t.function) return refuse(fmt::format("tools of type '{}'", t.type), where);
        // A choice by name is the only tool there is, and required.
        if (named && t.name != chat.tool_choice.name) continue;
        if (!std::exchange(any, true)) w.key("tools").begin_array();
        job.lose_extras(t.extras, where);
        strict |= t.strict.value_or(false);
        w.begin_object().field("type", "function").key("function").begin_object().field("name", t.name);
        if (!t.description.empty()) w.field("description", t.description);
        w.field_raw("parameters", t.schema_json.empty() ? R"({"type":"object","properties":{}})" : t.schema_json);
        w.end_object().end_object();
    }
    if (any) w.end_array();
    const bool asks = named || chat.tool_choice.kind == Choice::required;
    if (asks && !any)
        return Error(ErrorCode::bad_param, "tool_choice: asks for a tool that is not among the tools")
            .param("tool_choice");
    if (asks) w.field("tool_choice", "REQUIRED");
    if (chat.tool_choice.kind == Choice::none && any) w.field("tool_choice", "NONE");
    if (strict && find_extra(chat.extras, "strict_tools").empty()) w.field("strict_tools", true);
    if (chat.parallel_tool_calls == false && any) job.lose("parallel_tool_calls");
    return {};
}

void write_format(JsonWriter& w, const Job& job) {
    const auto& f = job.chat.response_format;
    if (!f || f->kind == ResponseFormat::Kind::text) return;
    w.key("response_format").begin_object().field("type", "json_object");
    if (f->kind == ResponseFormat::Kind::json_schema && !f->schema_json.empty())
        w.field_raw("json_schema", f->schema_json);
    w.end_object();
}

void write_sampling(JsonWriter& w, const Job& job) {
    const Chat& c = job.chat;
    if (c.max_output) w.field("max_tokens", *c.max_output);
    if (!c.temperature.empty()) w.field_raw("temperature", c.temperature);
    // "p: minimum 0.01, maximum 0.99" (reference); 1 says nothing.
    if (!c.top_p.empty() && c.top_p.find_first_not_of("01.") != std::string::npos) w.field_raw("p", c.top_p);
    if (!c.top_k.empty()) w.field_raw("k", c.top_k);
    if (!is_zero(c.frequency_penalty)) w.field_raw("frequency_penalty", c.frequency_penalty);
    if (!is_zero(c.presence_penalty)) w.field_raw("presence_penalty", c.presence_penalty);
    if (c.seed) w.field("seed", *c.seed);
    if (c.logprobs) w.field("logprobs", true);
    if (!c.stop.empty()) {
        w.key("stop_sequences").begin_array();
        for (const auto& s : c.stop) w.string(s);
        w.end_array();
    }
    if (c.stream) w.field("stream", true);
}

/// Models that think do so by default; a level of effort has no counterpart.
void write_thinking(JsonWriter& w, const Job& job) {
    const Chat& c = job.chat;
    if (!find_extra(c.extras, "thinking").empty()) return;
    if (c.reasoning_budget)
        w.key("thinking")
            .begin_object()
            .field("type", "enabled")
            .field("token_budget", *c.reasoning_budget)
            .end_object();
    else if (c.reasoning_effort == "none")
        w.key("thinking").begin_object().field("type", "disabled").end_object();
    else if (!c.reasoning_effort.empty())
        job.lose("reasoning_effort");
}

void lose_decorations(const Job& job) {
    const Chat& c = job.chat;
    if (c.top_logprobs) job.lose("top_logprobs");
    if (!says_nothing(c.logit_bias_json)) job.lose("logit_bias");
    if (!c.user.empty()) job.lose("user");
    if (!c.verbosity.empty()) job.lose("verbosity");
    if (!c.service_tier.empty() && c.service_tier != "auto") job.lose("service_tier");
    if (!c.prompt_cache_key.empty()) job.lose("prompt_cache_key");
    if (!says_nothing(c.metadata_json)) job.lose("metadata");
    for (const auto& [name, json] : c.extras)
        if (!in(own_members, name) && !in(silent, name) && !name.starts_with("stream_options.") && !says_nothing(json))
            job.lose(name);
}

std::string_view input_type(const Embedding& m) {
    if (m.task_type == "RETRIEVAL_QUERY" || m.task_type == "CODE_RETRIEVAL_QUERY" ||
        m.task_type == "QUESTION_ANSWERING")
        return "search_query";
    if (m.task_type == "CLASSIFICATION") return "classification";
    if (m.task_type == "CLUSTERING") return "clustering";
    return "search_document";
}

}  // namespace

Result<std::string> encode_chat(const Chat& chat, const WireTarget& target, Losses& losses) {
    const Job job{chat, target, losses, false};
    if (chat.n != 1) return refuse("n > 1", "n");
    for (const std::string_view name : {"tool_choice", "response_format"})
        if (!find_extra(chat.extras, name).empty())
            return refuse("this form of " + std::string(name), std::string(name));
    for (const auto& m : chat.modalities)
        if (m != "text") return refuse(m + " output", "modalities");
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("model", target.model);
    TRYV(write_messages(w, job));
    TRYV(write_tools(w, job));
    write_format(w, job);
    write_sampling(w, job);
    write_thinking(w, job);
    for (const auto name : own_members)
        if (const auto json = find_extra(chat.extras, name); !json.empty()) w.field_raw(name, json);
    w.end_object();
    lose_decorations(job);
    return out;
}

Result<std::string> encode_embedding(const Embedding& m, const WireTarget& target, Losses& losses) {
    if (!m.token_arrays_json.empty()) return refuse("token arrays as input", "input");
    if (!m.user.empty()) losses.push_back("user");
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("model", target.model).key("texts").begin_array();
    for (const auto& t : m.texts) w.string(t);
    w.end_array();
    const auto own = find_extra(m.extras, "input_type");
    if (own.empty())
        w.field("input_type", input_type(m));
    else
        w.field_raw("input_type", own);
    w.key("embedding_types").begin_array().string("float").end_array();
    if (m.dimensions) w.field("output_dimension", *m.dimensions);
    for (const auto& [name, json] : m.extras) {
        if (name == "input_type") continue;
        if (name == "truncate")
            w.field_raw(name, json);
        else if (!says_nothing(json))
            losses.push_back(name);
    }
    w.end_object();
    return out;
}

}  // namespace aig::provider::cohere
