// One pass over the whole request: refuses what no provider could mean, notes what the gateway must know, keeps no
// tree. Members, block types and tools nobody knows pass: the provider may know them.
#include "dialect/anthropic/anthropic.h"
#include "dialect/body_doc.h"
#include "dialect/members.h"

namespace aig::dialect::anthropic {
namespace {

using namespace canon;

constexpr int64_t most_tokens = 10'000'000, most_tools = 10'000;
constexpr size_t longest_model = 256, longest_name = 256, most_stops = 8'192;
constexpr int deepest_content = 4;  ///< blocks inside of blocks: results hold text, documents hold text

struct Peek {
    const JsonDoc& doc;
    JsonRef root;
    bool only_count = false;
    Envelope e{};
    bool turn_has_state = false;
    std::vector<Span> turn_calls{};

    Span span(JsonRef v) const {
        if (!v) return {};
        const size_t at = doc.offset(v.raw());
        return {at, at + v.raw().size()};
    }
    void need(bool condition, Feature feature) {
        if (condition) e.needs |= feature;
    }
    void text(std::string_view s) { e.size.text.add(s); }

    Status whole() {
        TRYV(no_duplicates(root, {"model", "messages", "system", "stream", "max_tokens", "tools"}));
        TRYV(model());
        TRYV(max_tokens());
        TRYV(system());
        TRYV(messages());
        TRYV(tools());
        TRYV(tool_choice());
        return options();
    }

    Status model() {
        const JsonRef m = root["model"];
        if (!given(m)) return Error(ErrorCode::bad_param, "The request names no model: set `model`.").param("model");
        if (!m.is_string()) return bad("model", "must be a string");
        if (m.text().empty()) return Error(ErrorCode::bad_param, "`model` is empty: set `model`.").param("model");
        if (m.text().size() > longest_model) return bad("model", "is longer than 256 bytes");
        e.model = m.text();
        e.spans.model = span(m);
        e.spans.insert = doc.offset(root.raw()) + 1;
        return {};
    }

    Status max_tokens() {
        TRY(e.max_output, integer_at(root, "max_tokens", 1, most_tokens));
        e.spans.max_tokens = span(root["max_tokens"]);
        if (!e.max_output && !only_count) return bad("max_tokens", "is missing");
        return {};
    }

    Status system() {
        const JsonRef s = root["system"];
        return given(s) ? content(s, Path{"system"}, deepest_content) : Status{};
    }

    Status messages() {
        const JsonRef list = root["messages"];
        if (!given(list)) return bad("messages", "is missing");
        if (!list.is_array()) return bad("messages", "must be an array");
        if (!list.size()) return bad("messages", "is empty: send at least one message");
        const Path at{"messages"};
        size_t i = 0;
        for (const JsonRef m : list) TRYV(message(m, at[i++]));
        e.size.messages = static_cast<int64_t>(i);
        return {};
    }

    Status message(JsonRef m, const Path& path) {
        if (!m.is_object()) return bad(path, "must be an object");
        TRY(const auto role, needed_string(m, "role", path / "role"));
        // Claude Code puts its reminders into the middle of a conversation under the role system.
        if (role != "user" && role != "assistant" && role != "system")
            return bad(path / "role", "must be user, assistant or system");
        if (!given(m["content"])) return bad(path / "content", "is missing");
        turn_has_state = false;
        turn_calls.clear();
        TRYV(content(m["content"], path / "content", deepest_content));
        // Some providers give their state with the calls, and their callers' dialect has no place for it: the gateway
        // then knows the turn again by the ids of its calls.
        if (!turn_has_state) e.state.insert(e.state.end(), turn_calls.begin(), turn_calls.end());
        return {};
    }

    Status content(JsonRef content, const Path& path, int depth) {
        if (content.is_string()) {
            text(content.text());
            return {};
        }
        if (!content.is_array()) return bad(path, "must be a string or an array of blocks");
        if (depth == 0) return bad(path, "is nested too deep");
        size_t i = 0;
        for (const JsonRef b : content) TRYV(block(b, path[i++], depth - 1));
        return {};
    }

    Status block(JsonRef b, const Path& path, int depth) {
        if (!b.is_object()) return bad(path, "must be an object");
        TRY(const auto type, needed_string(b, "type", path / "type"));
        if (type == "text") return words(b, "text", path);
        if (type == "image") return image(b["source"], path / "source");
        if (type == "document") return document(b, path, depth);
        if (type == "tool_use") return tool_use(b, path);
        if (type == "tool_result") return tool_result(b, path, depth);
        if (type == "thinking") return thinking(b, path);
        if (type == "redacted_thinking") return redacted(b, path);
        text(b.raw());
        return {};
    }

    Status words(JsonRef b, std::string_view member, const Path& path) {
        TRY(const auto s, needed_string(b, member, path / member));
        text(s);
        return {};
    }

    Status source(JsonRef s, const Path& path, std::string_view needed) {
        if (!s.is_object()) return bad(path, "must be an object");
        TRYV(needed_string(s, "type", path / "type"));
        if (!needed.empty()) TRYV(needed_string(s, needed, path / needed));
        return {};
    }

    Status image(JsonRef s, const Path& path) {
        const auto type = s["type"].text();
        TRYV(source(s, path, type == "base64" ? "data" : type == "url" ? "url" : ""));
        ++e.size.images;
        e.needs |= feature_images;
        return {};
    }

    Status document(JsonRef b, const Path& path, int depth) {
        const JsonRef s = b["source"];
        const auto type = s["type"].text();
        const bool holds_text = type == "text" || type == "content";
        TRYV(source(s, path / "source", type == "url" ? "url" : type == "base64" || type == "text" ? "data" : ""));
        text(b["title"].text());
        text(b["context"].text());
        if (type == "text") text(s["data"].text());
        if (type == "content") TRYV(content(s["content"], path / "source" / "content", depth));
        if (holds_text) return {};
        e.size.file_bytes += static_cast<int64_t>(s["data"].text().size()) * 3 / 4;
        e.needs |= feature_files;
        return {};
    }

    Status tool_use(JsonRef b, const Path& path) {
        TRYV(needed_string(b, "id", path / "id"));
        TRY(const auto name, needed_string(b, "name", path / "name"));
        const JsonRef input = b["input"];
        if (!input.is_object()) return bad(path / "input", "must be an object");
        text(name);
        text(input.raw());
        turn_calls.push_back(span(b["id"]));
        return {};
    }

    Status tool_result(JsonRef b, const Path& path, int depth) {
        TRYV(needed_string(b, "tool_use_id", path / "tool_use_id"));
        const JsonRef failed = b["is_error"];
        if (given(failed) && !failed.is_bool()) return bad(path / "is_error", "must be true or false");
        return given(b["content"]) ? content(b["content"], path / "content", depth) : Status{};
    }

    Status thinking(JsonRef b, const Path& path) {
        TRY(const auto said, needed_string(b, "thinking", path / "thinking"));
        TRYV(string_at(b, "signature", path / "signature"));
        // Where the text is not shown, its size still shows in the signature.
        text(said.empty() ? b["signature"].text() : said);
        state(b["signature"]);
        return {};
    }

    Status redacted(JsonRef b, const Path& path) {
        TRYV(words(b, "data", path));
        state(b["data"]);
        return {};
    }

    void state(JsonRef v) {
        if (!v.is_string()) return;
        turn_has_state = true;
        e.state.push_back(span(v));
    }

    Status tools() {
        const JsonRef list = root["tools"];
        if (!given(list)) return {};
        if (!list.is_array()) return bad("tools", "must be an array");
        if (static_cast<int64_t>(list.size()) > most_tools) return bad("tools", "has more than 10,000 entries");
        const Path at{"tools"};
        size_t i = 0;
        for (const JsonRef t : list) TRYV(tool(t, at[i++]));
        e.size.tools = static_cast<int64_t>(i);
        need(i > 0, feature_tools);
        return {};
    }

    Status tool(JsonRef t, const Path& path) {
        if (!t.is_object()) return bad(path, "must be an object");
        TRYV(string_at(t, "type", path / "type"));
        const auto type = t["type"].text();
        if (!type.empty() && type != "custom") {  // the provider's own, by versioned name: the provider judges them
            e.needs |= feature_custom_tools;
            text(t.raw());
            return {};
        }
        TRY(const auto name, needed_string(t, "name", path / "name"));
        if (name.empty() || name.size() > longest_name) return bad(path / "name", "must have 1 to 256 bytes");
        TRYV(string_at(t, "description", path / "description"));
        const JsonRef schema = t["input_schema"];
        if (!schema.is_object()) return bad(path / "input_schema", "must be a JSON Schema object");
        text(name);
        text(t["description"].text());
        text(schema.raw());
        return {};
    }

    Status tool_choice() {
        const JsonRef choice = root["tool_choice"];
        if (!given(choice)) return {};
        if (!choice.is_object()) return bad("tool_choice", "must be an object with type auto, any, tool or none");
        TRY(const auto type, needed_string(choice, "type", Path{"tool_choice.type"}));
        if (type != "auto" && type != "any" && type != "tool" && type != "none")
            return bad("tool_choice.type", "must be auto, any, tool or none");
        if (type == "tool") TRYV(needed_string(choice, "name", Path{"tool_choice.name"}));
        if (const JsonRef one = choice["disable_parallel_tool_use"]; given(one) && !one.is_bool())
            return bad("tool_choice.disable_parallel_tool_use", "must be true or false");
        need(type == "any" || type == "tool", feature_tool_choice);
        return {};
    }

    Status options() {
        TRY(e.stream, boolean_at(root, "stream"));
        for (const auto name : {"temperature", "top_p", "top_k"}) TRYV(number_at(root, name));
        TRYV(string_at(root, "service_tier", "service_tier"));
        TRYV(stop());
        TRYV(objects());
        need(given(root["metadata"]["user_id"]), feature_user);
        // Servers that the provider calls, and its sandboxes: no other provider's wire can say them.
        need(root["mcp_servers"].size() > 0, feature_custom_tools);
        const JsonRef format = given(root["output_format"]) ? root["output_format"] : root["output_config"]["format"];
        need(format["type"].text() == "json_schema", feature_json_schema);
        text(format["schema"].raw());
        return {};
    }

    Status objects() {
        for (const auto name : {"thinking", "metadata", "output_config", "output_format", "context_management"})
            if (const JsonRef v = root[name]; given(v) && !v.is_object()) return bad(name, "must be an object");
        if (const JsonRef v = root["thinking"]; given(v)) TRYV(needed_string(v, "type", Path{"thinking.type"}));
        TRYV(string_at(root["metadata"], "user_id", "metadata.user_id"));
        return {};
    }

    Status stop() {
        const JsonRef stop = root["stop_sequences"];
        if (!given(stop)) return {};
        if (!stop.is_array()) return bad("stop_sequences", "must be an array of strings");
        if (stop.size() > most_stops) return bad("stop_sequences", "has more than 8,192 entries");
        for (const JsonRef s : stop)
            if (!s.is_string()) return bad("stop_sequences", "must be an array of strings");
        return {};
    }
};

Result<Envelope> look(std::string_view body, bool only_count) {
    TRY(const auto read, BodyDoc::read(body));
    Peek peek{.doc = read.doc(), .root = read.root(), .only_count = only_count};
    peek.e.operation = Operation::chat;
    peek.e.family = Family::anthropic;
    TRYV(peek.whole());
    return std::move(peek.e);
}
}  // namespace

Result<Envelope> Messages::peek(const Incoming& in) const { return look(in.body, false); }

Result<Envelope> measure(std::string_view body) { return look(body, true); }

}  // namespace aig::dialect::anthropic
