#include "provider/openai_chat/messages.h"

#include <fmt/format.h>

#include <algorithm>

namespace aig::provider::openai {
using namespace canon;
namespace {

std::string_view role_word(Role role, const Encoding& e) {
    switch (role) {
        case Role::system:
            return "system";
        case Role::developer:
            return e.target.quirks.no_developer_role ? "system" : "developer";
        case Role::assistant:
            return "assistant";
        case Role::tool:
            return "tool";
        case Role::user:
            break;
    }
    return "user";
}

Error cannot(const std::string& path, std::string_view what) {
    return Error(ErrorCode::unsupported_feature,
                 fmt::format("`{}`: {} cannot be sent to this model's provider.", path, what))
        .param(path);
}

/// One content part of a message; parts that are members of the message are not content.
struct Content {
    JsonWriter& w;
    const Encoding& e;
    const std::string path;

    Status operator()(const Text& t) const {
        w.begin_object().field("type", "text").field("text", t.text);
        append_extras(w, t.extras, path, e);
        w.end_object();
        return {};
    }
    Status operator()(const Image& i) const {
        w.begin_object().field("type", "image_url").key("image_url").begin_object();
        w.field("url", i.data.empty() ? i.url : fmt::format("data:{};base64,{}", i.media_type, i.data));
        if (!i.detail.empty()) w.field("detail", i.detail);
        w.end_object();
        append_extras(w, i.extras, path, e);
        w.end_object();
        return {};
    }
    Status operator()(const Audio& a) const {
        w.begin_object()
            .field("type", "input_audio")
            .key("input_audio")
            .begin_object()
            .field("data", a.data)
            .field("format", a.format)
            .end_object();
        append_extras(w, a.extras, path, e);
        w.end_object();
        return {};
    }
    Status operator()(const File& f) const {
        if (!f.url.empty() && !e.same_origin) return cannot(path, "a file by URL");
        w.begin_object().field("type", "file").key("file").begin_object();
        if (!f.name.empty()) w.field("filename", f.name);
        if (!f.file_id.empty()) w.field("file_id", f.file_id);
        if (!f.url.empty()) w.field("file_data", f.url);
        if (!f.data.empty())
            w.field("file_data",
                    f.media_type.empty() ? f.data : fmt::format("data:{};base64,{}", f.media_type, f.data));
        append_extras(w, f.extras, path, e, "file.");
        w.end_object();
        append_extras(w, f.extras, path, e);
        w.end_object();
        return {};
    }
    Status operator()(const Other& o) const {
        if (!e.same_origin) return cannot(path, o.type);
        w.raw(o.json);
        return {};
    }
    template <class T>
    Status operator()(const T&) const {
        return {};
    }
};

bool is_content(const Part& p) {
    if (const auto* o = std::get_if<Other>(&p)) return o->type != "tool_call";
    return std::holds_alternative<Text>(p) || std::holds_alternative<Image>(p) || std::holds_alternative<Audio>(p) ||
           std::holds_alternative<File>(p);
}

/// A single plain text goes as a string: some servers know no parts.
Status append_content(JsonWriter& w, const std::vector<Part>& parts, const std::string& path, const Encoding& e,
                      bool null_when_empty) {
    // Of an assistant's turn, whose images stand beside it.
    const auto is_said = [&](const Part& p) {
        return is_content(p) && !(null_when_empty && std::holds_alternative<Image>(p));
    };
    const auto n = std::count_if(parts.begin(), parts.end(), is_said);
    w.key("content");
    if (n == 0) {
        null_when_empty ? w.null() : w.string("");
        return {};
    }
    if (n == 1)
        for (const Part& p : parts)
            if (const auto* t = std::get_if<Text>(&p); t && t->extras.empty()) {
                w.string(t->text);
                return {};
            }
    w.begin_array();
    size_t i = 0;
    for (const Part& p : parts) {
        if (is_said(p)) TRYV(std::visit(Content{w, e, fmt::format("{}.content[{}]", path, i)}, p));
        ++i;
    }
    w.end_array();
    return {};
}

/// Gemini's signature, in the place its OpenAI endpoint gives it. Other state is not for this wire.
void append_state(JsonWriter& w, const State& state, const std::string& path, const Encoding& e) {
    if (!state) return;
    if (state.kind != state_kind::thought) {
        e.losses.push_back(path + ".reasoning_state");
        return;
    }
    w.key("extra_content").begin_object().key("google").begin_object();
    w.field("thought_signature", state.data).end_object().end_object();
}

void append_tool_call(JsonWriter& w, const ToolCall& c, const std::string& path, const Encoding& e) {
    const std::string_view type = c.custom ? "custom" : "function";
    w.begin_object().field("id", c.id).field("type", type).key(type).begin_object().field("name", c.name);
    const bool empty = c.arguments_json.empty() && !c.custom;
    w.field(c.custom ? "input" : "arguments", empty ? "{}" : std::string_view(c.arguments_json));
    append_extras(w, c.extras, path, e, "function.");
    w.end_object();
    append_extras(w, c.extras, path, e);
    append_state(w, c.state, path, e);
    w.end_object();
}

Status append_tool_calls(JsonWriter& w, const Message& m, const std::string& path, const Encoding& e) {
    bool open = false;
    for (const Part& p : m.parts) {
        const auto* call = std::get_if<ToolCall>(&p);
        const auto* other = std::get_if<Other>(&p);
        if (!call && !(other && other->type == "tool_call")) continue;
        if (!open) w.key("tool_calls").begin_array();
        open = true;
        if (call)
            append_tool_call(w, *call, path + ".tool_calls", e);
        else if (e.same_origin)
            w.raw(other->json);
        else
            return cannot(path, "this kind of tool call");
    }
    if (open) w.end_array();
    return {};
}

/// State that another wire's model gave is never sent: it would be refused or, worse, believed. The text goes back
/// where the provider wants it; the others refuse the member.
void append_reasoning(JsonWriter& w, const Message& m, const std::string& path, const Encoding& e) {
    std::string text;
    std::vector<std::string_view> details;
    for (const Part& p : m.parts) {
        const auto* r = std::get_if<Reasoning>(&p);
        if (!r) continue;
        const bool native = r->state.kind == state_kind::details;
        if (native) details.push_back(r->state.data);
        if (e.target.quirks.reasoning_back)
            text += r->text;
        else if (!native && (r->state || !r->text.empty()))
            e.losses.push_back(path + ".reasoning");
    }
    if (!text.empty()) w.field("reasoning_content", text);
    if (details.empty()) return;
    w.key("reasoning_details").begin_array();
    for (const auto d : details) w.raw(d);
    w.end_array();
}

/// Images that the model made go back beside the content: an assistant's content takes none.
void append_made_images(JsonWriter& w, const Message& m, const std::string& path, const Encoding& e) {
    bool open = false;
    for (const Part& p : m.parts) {
        const auto* i = std::get_if<Image>(&p);
        if (!i) continue;
        if (!open) w.key("images").begin_array();
        open = true;
        w.begin_object().field("type", "image_url").key("image_url").begin_object();
        w.field("url", i->data.empty() ? i->url : fmt::format("data:{};base64,{}", i->media_type, i->data));
        w.end_object().end_object();
        if (i->state) e.losses.push_back(path + ".images.reasoning_state");
    }
    if (open) w.end_array();
}

void append_text_state(JsonWriter& w, const Message& m, const std::string& path, const Encoding& e) {
    for (const Part& p : m.parts)
        if (const auto* t = std::get_if<Text>(&p); t && t->state) return append_state(w, t->state, path, e);
}

Status append_result(JsonWriter& w, const Message& m, const ToolResult& r, const std::string& path, const Encoding& e) {
    const bool function =
        std::any_of(m.extras.begin(), m.extras.end(), [](const auto& x) { return x.first == "role"; });
    w.begin_object().field("role", function ? "function" : "tool");
    if (!r.call_id.empty()) w.field("tool_call_id", r.call_id);
    if (!m.name.empty()) w.field("name", m.name);
    if (r.is_error) e.losses.push_back(path + ".is_error");
    TRYV(append_content(w, r.parts, path, e, false));
    append_extras(w, r.extras, path, e);
    if (m.role == Role::tool)
        for (const auto& x : m.extras)
            if (x.first != "role") append_extras(w, {x}, path, e);
    w.end_object();
    return {};
}

/// Results carry text; what else they hold follows in the user's turn behind the last result, so that parallel results
/// stay together.
bool has_media(const ToolResult& r) {
    return std::any_of(r.parts.begin(), r.parts.end(), [](const Part& p) {
        return std::holds_alternative<Image>(p) || std::holds_alternative<File>(p) || std::holds_alternative<Audio>(p);
    });
}
ToolResult text_only(const ToolResult& r) {
    ToolResult out = r;
    std::erase_if(out.parts, [](const Part& p) { return !std::holds_alternative<Text>(p); });
    return out;
}

struct Turn {
    std::vector<Part> rest;
    std::vector<Part> media;
};

Status append_results(JsonWriter& w, const Message& m, const std::string& path, const Encoding& e, Turn& turn) {
    for (const Part& p : m.parts) {
        const auto* r = std::get_if<ToolResult>(&p);
        if (!r) {
            turn.rest.push_back(p);
            continue;
        }
        if (e.same_origin || !has_media(*r)) {
            TRYV(append_result(w, m, *r, path, e));
            continue;
        }
        TRYV(append_result(w, m, text_only(*r), path, e));
        for (const Part& inner : r->parts)
            if (!std::holds_alternative<Text>(inner)) turn.media.push_back(inner);
    }
    return {};
}

Status append_message(JsonWriter& w, const Message& m, const std::string& path, const Encoding& e) {
    Turn turn;
    TRYV(append_results(w, m, path, e, turn));
    const bool had_results = turn.rest.size() < m.parts.size();
    for (Part& p : turn.media) turn.rest.push_back(std::move(p));
    if (had_results && turn.rest.empty()) return {};

    const Message rest{m.role == Role::tool ? Role::user : m.role, m.name, std::move(turn.rest), {}};
    const bool assistant = rest.role == Role::assistant;
    w.begin_object().field("role", role_word(rest.role, e));
    if (!rest.name.empty()) w.field("name", rest.name);
    TRYV(append_content(w, rest.parts, path, e, assistant));
    if (assistant) {
        append_reasoning(w, rest, path, e);
        append_made_images(w, rest, path, e);
        append_text_state(w, rest, path, e);
        for (const Part& p : rest.parts)
            if (const auto* r = std::get_if<Refusal>(&p)) w.field("refusal", r->text);
        TRYV(append_tool_calls(w, rest, path, e));
    }
    append_extras(w, m.extras, path, e);
    w.end_object();
    return {};
}
}  // namespace

void append_extras(JsonWriter& w, const Extras& extras, const std::string& path, const Encoding& e,
                   std::string_view prefix) {
    for (const auto& [name, json] : extras) {
        const bool dotted = name.starts_with("function.") || name.starts_with("file.");
        if (prefix.empty() ? dotted : !name.starts_with(prefix)) continue;
        if (e.same_origin)
            w.field_raw(name.substr(prefix.size()), json);
        else
            e.losses.push_back(path.empty() ? name : path + '.' + name);
    }
}

Status append_messages(JsonWriter& w, const std::vector<Message>& messages, const Encoding& e) {
    w.begin_array();
    size_t i = 0;
    for (const Message& m : messages) TRYV(append_message(w, m, fmt::format("messages[{}]", i++), e));
    w.end_array();
    return {};
}

}  // namespace aig::provider::openai
