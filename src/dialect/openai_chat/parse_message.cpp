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

Part tool_call(JsonRef c) {
    const JsonRef f = c["function"];
    if (!f.is_object()) return Other{"tool_call", std::string(c.raw())};
    ToolCall out{str(c["id"]), str(f["name"]), str(f["arguments"]), others(c, {"id", "type", "function", "index"})};
    for (auto& e : others(f, {"name", "arguments"}, "function.")) out.extras.push_back(std::move(e));
    return out;
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
    const Role role = role_of(m["role"].text());
    if (role == Role::tool) return tool_result(m);
    Message out;
    out.role = role;
    out.name = str(m["name"]);
    // Two names for one thing: DeepSeek's and its followers', and OpenRouter's.
    const JsonRef reasoning = m["reasoning_content"].is_string() ? m["reasoning_content"] : m["reasoning"];
    if (!reasoning.text().empty()) {
        Reasoning r;
        r.text = reasoning.text();
        out.parts.push_back(std::move(r));
    }
    for (Part& p : content(m["content"])) out.parts.push_back(std::move(p));
    if (!m["refusal"].text().empty()) out.parts.push_back(Refusal{str(m["refusal"])});
    if (m["tool_calls"].is_array())
        for (const JsonRef c : m["tool_calls"]) out.parts.push_back(tool_call(c));
    out.extras = others(m, {"role", "name", "content", "refusal", "tool_calls", "reasoning_content"});
    if (m["reasoning"].is_string() && m["reasoning"].text() == reasoning.text())
        std::erase_if(out.extras, [](const auto& e) { return e.first == "reasoning"; });
    return out;
}

}  // namespace aig::dialect::openai
