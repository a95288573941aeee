#include "dialect/members.h"
#include "dialect/openai_chat/parse.h"

namespace aig::dialect::openai {
using namespace canon;
namespace {

std::string str(JsonRef v) { return std::string(v.text()); }

Role role_of(std::string_view word) {
    if (word == "system") return Role::system;
    if (word == "developer") return Role::developer;
    if (word == "assistant") return Role::assistant;
    return word == "tool" || word == "function" ? Role::tool : Role::user;
}

Part image(JsonRef p) {
    const JsonRef i = p["image_url"];
    Image out;
    const auto url = i.is_string() ? i.text() : i["url"].text();
    if (!split_data_url(url, out.media_type, out.data)) out.url = url;
    out.detail = str(i["detail"]);
    out.extras = others(p, {"type", "image_url"});
    return out;
}

Part file(JsonRef p) {
    const JsonRef f = p["file"];
    File out;
    out.name = str(f["filename"]);
    out.file_id = str(f["file_id"]);
    if (!split_data_url(f["file_data"].text(), out.media_type, out.data)) {
        const auto data = f["file_data"].text();
        (data.starts_with("https://") || data.starts_with("http://") ? out.url : out.data) = data;
    }
    out.extras = others(p, {"type", "file"});
    for (auto& e : others(f, {"filename", "file_id", "file_data"}, "file.")) out.extras.push_back(std::move(e));
    return out;
}

Part part(JsonRef p) {
    const auto type = p["type"].text();
    if (type == "text") return Text{str(p["text"]), others(p, {"type", "text"})};
    if (type == "refusal") return Refusal{str(p["refusal"])};
    if (type == "image_url") return image(p);
    if (type == "input_audio" && p["input_audio"].is_object())
        return Audio{str(p["input_audio"]["format"]), str(p["input_audio"]["data"]),
                     others(p, {"type", "input_audio"})};
    if (type == "file") return file(p);
    return Other{std::string(type), std::string(p.raw())};
}

std::vector<Part> content(JsonRef c) {
    std::vector<Part> parts;
    if (c.is_string()) parts.push_back(Text{str(c), {}});
    if (c.is_array())
        for (const JsonRef p : c) parts.push_back(part(p));
    return parts;
}

/// A sealed form of ours, or what a provider of this family gave.
State state_of(std::string_view data, std::string_view native_kind) {
    if (data.empty()) return {};
    return {std::string(data.starts_with(capsule_prefix) ? state_kind::capsule : native_kind), std::string(data)};
}
JsonRef thought_signature(JsonRef v) { return v["extra_content"]["google"]["thought_signature"]; }

Part tool_call(JsonRef c) {
    ToolCall out;
    out.id = str(c["id"]);
    out.state = state_of(thought_signature(c).text(), state_kind::thought);
    out.custom = c["custom"].is_object();
    const JsonRef f = out.custom ? c["custom"] : c["function"];
    if (!f.is_object()) return Other{"tool_call", std::string(c.raw())};
    out.name = str(f["name"]);
    out.arguments_json = str(out.custom ? f["input"] : f["arguments"]);
    out.extras = others(c, {"id", "type", "function", "custom", "index"});
    if (out.state) std::erase_if(out.extras, [](const auto& e) { return e.first == "extra_content"; });
    for (auto& e : others(f, {"name", out.custom ? "input" : "arguments"}, "function."))
        out.extras.push_back(std::move(e));
    return out;
}

/// One entry of OpenRouter's list: ours when its data is a capsule, else kept as the object it is.
Reasoning detail(JsonRef d) {
    Reasoning r;
    r.state = state_of(d["data"].text(), {});
    if (r.state.kind == state_kind::capsule) return r;
    r.summary = d["summary"].is_string();
    r.text = r.summary ? d["summary"].text() : d["text"].text();
    r.state = {std::string(state_kind::details), std::string(d.raw())};
    return r;
}

/// Reasoning stands in front of what it led to. Two names for its text: DeepSeek's and its followers', and
/// OpenRouter's; beside OpenRouter's list the text says the same once more.
void reasoning(JsonRef m, std::vector<Part>& parts) {
    std::vector<Reasoning> details;
    for (const JsonRef d : m["reasoning_details"])
        if (d.is_object()) details.push_back(detail(d));
    const JsonRef text = m["reasoning_content"].is_string() ? m["reasoning_content"] : m["reasoning"];
    const bool sealed = details.empty() || details.front().state.kind == state_kind::capsule;
    if (!text.text().empty() && sealed) {
        if (details.empty()) details.emplace_back();
        details.front().text = text.text();
    }
    for (auto& r : details) parts.emplace_back(std::move(r));
}

/// Images that the model made stand beside the content.
void made_images(JsonRef m, std::vector<Part>& parts) {
    for (const JsonRef i : m["images"])
        if (i["image_url"]) parts.push_back(image(i));
}

/// Gemini's OpenAI endpoint signs a turn of text alone on the message.
void text_state(JsonRef m, std::vector<Part>& parts) {
    const auto state = state_of(thought_signature(m).text(), state_kind::thought);
    for (size_t i = parts.size(); state && i-- > 0;)
        if (auto* t = std::get_if<Text>(&parts[i])) {
            t->state = state;
            return;
        }
}

/// Members of an assistant's message that have become parts.
bool taken(JsonRef m, std::string_view name) {
    if (name == "extra_content") return !thought_signature(m).text().empty();
    if (name == "reasoning") return m[name].is_string();
    if (name == "images" || name == "reasoning_details") return m[name].is_array();
    return name == "reasoning_content" && m[name].is_string();
}

Message tool_result(JsonRef m) {
    Message out;
    out.role = Role::tool;
    out.name = str(m["name"]);
    ToolResult result;
    result.call_id = str(m["tool_call_id"]);
    result.parts = content(m["content"]);
    out.parts.push_back(std::move(result));
    out.extras = others(m, {"role", "name", "content", "tool_call_id"});
    if (m["role"].text() == "function") out.extras.emplace_back("role", "\"function\"");
    return out;
}
}  // namespace

Message parse_message(JsonRef m) {
    static constexpr std::string_view names[] = {"role", "content", "name", "refusal", "tool_calls"};
    enum : size_t { m_role, m_content, m_name, m_refusal, m_tool_calls };
    const auto said = m.pick(names);
    const Role role = role_of(said[m_role].text());
    if (role == Role::tool) return tool_result(m);
    Message out;
    out.role = role;
    out.name = str(said[m_name]);
    const bool more = role == Role::assistant && said.others;
    if (more) reasoning(m, out.parts);
    for (Part& p : content(said[m_content])) out.parts.push_back(std::move(p));
    if (more) {
        made_images(m, out.parts);
        text_state(m, out.parts);
    }
    if (!said[m_refusal].text().empty()) out.parts.push_back(Refusal{str(said[m_refusal])});
    if (said[m_tool_calls].is_array())
        for (const JsonRef c : said[m_tool_calls]) out.parts.push_back(tool_call(c));
    if (said.others) out.extras = others(m, {"role", "name", "content", "refusal", "tool_calls"});
    if (more) std::erase_if(out.extras, [&](const auto& e) { return taken(m, e.first); });
    return out;
}

}  // namespace aig::dialect::openai
