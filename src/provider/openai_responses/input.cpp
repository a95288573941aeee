// Messages -> instructions and input items. An item a part: text and media of a turn make a message, and reasoning,
// calls and results stand between them in the order in which the model gave them.
#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "provider/openai_responses/encode.h"

namespace aig::provider::openai_responses {
using namespace canon;
namespace {

constexpr size_t longest_call_id = 64;  // "string too long. Expected a string with maximum length 64" (400)

std::string_view role_word(Role role, const Job& job) {
    switch (role) {
        case Role::system:
            return "system";
        case Role::developer:
            return job.target.quirks.no_developer_role ? "system" : "developer";
        case Role::assistant:
            return "assistant";
        default:
            return "user";
    }
}

/// Another provider's longer id, the same for a call and its result.
std::string call_id(std::string_view id) {
    if (id.size() <= longest_call_id) return std::string(id);
    uint64_t h = 0xcbf29ce484222325;
    for (const char c : id) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return fmt::format("{}_{:016x}", id.substr(0, longest_call_id - 17), h);
}

bool is_content(const Part& p) {
    if (const auto* o = std::get_if<Other>(&p)) return o->type.starts_with("input_") || o->type.starts_with("output_");
    return !std::holds_alternative<Reasoning>(p) && !std::holds_alternative<ToolCall>(p) &&
           !std::holds_alternative<ToolResult>(p);
}

bool is_plain(const Part& p) {
    const auto* t = std::get_if<Text>(&p);
    return t && t->extras.empty() && !t->state;
}
bool is_blank(const Part& p) { return is_plain(p) && std::get<Text>(p).text.empty(); }

/// Calls of custom tools: their results are items of another type.
std::set<std::string_view> custom_calls(const Chat& chat) {
    std::set<std::string_view> ids;
    for (const Message& m : chat.messages)
        for (const Part& p : m.parts)
            if (const auto* c = std::get_if<ToolCall>(&p); c && c->custom) ids.insert(c->id);
    return ids;
}

class Items {
  public:
    Items(JsonWriter& w, const Job& job) : w_(w), job_(job), custom_(custom_calls(job.chat)) {}

    Status append(const Message& m, size_t at) {
        where_ = fmt::format("messages[{}]", at);
        if (!m.name.empty()) job_.lose(where_ + ".name");
        job_.lose_extras(m.extras, where_);
        size_t i = 0;
        for (const Part& p : m.parts) {
            if (is_content(p)) {
                pending_.push_back({&p, i++});
                continue;
            }
            TRYV(flush(m.role));
            TRYV(std::visit([&](const auto& value) { return this->item(value); }, p));
            ++i;
        }
        if (m.parts.empty() && m.role != Role::assistant) write_text(m.role, "");
        return flush(m.role);
    }

  private:
    struct Pending {
        const Part* part;
        size_t index;
    };

    void write_text(Role role, std::string_view text) {
        w_.begin_object().field("role", role_word(role, job_)).field("content", text).end_object();
    }

    /// One plain text goes as a string: every server of this shape takes that, in every role.
    Status flush(Role role) {
        std::vector<Pending> parts = std::move(pending_);
        pending_.clear();
        if (role == Role::assistant) std::erase_if(parts, [](const Pending& p) { return is_blank(*p.part); });
        if (parts.empty()) return {};
        if (parts.size() == 1 && is_plain(*parts[0].part))
            return write_text(role, std::get<Text>(*parts[0].part).text), Status();
        w_.begin_object();
        if (role == Role::assistant) w_.field("type", "message");
        w_.field("role", role_word(role, job_)).key("content").begin_array();
        for (const Pending& p : parts)
            TRYV(append_content_part(w_, *p.part, role == Role::assistant,
                                     fmt::format("{}.content[{}]", where_, p.index), job_));
        w_.end_array().end_object();
        return {};
    }

    /// The blob is bound to the id the provider gave its item, not to ours, and is good without one; reasoning that is
    /// not sealed means nothing to a provider that keeps nothing.
    Status item(const Reasoning& r) {
        if (r.state.kind != state_kind::encrypted || job_.target.quirks.no_encrypted_reasoning) {
            job_.lose(where_ + ".reasoning");
            return {};
        }
        w_.begin_object().field("type", "reasoning").key("summary").begin_array();
        if (!r.text.empty()) w_.begin_object().field("type", "summary_text").field("text", r.text).end_object();
        w_.end_array().field("encrypted_content", r.state.data).end_object();
        return {};
    }

    Status item(const ToolCall& c) {
        if (c.id.empty())
            return Error(ErrorCode::bad_param, where_ + ".tool_calls: a tool call has no id")
                .param(where_ + ".tool_calls");
        if (c.state) job_.lose(where_ + ".tool_calls.state");
        w_.begin_object().field("type", c.custom ? "custom_tool_call" : "function_call");
        w_.field("call_id", call_id(c.id)).field("name", c.name);
        if (c.custom)
            w_.field("input", c.arguments_json);
        else
            w_.field("arguments", c.arguments_json.empty() ? "{}" : std::string_view(c.arguments_json));
        job_.append_extras(w_, c.extras, where_ + ".tool_calls");
        w_.end_object();
        return {};
    }

    Status item(const ToolResult& r) {
        if (r.call_id.empty())
            return Error(ErrorCode::bad_param, where_ + ": a tool's result does not say which call it answers")
                .param(where_ + ".tool_call_id");
        // Whether the tool failed is for its text to say: the wire has no flag for it.
        if (r.is_error) job_.lose(where_ + ".is_error");
        const bool custom = custom_.contains(r.call_id) || !says_nothing(find_extra(r.extras, "custom"));
        w_.begin_object().field("type", custom ? "custom_tool_call_output" : "function_call_output");
        w_.field("call_id", call_id(r.call_id)).key("output");
        TRYV(output(r.parts));
        job_.append_extras(w_, r.extras, where_);
        w_.end_object();
        return {};
    }

    Status output(const std::vector<Part>& parts) {
        if (parts.empty()) return w_.string(""), Status();
        if (parts.size() == 1 && is_plain(parts[0])) return w_.string(std::get<Text>(parts[0]).text), Status();
        w_.begin_array();
        size_t i = 0;
        for (const Part& p : parts)
            TRYV(append_content_part(w_, p, false, fmt::format("{}.content[{}]", where_, i++), job_));
        w_.end_array();
        return {};
    }

    /// An item of this wire's own kind, or a call of a custom tool in the chat shape.
    Status item(const Other& o) {
        if (job_.same_origin()) return w_.raw(o.json), Status();
        const auto doc = JsonDoc::parse(o.json);
        if (!doc || !job_.from_chat() || !doc->root()["custom"].is_object())
            return refuse(fmt::format("content part '{}'", o.type), where_);
        const JsonRef call = doc->root();
        return item(ToolCall{.id = std::string(call["id"].text()),
                             .name = std::string(call["custom"]["name"].text()),
                             .arguments_json = std::string(call["custom"]["input"].text()),
                             .custom = true});
    }

    template <class T>
    Status item(const T&) {
        return {};
    }

    JsonWriter& w_;
    const Job& job_;
    const std::set<std::string_view> custom_;
    std::vector<Pending> pending_;
    std::string where_;
};

bool only_text(const Message& m) {
    return !m.parts.empty() &&
           std::all_of(m.parts.begin(), m.parts.end(), [](const Part& p) { return std::holds_alternative<Text>(p); });
}
}  // namespace

size_t instruction_messages(const std::vector<Message>& messages) {
    size_t n = 0;
    while (n < messages.size() && messages[n].role == Role::system && only_text(messages[n])) ++n;
    // An answer needs something to answer.
    return n && n == messages.size() ? n - 1 : n;
}

std::string instructions(const Job& job, size_t count) {
    std::string out;
    for (size_t i = 0; i < count; ++i) {
        const Message& m = job.chat.messages[i];
        const std::string where = fmt::format("messages[{}]", i);
        if (!m.name.empty()) job.lose(where + ".name");
        job.lose_extras(m.extras, where);
        for (const Part& p : m.parts) {
            const auto& t = std::get<Text>(p);
            job.lose_extras(t.extras, where + ".content");
            if (!out.empty() && !t.text.empty()) out += "\n\n";
            out += t.text;
        }
    }
    return out;
}

Status append_input(JsonWriter& w, const Job& job, size_t first) {
    w.begin_array();
    Items items(w, job);
    const auto& messages = job.chat.messages;
    for (size_t i = first; i < messages.size(); ++i) TRYV(items.append(messages[i], i));
    w.end_array();
    return {};
}

}  // namespace aig::provider::openai_responses
