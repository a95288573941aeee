// Messages and their blocks. A block of a kind that has no canonical form (the provider's own tools and their results,
// search results, compaction) is kept raw: wires of the same family take it, others refuse it by name.
#include "dialect/anthropic/parse.h"
#include "dialect/members.h"

namespace aig::dialect::anthropic {
using namespace canon;
namespace {

std::string str(JsonRef v) { return std::string(v.text()); }
Part raw(JsonRef b) { return Other{str(b["type"]), std::string(b.raw())}; }

State state_of(JsonRef v, std::string_view kind) {
    if (v.text().empty()) return {};
    return {std::string(v.text().starts_with(capsule_prefix) ? state_kind::capsule : kind), str(v)};
}

/// The canonical file holds base64, as every other wire wants it.
std::string base64(std::string_view bytes) {
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (size_t i = 0; i < bytes.size(); i += 3) {
        const auto byte = [&](size_t at) {
            return at < bytes.size() ? static_cast<uint32_t>(static_cast<unsigned char>(bytes[at])) : 0u;
        };
        const uint32_t three = byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2);
        out += digits[three >> 18];
        out += digits[three >> 12 & 63];
        out += i + 1 < bytes.size() ? digits[three >> 6 & 63] : '=';
        out += i + 2 < bytes.size() ? digits[three & 63] : '=';
    }
    return out;
}

Part text(JsonRef b) { return Text{str(b["text"]), others(b, {"type", "text"})}; }

Part image(JsonRef b) {
    const JsonRef s = b["source"];
    Image out;
    out.extras = others(b, {"type", "source"});
    if (s["type"].text() == "base64") {
        out.media_type = str(s["media_type"]);
        out.data = str(s["data"]);
    } else if (s["type"].text() == "url") {
        if (!split_data_url(s["url"].text(), out.media_type, out.data)) out.url = str(s["url"]);
    } else {
        return raw(b);  // ids of uploaded files belong to the provider that took them
    }
    return out;
}

/// Text alone; false when there is anything else.
bool gather_text(JsonRef content, std::string& out) {
    if (content.is_string()) out += content.text();
    for (const JsonRef b : content) {
        if (b["type"].text() != "text") return false;
        if (!out.empty()) out += '\n';
        out += b["text"].text();
    }
    return true;
}

Part document(JsonRef b) {
    const JsonRef s = b["source"];
    const auto type = s["type"].text();
    File out;
    out.name = str(b["title"]);
    out.extras = others(b, {"type", "source", "title"});
    std::string words;
    if (type == "base64") {
        out.media_type = str(s["media_type"]);
        out.data = str(s["data"]);
    } else if (type == "url") {
        out.url = str(s["url"]);
    } else if (type == "text" || (type == "content" && gather_text(s["content"], words))) {
        out.media_type = "text/plain";
        out.data = base64(type == "text" ? s["data"].text() : std::string_view(words));
    } else {
        return raw(b);
    }
    return out;
}

Part tool_use(JsonRef b) {
    ToolCall out{str(b["id"]), str(b["name"]), std::string(b["input"].raw()),
                 others(b, {"type", "id", "name", "input", "caller"})};
    // "direct" is what every call has that no program of the provider's made.
    if (const JsonRef caller = b["caller"]; given(caller) && caller["type"].text() != "direct")
        out.extras.emplace_back("caller", caller.raw());
    return out;
}

Part tool_result(JsonRef b) {
    ToolResult out;
    out.call_id = str(b["tool_use_id"]);
    out.parts = parse_content(b["content"]);
    out.is_error = b["is_error"].boolean();
    out.extras = others(b, {"type", "tool_use_id", "content", "is_error"});
    return out;
}

Part thinking(JsonRef b) {
    Reasoning out;
    out.text = str(b["thinking"]);
    out.state = state_of(b["signature"], state_kind::signature);
    out.extras = others(b, {"type", "thinking", "signature"});
    return out;
}

Part redacted(JsonRef b) {
    Reasoning out;
    out.state = state_of(b["data"], state_kind::redacted);
    return out;
}

Part block(JsonRef b) {
    const auto type = b["type"].text();
    if (type == "text") return text(b);
    if (type == "image") return image(b);
    if (type == "document") return document(b);
    if (type == "tool_use") return tool_use(b);
    if (type == "tool_result") return tool_result(b);
    if (type == "thinking") return thinking(b);
    if (type == "redacted_thinking") return redacted(b);
    return raw(b);
}

Role role_of(std::string_view word) {
    return word == "assistant" ? Role::assistant : word == "system" ? Role::system : Role::user;
}
}  // namespace

std::vector<Part> parse_content(JsonRef content) {
    std::vector<Part> parts;
    if (content.is_string()) parts.push_back(Text{str(content), {}});
    if (content.is_array())
        for (const JsonRef b : content) parts.push_back(block(b));
    return parts;
}

void parse_message(JsonRef m, std::vector<Message>& out) {
    Message rest;
    rest.role = role_of(m["role"].text());
    rest.extras = others(m, {"role", "content"});
    const size_t before = out.size();
    for (Part& p : parse_content(m["content"])) {
        if (!std::holds_alternative<ToolResult>(p)) {
            rest.parts.push_back(std::move(p));
            continue;
        }
        Message& result = out.emplace_back();
        result.role = Role::tool;
        result.parts.push_back(std::move(p));
    }
    if (out.size() == before || !rest.parts.empty())
        out.push_back(std::move(rest));
    else
        out.back().extras = std::move(rest.extras);
}

}  // namespace aig::dialect::anthropic
