// Ollama's own API (recorded 2025-2026): /api/chat, a stream of JSON lines unless told otherwise, and /api/embed. Asks
// for no key. Its requests are read as OpenAI's once their few other words are put right.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sim/detail/tokens.h"
#include "sim/detail/wires.h"

namespace aig::sim {
namespace {

constexpr std::string_view when = "2026-11-28T12:00:00.000001Z";

void headers(Reply& reply, std::string_view content_type) { reply.set("content-type", std::string(content_type)); }
std::string error_body(const Refusal& r) { return fmt::format(R"({{"error":{}}})", json_string(r.message)); }
Event error_event(const Refusal& r, int64_t tokens) { return {error_body(r) + "\n", tokens}; }
Refusal unknown_model(std::string_view model) { return {404, "", fmt::format("model '{}' not found", model), "", ""}; }
Refusal refuse(std::string message) { return {400, "", std::move(message), "", ""}; }

bool serves(const Request& request, Place& place) {
    if (request.path == "/api/embed") place.task = Task::embed;
    return request.path == "/api/chat" || request.path == "/api/embed";
}
Checked admit(const Request&, std::string_view) { return {}; }

constexpr std::array<std::string_view, 9> request_fields{"model",  "messages", "tools",      "format",  "options",
                                                         "stream", "think",    "keep_alive", "logprobs"};

/// Calls and results in OpenAI's form; calls without an id get one by their place, results without one by their order.
class Turns {
  public:
    explicit Turns(JsonWriter& w) : w_(w) {}

    Checked write(JsonRef messages) {
        w_.key("messages").begin_array();
        for (const JsonRef m : messages)
            if (auto r = message(m)) return r;
        w_.end_array();
        return {};
    }

  private:
    Checked message(JsonRef m) {
        if (!m["content"].is_string())
            return refuse("json: cannot unmarshal array into Go struct field of type string");
        w_.begin_object().field_raw("role", m["role"].raw());
        content(m);
        if (m["role"].text() == "tool") w_.field("tool_call_id", answered(m));
        if (m["tool_calls"].size() > 0) {
            w_.key("tool_calls").begin_array();
            for (const JsonRef c : m["tool_calls"])
                if (auto r = call(c)) return r;
            w_.end_array();
        }
        w_.end_object();
        return {};
    }

    void content(JsonRef m) {
        if (m["images"].size() == 0) {
            w_.field_raw("content", m["content"].raw());
            return;
        }
        w_.key("content").begin_array();
        w_.begin_object().field("type", "text").field_raw("text", m["content"].raw()).end_object();
        for (const JsonRef i : m["images"])
            w_.begin_object()
                .field("type", "image_url")
                .key("image_url")
                .begin_object()
                .field("url", "data:image/png;base64," + std::string(i.text()))
                .end_object()
                .end_object();
        w_.end_array();
    }

    Checked call(JsonRef c) {
        const JsonRef f = c["function"];
        if (!f["arguments"].is_object())
            return refuse("json: cannot unmarshal string into Go struct field .tool_calls.function.arguments");
        open_.push_back(c["id"].text().empty() ? fmt::format("call_{}", ++made_) : std::string(c["id"].text()));
        w_.begin_object().field("id", open_.back()).field("type", "function").key("function").begin_object();
        w_.field("name", f["name"].text()).field("arguments", f["arguments"].raw()).end_object().end_object();
        return {};
    }

    std::string answered(JsonRef m) {
        std::string id(m["tool_call_id"].text());
        if (id.empty() && !open_.empty()) id = open_.front();
        std::erase(open_, id);
        return id;
    }

    JsonWriter& w_;
    std::vector<std::string> open_;
    int made_ = 0;
};

void write_options(JsonWriter& w, JsonRef options) {
    if (const JsonRef n = options["num_predict"]; n && n.integer().value_or(-1) > 0) w.field_raw("max_tokens", n.raw());
    for (const std::string_view name :
         {"temperature", "top_p", "seed", "stop", "frequency_penalty", "presence_penalty"})
        if (const JsonRef v = options[name]) w.field_raw(name, v.raw());
}

Checked rewritten_body(JsonRef root, std::string& body) {
    for (const JsonRef m : root)
        if (std::find(request_fields.begin(), request_fields.end(), m.key()) == request_fields.end())
            return refuse(fmt::format("json: unknown field \"{}\"", m.key()));
    JsonWriter w(body);
    w.begin_object().field_raw("model", root["model"].raw());
    w.field("stream", !root["stream"].is_bool() || root["stream"].boolean());
    if (auto r = Turns(w).write(root["messages"])) return r;
    if (root["tools"].size() > 0) w.field_raw("tools", root["tools"].raw());
    const JsonRef format = root["format"];
    if (format.text() == "json")
        w.field_raw("response_format", R"({"type":"json_object"})");
    else if (format.is_object())
        w.field_raw(
            "response_format",
            fmt::format(R"({{"type":"json_schema","json_schema":{{"name":"answer","schema":{}}}}})", format.raw()));
    write_options(w, root["options"]);
    w.end_object();
    return {};
}

Checked read(JsonRef root, const Place&, Ask& ask) {
    // The Ask's views point into the document that was read, so it stays until this thread's next call.
    static thread_local JsonDoc rewritten;
    if (!root.is_object() || !root["messages"].is_array()) return refuse("invalid character in request body");
    std::string body;
    if (auto r = rewritten_body(root, body)) return r;
    auto doc = JsonDoc::parse(body);
    if (!doc) return refuse("invalid character in request body");
    rewritten = *std::move(doc);
    auto r = read_openai_chat(rewritten.root(), ask);
    ask.reasoning = root["think"].boolean() || root["think"].is_string();
    return r;
}

/// The members of one object, before done.
std::string object(std::string_view model, std::string_view message, std::string_view tail) {
    return fmt::format(R"({{"model":{},"created_at":"{}","message":{{"role":"assistant",{}}},{}}})", json_string(model),
                       when, message, tail);
}
std::string calls_json(const Turn& t) {
    std::string out;
    for (const ToolCall& c : t.calls) {
        const bool whole = JsonDoc::parse(c.arguments).ok();
        out += fmt::format(R"({}{{"function":{{"name":{},"arguments":{}}}}})", out.empty() ? "" : ",",
                           json_string(c.name), whole ? c.arguments : "{}");
    }
    return out;
}
std::string ending(const Answer& a) {
    const Turn& t = a.turns.front();
    std::string out = "\"done\":true";
    if (!a.quirks.null_finish)
        out += fmt::format(",\"done_reason\":\"{}\"", t.finish == Finish::length ? "length" : "stop");
    out += ",\"total_duration\":5000000,\"load_duration\":1000000";
    if (a.quirks.no_usage) return out;
    const std::string& bad = a.quirks.usage_number;
    out += fmt::format(
        ",\"prompt_eval_count\":{},\"prompt_eval_duration\":1000000,\"eval_count\":{},\"eval_duration\":3000000",
        bad.empty() ? std::to_string(a.usage.input) : bad, bad.empty() ? std::to_string(a.usage.output) : bad);
    return out;
}

Reply write_whole(const Ask& ask, const Answer& a) {
    Reply reply;
    const Turn& t = a.turns.front();
    std::string message = "\"content\":" + json_string(t.text);
    if (!t.reasoning.empty()) message += ",\"thinking\":" + json_string(t.reasoning);
    if (!t.calls.empty()) message += ",\"tool_calls\":[" + calls_json(t) + "]";
    reply.body = object(ask.model, message, ending(a));
    reply.tokens = a.usage.output;
    headers(reply, "application/json; charset=utf-8");
    return reply;
}

Reply write(const Ask& ask, const Answer& a) {
    if (!ask.stream) return write_whole(ask, a);
    Reply reply;
    reply.streamed = true;
    const Turn& t = a.turns.front();
    int64_t tokens = 0;
    const auto line = [&](const std::string& message, const std::string& tail) {
        reply.events.push_back({object(ask.model, message, tail) + "\n", tokens});
    };
    for (const auto s : split_tokens(t.reasoning)) {
        ++tokens;
        line(R"("content":"","thinking":)" + json_string(s), "\"done\":false");
    }
    for (const auto s : split_tokens(t.text)) {
        ++tokens;
        line("\"content\":" + json_string(s), "\"done\":false");
    }
    if (!t.calls.empty()) {
        tokens = a.usage.output;
        line(R"("content":"","tool_calls":[)" + calls_json(t) + "]", "\"done\":false");
    }
    line("\"content\":\"\"", ending(a));
    reply.tokens = a.usage.output;
    headers(reply, "application/x-ndjson");
    return reply;
}

/// Vectors are OpenAI's, in Ollama's reply.
Checked embed(JsonRef root, const Place&, Reply& reply, int64_t& input_tokens) {
    std::string body;
    JsonWriter w(body);
    w.begin_object().field_raw("model", root["model"].raw()).field_raw("input", root["input"].raw());
    if (root["dimensions"]) w.field_raw("dimensions", root["dimensions"].raw());
    w.end_object();
    const auto doc = JsonDoc::parse(body);
    Reply vectors;
    if (!doc) return refuse("invalid input type");
    if (auto r = read_and_write_embeddings(doc->root(), vectors, input_tokens)) return r;
    const auto made = JsonDoc::parse(vectors.body);
    JsonWriter out(reply.body);
    out.begin_object().field_raw("model", root["model"].raw()).key("embeddings").begin_array();
    for (const JsonRef v : made->root()["data"]) out.raw(v["embedding"].raw());
    out.end_array().field("total_duration", 1'000'000).field("prompt_eval_count", input_tokens).end_object();
    headers(reply, "application/json; charset=utf-8");
    return {};
}

Words words() {
    Words w;
    w.not_json = "invalid character 'x' looking for beginning of value";
    w.overloaded = {503, "", "server busy, please try again. maximum pending requests exceeded", "", ""};
    w.no_quota = {429, "", "you have reached your weekly usage limit", "", ""};
    w.long_context = {400, "", "the input length exceeds the context length", "", ""};
    w.policy = {400, "", "the request was refused", "", ""};
    w.unknown_event =
        "{\"model\":\"sim\",\"message\":{\"role\":\"assistant\",\"content\":\"\",\"sim_future\":1},\"done\":false}\n";
    return w;
}

}  // namespace

const Vendor& ollama_vendor() {
    static const Vendor vendor = [] {
        Vendor v;
        v.name = "ollama";
        v.reply_id = {"", 12};
        v.call_id = {"call_", 12};
        v.caches_every_message = true;
        v.words = words();
        v.serves = serves;
        v.admit = admit;
        v.read = read;
        v.write = write;
        v.embed = embed;
        v.error_body = error_body;
        v.error_event = error_event;
        v.unknown_model = unknown_model;
        v.headers = headers;
        return v;
    }();
    return vendor;
}

}  // namespace aig::sim
