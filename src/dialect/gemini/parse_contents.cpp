#include <algorithm>

#include <fmt/format.h>

#include "dialect/gemini/check.h"
#include "dialect/gemini/parse.h"

namespace aig::dialect::google {
using namespace canon;
namespace {

std::string str(JsonRef v) { return std::string(v.text()); }

Part media(JsonRef data, std::string url, State state) {
    const std::string type = str(member(data, "mimeType"));
    std::string bytes = str(data["data"]);
    if (type.starts_with("image/")) {
        Image image;
        image.media_type = type;
        image.data = std::move(bytes);
        image.url = std::move(url);
        image.state = std::move(state);
        return image;
    }
    if (type.starts_with("audio/") && !bytes.empty()) {
        const std::string word = type.substr(6);
        return Audio{word == "mpeg" ? "mp3" : word == "x-wav" ? "wav" : word, std::move(bytes), {}};
    }
    File file;
    file.media_type = type;
    file.data = std::move(bytes);
    file.url = std::move(url);
    file.name = str(member(data, "displayName"));
    return file;
}

/// Neighbouring thoughts are one piece of reasoning, whose state comes with the last of them.
void think(Message& m, std::string text, State state) {
    if (!m.parts.empty())
        if (auto* before = std::get_if<Reasoning>(&m.parts.back()); before && !before->state) {
            before->text += text;
            before->state = std::move(state);
            return;
        }
    Reasoning r;
    r.text = std::move(text);
    r.state = std::move(state);
    m.parts.push_back(std::move(r));
}

/// {"output": "text"} and {"result": "text"} are what clients make of a plain text; {"error": ...} says what it is.
void response(JsonRef value, ToolResult& out) {
    const bool alone = value.is_object() && value.size() == 1;
    const JsonRef only = alone ? *value.begin() : JsonRef();
    out.is_error = alone && only.key() == "error";
    const bool wrapped =
        alone && only.is_string() && (out.is_error || only.key() == "output" || only.key() == "result");
    out.parts.push_back(Text{wrapped ? str(only) : value.is_object() ? std::string(value.raw()) : "{}", {}});
}

}  // namespace

Message Contents::system(JsonRef content) {
    Message m;
    m.role = Role::system;
    for (const JsonRef p : elements(content["parts"]))
        if (p["text"].is_string()) m.parts.push_back(Text{str(p["text"]), {}});
    return m;
}

Message Contents::message(JsonRef content) {
    Message m;
    m.role = content["role"].text() == "model"    ? Role::assistant
             : content["role"].text() == "system" ? Role::system
                                                  : Role::user;
    for (const JsonRef p : elements(content["parts"])) part(p, m);
    const auto is_result = [](const Part& p) { return std::holds_alternative<ToolResult>(p); };
    if (m.role == Role::user && !m.parts.empty() && std::all_of(m.parts.begin(), m.parts.end(), is_result))
        m.role = Role::tool;
    return m;
}

void Contents::part(JsonRef p, Message& m) {
    State state = state_of(member(p, "thoughtSignature"));
    const JsonRef data = member(p, "inlineData"), file = member(p, "fileData"), f = member(p, "functionCall"),
                  r = member(p, "functionResponse");
    if (f.is_object()) {
        m.parts.push_back(call(p, f));
    } else if (r.is_object()) {
        m.parts.push_back(result(r));
    } else if (data.is_object() || file.is_object()) {
        m.parts.push_back(data.is_object() ? media(data, {}, std::move(state))
                                           : media(file, str(member(file, "fileUri")), std::move(state)));
    } else if (p["text"].is_string() || (state && p.size() == 1)) {
        if (p["thought"].boolean()) return think(m, str(p["text"]), std::move(state));
        Text t{str(p["text"]), {}};
        t.state = std::move(state);
        if (!t.text.empty() || t.state) m.parts.push_back(std::move(t));
    } else if (p.size()) {
        m.parts.push_back(
            Other{str(*p.begin()).empty() ? std::string((*p.begin()).key()) : "part", std::string(p.raw())});
    }
}

Part Contents::call(JsonRef p, JsonRef f) {
    ToolCall c;
    c.id = str(f["id"]);
    ++calls_;
    if (c.id.empty()) c.id = fmt::format("call_{}", calls_);
    c.name = str(f["name"]);
    c.arguments_json = f["args"].is_object() ? std::string(f["args"].raw()) : "{}";
    c.state = state_of(member(p, "thoughtSignature"));
    open_.push_back({c.name, c.id});
    return c;
}

std::string Contents::pair(std::string_view name, std::string_view id) {
    const auto at = std::find_if(open_.begin(), open_.end(),
                                 [&](const Open& o) { return id.empty() ? o.name == name : o.id == id; });
    std::string found = at == open_.end() ? std::string(id.empty() ? name : id) : at->id;
    if (at != open_.end()) open_.erase(at);
    return found;
}

Part Contents::result(JsonRef f) {
    ToolResult out;
    out.call_id = pair(f["name"].text(), f["id"].text());
    response(f["response"], out);
    for (const JsonRef p : elements(f["parts"])) {
        const JsonRef data = member(p, "inlineData"), file = member(p, "fileData");
        if (data.is_object()) out.parts.push_back(media(data, {}, {}));
        if (file.is_object()) out.parts.push_back(media(file, str(member(file, "fileUri")), {}));
    }
    return out;
}

}  // namespace aig::dialect::google
