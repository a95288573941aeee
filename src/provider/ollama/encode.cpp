#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include "base/json.h"
#include "provider/anthropic/encode.h"
#include "provider/ollama/ollama.h"

namespace aig::provider::ollama {
namespace {

using namespace canon;
using anthropic::Job;
using Choice = ToolChoice::Kind;

constexpr std::array<std::string_view, 2> silent{"stream_options", "store"};

/// A message here has one text, a list of images and a list of calls.
struct Spoken {
    std::string text;
    std::vector<std::string_view> images;
    std::vector<const ToolCall*> calls;
    std::vector<const ToolResult*> results;
    bool empty() const { return text.empty() && images.empty() && calls.empty(); }
};

class Gatherer {
  public:
    Gatherer(const Job& job, std::string where) : job_(job), where_(std::move(where)) {}
    Result<Spoken> gather(const std::vector<Part>& parts) {
        for (const Part& p : parts) TRYV(std::visit([&](const auto& v) { return this->one(v); }, p));
        return std::move(out_);
    }

  private:
    Status text(const std::string& text) {
        if (!out_.text.empty() && !text.empty()) out_.text += '\n';
        out_.text += text;
        return {};
    }
    Status one(const Text& t) {
        job_.lose_extras(t.extras, where_);
        return text(t.text);
    }
    Status one(const Refusal& r) { return text(r.text); }
    Status one(const Image& i) {
        job_.lose_extras(i.extras, where_);
        if (!i.detail.empty() && i.detail != "auto") job_.lose(where_ + ".image_url.detail");
        if (i.data.empty()) return refuse("images by URL (send the bytes)", where_);
        out_.images.push_back(i.data);
        return {};
    }
    Status one(const Audio&) { return refuse("input_audio", where_); }
    Status one(const File&) { return refuse("files", where_); }
    Status one(const Other& o) { return refuse(fmt::format("content part '{}'", o.type), where_); }
    Status one(const Reasoning&) {
        job_.lose(where_ + ".reasoning");
        return {};
    }
    Status one(const ToolCall& c) {
        job_.lose_extras(c.extras, where_ + ".tool_calls");
        out_.calls.push_back(&c);
        return {};
    }
    Status one(const ToolResult& r) {
        out_.results.push_back(&r);
        return {};
    }

    const Job& job_;
    const std::string where_;
    Spoken out_;
};

class Conversation {
  public:
    Conversation(const Job& job, JsonWriter& w) : job_(job), w_(w) {}

    Status write() {
        w_.key("messages").begin_array();
        for (size_t i = 0; i < job_.chat.messages.size(); ++i)
            TRYV(message(job_.chat.messages[i], fmt::format("messages[{}]", i)));
        w_.end_array();
        return {};
    }

  private:
    Status message(const Message& m, const std::string& where) {
        if (!m.name.empty() && m.role != Role::tool) job_.lose(where + ".name");
        job_.lose_extras(m.extras, where);
        TRY(const Spoken said, Gatherer(job_, where).gather(m.parts));
        for (const ToolResult* r : said.results) TRYV(result(*r, where));
        if (said.empty() && !said.results.empty()) return {};
        w_.begin_object().field("role", role_word(m.role)).field("content", said.text);
        images(said);
        if (!said.calls.empty()) {
            w_.key("tool_calls").begin_array();
            for (const ToolCall* c : said.calls) call(*c, where);
            w_.end_array();
        }
        w_.end_object();
        return {};
    }

    /// A result names its tool; the id goes along for servers that know it.
    Status result(const ToolResult& r, const std::string& where) {
        if (r.is_error) job_.lose(where + ".is_error");
        job_.lose_extras(r.extras, where);
        TRY(const Spoken said, Gatherer(job_, where).gather(r.parts));
        w_.begin_object().field("role", "tool").field("content", said.text);
        images(said);
        if (const auto at = names_.find(r.call_id); at != names_.end()) w_.field("tool_name", at->second);
        w_.field("tool_call_id", r.call_id).end_object();
        return {};
    }
    void images(const Spoken& said) {
        if (said.images.empty()) return;
        w_.key("images").begin_array();
        for (const auto data : said.images) w_.string(data);
        w_.end_array();
    }

    /// Arguments are an object here.
    void call(const ToolCall& c, const std::string& where) {
        names_[c.id] = c.name;
        auto doc = JsonDoc::parse(c.arguments_json);
        const bool object = doc && doc->root().is_object();
        if (!object && !c.arguments_json.empty()) job_.lose(where + ".tool_calls.arguments");
        w_.begin_object().field("id", c.id).key("function").begin_object().field("name", c.name);
        w_.field_raw("arguments", object ? doc->root().raw() : "{}").end_object().end_object();
    }

    static std::string_view role_word(Role role) {
        if (role == Role::system || role == Role::developer) return "system";
        return role == Role::assistant ? "assistant" : "user";
    }

    const Job& job_;
    JsonWriter& w_;
    std::map<std::string, std::string, std::less<>> names_;
};

Status write_tools(JsonWriter& w, const Job& job) {
    const Chat& chat = job.chat;
    if (chat.tool_choice.kind == Choice::required || chat.tool_choice.kind == Choice::named)
        return refuse("a forced tool_choice", "tool_choice");
    // What may not be called is not told.
    if (chat.tools.empty() || chat.tool_choice.kind == Choice::none) return {};
    w.key("tools").begin_array();
    for (size_t i = 0; i < chat.tools.size(); ++i) {
        const Tool& t = chat.tools[i];
        const std::string where = fmt::format("tools[{}]", i);
        if (!t.function) return refuse(fmt::format("tools of type '{}'", t.type), where);
        job.lose_extras(t.extras, where);
        if (t.strict.value_or(false)) job.lose(where + ".function.strict");
        w.begin_object().field("type", "function").key("function").begin_object().field("name", t.name);
        if (!t.description.empty()) w.field("description", t.description);
        w.field_raw("parameters", t.schema_json.empty() ? R"({"type":"object","properties":{}})" : t.schema_json);
        w.end_object().end_object();
    }
    w.end_array();
    if (chat.parallel_tool_calls == false) job.lose("parallel_tool_calls");
    return {};
}

void write_format(JsonWriter& w, const Job& job) {
    const auto& f = job.chat.response_format;
    if (!f || f->kind == ResponseFormat::Kind::text) return;
    if (f->kind == ResponseFormat::Kind::json_schema && !f->schema_json.empty())
        w.field_raw("format", f->schema_json);
    else
        w.field("format", "json");
}

void write_options(JsonWriter& w, const Job& job) {
    const Chat& c = job.chat;
    std::string inside;
    JsonWriter o(inside);
    o.begin_object();
    const auto number = [&](std::string_view name, const std::string& json) {
        if (!json.empty()) o.field_raw(name, json);
    };
    if (c.max_output) o.field("num_predict", *c.max_output);
    number("temperature", c.temperature);
    number("top_p", c.top_p);
    number("top_k", c.top_k);
    number("frequency_penalty", c.frequency_penalty);
    number("presence_penalty", c.presence_penalty);
    if (c.seed) o.field("seed", *c.seed);
    if (!c.stop.empty()) {
        o.key("stop").begin_array();
        for (const auto& s : c.stop) o.string(s);
        o.end_array();
    }
    // The caller's own options (num_ctx, repeat_penalty ...), where they name nothing that stands above.
    const auto own = JsonDoc::parse(find_extra(c.extras, "options"));
    if (own && own->root().is_object()) {
        const auto ours = JsonDoc::parse(inside + "}");
        for (const JsonRef m : own->root())
            if (!ours->root().find(m.key())) o.field_raw(m.key(), m.raw());
    }
    o.end_object();
    if (inside != "{}") w.field_raw("options", inside);
}

/// Models that think do so by default, and those that cannot refuse to be asked. Only gpt-oss has levels ("Thinking",
/// docs.ollama.com, 2026).
void write_thinking(JsonWriter& w, const Job& job) {
    const Chat& c = job.chat;
    if (const auto own = find_extra(c.extras, "think"); !own.empty()) {
        w.field_raw("think", own);
        return;
    }
    if (c.reasoning_budget) job.lose("reasoning_budget");
    const std::string& effort = c.reasoning_effort;
    if (effort.empty()) return;
    const bool levels = job.target.model.find("gpt-oss") != std::string::npos;
    if (levels && effort != "none") {
        w.field("think", effort == "minimal"                    ? "low"
                         : effort == "xhigh" || effort == "max" ? "high"
                                                                : std::string_view(effort));
    } else if (effort == "none") {
        w.field("think", false);
    } else {
        job.lose("reasoning_effort");
    }
}

void lose_decorations(const Job& job) {
    const Chat& c = job.chat;
    if (c.logprobs) job.lose("logprobs");
    if (c.top_logprobs) job.lose("top_logprobs");
    if (!says_nothing(c.logit_bias_json)) job.lose("logit_bias");
    if (!c.user.empty()) job.lose("user");
    if (!c.verbosity.empty()) job.lose("verbosity");
    if (!c.service_tier.empty() && c.service_tier != "auto") job.lose("service_tier");
    if (!c.prompt_cache_key.empty()) job.lose("prompt_cache_key");
    if (!says_nothing(c.metadata_json)) job.lose("metadata");
    for (const auto& [name, json] : c.extras) {
        const bool placed = name == "options" || name == "think" || name == "keep_alive" ||
                            std::find(silent.begin(), silent.end(), name) != silent.end() ||
                            name.starts_with("stream_options.");
        if (!placed && !says_nothing(json)) job.lose(name);
    }
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
    TRYV(Conversation(job, w).write());
    TRYV(write_tools(w, job));
    write_format(w, job);
    write_options(w, job);
    write_thinking(w, job);
    if (const auto keep = find_extra(chat.extras, "keep_alive"); !keep.empty()) w.field_raw("keep_alive", keep);
    w.field("stream", chat.stream).end_object();  // without it Ollama streams
    lose_decorations(job);
    return out;
}

Result<std::string> encode_embedding(const Embedding& m, const WireTarget& target, Losses& losses) {
    if (!m.token_arrays_json.empty()) return refuse("token arrays as input", "input");
    if (!m.user.empty()) losses.push_back("user");
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("model", target.model).key("input").begin_array();
    for (const auto& t : m.texts) w.string(t);
    w.end_array();
    if (m.dimensions) w.field("dimensions", *m.dimensions);
    for (const auto& [name, json] : m.extras) {
        if (name == "truncate" || name == "keep_alive" || name == "options")
            w.field_raw(name, json);
        else if (!says_nothing(json))
            losses.push_back(name);
    }
    w.end_object();
    return out;
}

}  // namespace aig::provider::ollama
