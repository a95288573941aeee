#include <fmt/format.h>

#include "dialect/members.h"
#include "dialect/openai_responses/parse.h"
#include "dialect/openai_responses/tools.h"

namespace aig::dialect::responses {
using namespace canon;
namespace {

std::string str(JsonRef v) { return std::string(v.text()); }

/// Empty lists say nothing.
Extras told(Extras extras) {
    std::erase_if(extras, [](const auto& e) { return e.second == "[]"; });
    return extras;
}

Part image(JsonRef p) {
    if (given(p["file_id"])) return Other{"input_image", std::string(p.raw())};
    Image out;
    if (!split_data_url(p["image_url"].text(), out.media_type, out.data)) out.url = p["image_url"].text();
    out.detail = str(p["detail"]);
    out.extras = others(p, {"type", "image_url", "detail"});
    return out;
}

Part file(JsonRef p) {
    File out;
    out.name = str(p["filename"]);
    out.file_id = str(p["file_id"]);
    out.url = str(p["file_url"]);
    if (!split_data_url(p["file_data"].text(), out.media_type, out.data)) out.data = p["file_data"].text();
    out.extras = others(p, {"type", "filename", "file_id", "file_url", "file_data"});
    return out;
}

Part part(JsonRef p) {
    const auto type = p["type"].text();
    if (type == "input_text" || type == "output_text" || type == "text" || type == "summary_text")
        return Text{str(p["text"]), told(others(p, {"type", "text"}))};
    if (type == "refusal") return Refusal{str(p["refusal"])};
    if (type == "input_image") return image(p);
    if (type == "input_file") return file(p);
    if (type == "input_audio")
        return Audio{str(p["input_audio"]["format"]), str(p["input_audio"]["data"]),
                     others(p, {"type", "input_audio"})};
    return Other{std::string(type), std::string(p.raw())};
}

std::vector<Part> content(JsonRef c) {
    std::vector<Part> parts;
    if (c.is_string()) parts.push_back(Text{str(c), {}});
    if (c.is_array())
        for (const JsonRef p : c) parts.push_back(part(p));
    return parts;
}

std::string texts_of(JsonRef list, std::string_view between) {
    std::string out;
    if (!list.is_array()) return out;
    for (const JsonRef p : list) {
        if (!out.empty()) out += between;
        out += p["text"].text();
    }
    return out;
}

State sealed_state(std::string_view data) {
    if (data.empty()) return {};
    const bool capsule = data.starts_with(capsule_prefix);
    return {std::string(capsule ? state_kind::capsule : state_kind::encrypted), std::string(data)};
}

/// The turn of the model that the conversation ends with; a new one where it does not.
Message& turn(Chat& c) {
    if (c.messages.empty() || c.messages.back().role != Role::assistant) {
        c.messages.emplace_back();
        c.messages.back().role = Role::assistant;
    }
    return c.messages.back();
}

void reasoning(JsonRef item, Chat& c) {
    Reasoning r;
    r.id = str(item["id"]);
    r.text = texts_of(item["content"], "");
    if (r.text.empty()) {
        r.text = texts_of(item["summary"], "\n\n");
        r.summary = !r.text.empty();
    }
    r.state = sealed_state(item["encrypted_content"].text());
    r.extras = told(others(item, {"type", "id", "summary", "content", "encrypted_content", "status"}));
    if (!r.text.empty() || r.state) turn(c).parts.push_back(std::move(r));
}

void call(JsonRef item, Chat& c) {
    const bool custom = item["type"].text() == "custom_tool_call";
    ToolCall out;
    out.id = str(item["call_id"]);
    out.name = flat_name(item["namespace"].text(), item["name"].text());
    out.arguments_json = custom ? wrapped_input(item["input"].text()) : str(item["arguments"]);
    out.extras = others(item, {"type", "id", "call_id", "name", "namespace", "arguments", "input", "status"});
    turn(c).parts.push_back(std::move(out));
}

void result(JsonRef item, Chat& c) {
    ToolResult r;
    r.call_id = str(item["call_id"]);
    r.parts = content(item["output"]);
    r.extras = others(item, {"type", "id", "call_id", "output", "status", "name", "namespace"});
    Message m;
    m.role = Role::tool;
    m.parts.push_back(std::move(r));
    c.messages.push_back(std::move(m));
}

bool has_text_alone(const Message& m) {
    bool text = false;
    for (const Part& p : m.parts) {
        if (std::holds_alternative<ToolCall>(p)) return false;
        text |= std::holds_alternative<Text>(p) || std::holds_alternative<Refusal>(p);
    }
    return text;
}

Role role_of(std::string_view word) {
    if (word == "system") return Role::system;
    if (word == "developer") return Role::developer;
    return word == "assistant" ? Role::assistant : Role::user;
}

/// Two messages of the model in a row stay two, unless calls stand between: their results must follow them at once.
void message(JsonRef item, Chat& c) {
    const Role role = role_of(item["role"].text());
    const bool joins = role == Role::assistant && !c.messages.empty() && !has_text_alone(c.messages.back());
    if (!joins) {
        c.messages.emplace_back();
        c.messages.back().role = role;
    }
    Message& m = role == Role::assistant ? turn(c) : c.messages.back();
    for (Part& p : content(item["content"])) m.parts.push_back(std::move(p));
    for (auto& e : others(item, {"type", "id", "role", "content", "status"})) m.extras.push_back(std::move(e));
}
}  // namespace

void parse_item(JsonRef item, Chat& c) {
    const auto type = item["type"].text();
    if (type == "message" || type.empty()) return message(item, c);
    if (type == "reasoning") return reasoning(item, c);
    if (type == "function_call" || type == "custom_tool_call") return call(item, c);
    if (type == "function_call_output" || type == "custom_tool_call_output") return result(item, c);
    turn(c).parts.push_back(Other{std::string(type), std::string(item.raw())});
}

}  // namespace aig::dialect::responses
