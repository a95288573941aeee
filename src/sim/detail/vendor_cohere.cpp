// Cohere's chat and embeddings, version 2 (recorded 2025-2026). Its requests say in a few other words what OpenAI's
// say, and are read as such once those are put right.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sim/detail/tokens.h"
#include "sim/detail/wires.h"

namespace aig::sim {
namespace {

void headers(Reply& reply, std::string_view content_type) {
    reply.set("content-type", std::string(content_type));
    reply.set("x-debug-trace-id", vendor_id("", 32, next_serial()));
}
std::string error_body(const Refusal& r) {
    return fmt::format(R"({{"id":"{}","message":{}}})", vendor_id("", 32, next_serial()), json_string(r.message));
}
Event error_event(const Refusal& r, int64_t tokens) {
    return {fmt::format("event: message-end\ndata: {{\"type\":\"message-end\",\"delta\":{{\"finish_reason\":\"ERROR\","
                        "\"error\":{}}}}}\n\n",
                        json_string(r.message)),
            tokens};
}
Refusal unknown_model(std::string_view model) {
    return {404, "",
            fmt::format("model '{}' not found, make sure the correct model ID was used and that you have access to the "
                        "model.",
                        model),
            "", ""};
}
Refusal refuse(std::string message) { return {400, "", "invalid request: " + std::move(message), "", ""}; }

bool serves(const Request& request, Place& place) {
    if (request.path == "/v2/embed") place.task = Task::embed;
    return request.path == "/v2/chat" || request.path == "/v2/embed";
}
Checked admit(const Request& request, std::string_view wanted) {
    const auto key = bearer(request);
    if (key.empty()) return Refusal{401, "", "no api key supplied", "", ""};
    if (!wanted.empty() && key != wanted) return Refusal{401, "", "invalid api token", "", ""};
    return {};
}

constexpr std::array<std::string_view, 20> request_fields{"model",
                                                          "messages",
                                                          "tools",
                                                          "tool_choice",
                                                          "strict_tools",
                                                          "documents",
                                                          "stream",
                                                          "max_tokens",
                                                          "stop_sequences",
                                                          "temperature",
                                                          "p",
                                                          "k",
                                                          "seed",
                                                          "frequency_penalty",
                                                          "presence_penalty",
                                                          "response_format",
                                                          "citation_options",
                                                          "safety_mode",
                                                          "logprobs",
                                                          "thinking"};

void write_message(JsonWriter& w, JsonRef m) {
    w.begin_object();
    for (const JsonRef v : m)
        if (v.key() != "tool_plan") w.field_raw(v.key(), v.raw());
    if (!m["content"]) w.field_null("content");
    w.end_object();
}

/// The same request in OpenAI's words.
Checked rewritten_body(JsonRef root, std::string& body) {
    JsonWriter w(body);
    w.begin_object();
    for (const JsonRef m : root) {
        const auto key = m.key();
        if (std::find(request_fields.begin(), request_fields.end(), key) == request_fields.end())
            return refuse(fmt::format("unknown field: parameter '{}' is not a valid field", key));
        if (key == "stop_sequences") {
            w.field_raw("stop", m.raw());
        } else if (key == "tool_choice") {
            if (m.text() != "REQUIRED" && m.text() != "NONE") return refuse("tool_choice must be REQUIRED or NONE");
            w.field("tool_choice", m.text() == "NONE" ? "none" : "required");
        } else if (key == "response_format") {
            w.key("response_format").begin_object();
            if (const JsonRef schema = m["json_schema"])
                w.field("type", "json_schema")
                    .key("json_schema")
                    .begin_object()
                    .field("name", "answer")
                    .field_raw("schema", schema.raw())
                    .end_object();
            else
                w.field("type", "json_object");
            w.end_object();
        } else if (key == "messages") {
            w.key("messages").begin_array();
            for (const JsonRef one : m) write_message(w, one);
            w.end_array();
        } else if (key == "model" || key == "tools" || key == "stream" || key == "max_tokens" || key == "temperature" ||
                   key == "seed" || key == "frequency_penalty" || key == "presence_penalty") {
            w.field_raw(key, m.raw());
        }
    }
    w.end_object();
    return {};
}

Checked read(JsonRef root, const Place&, Ask& ask) {
    // The Ask's views point into the document that was read, so it stays until this thread's next call.
    static thread_local JsonDoc rewritten;
    if (!root.is_object()) return refuse("the body is not an object");
    const JsonRef p = root["p"];
    if (p && (number_of(p) < 0.01 || number_of(p) > 0.99)) return refuse("p must be between 0.01 and 0.99 inclusive.");
    std::string body;
    if (auto r = rewritten_body(root, body)) return r;
    auto doc = JsonDoc::parse(body);
    if (!doc) return refuse("the body cannot be read");
    rewritten = *std::move(doc);
    auto r = read_openai_chat(rewritten.root(), ask);
    ask.reasoning = root["thinking"]["type"].text() == "enabled";
    return r;
}

std::string_view stop_word(Finish f) {
    switch (f) {
        case Finish::stop:
            return "COMPLETE";
        case Finish::stop_sequence:
            return "STOP_SEQUENCE";
        case Finish::length:
            return "MAX_TOKENS";
        case Finish::tool_calls:
            return "TOOL_CALL";
        case Finish::refused:
            return "ERROR_TOXIC";
    }
    return "COMPLETE";
}

/// Billed units are what counts; `tokens` holds the vendor's own framing too.
void write_usage(JsonWriter& w, const Answer& a) {
    if (a.quirks.no_usage) return;
    const std::string& bad = a.quirks.usage_number;
    const auto number = [&](int64_t n) { return bad.empty() ? std::to_string(n) : bad; };
    w.key("usage").begin_object().key("billed_units").begin_object();
    w.field_raw("input_tokens", number(a.usage.input)).field_raw("output_tokens", number(a.usage.output)).end_object();
    w.key("tokens").begin_object().field("input_tokens", a.usage.input + 500);
    w.field("output_tokens", a.usage.output + 10).end_object().field("cached_tokens", a.usage.cached).end_object();
}

Reply write_whole(const Answer& a) {
    Reply reply;
    const Turn& t = a.turns.front();
    JsonWriter w(reply.body);
    w.begin_object().field("id", a.id).key("message").begin_object().field("role", "assistant");
    w.key("content").begin_array();
    if (!t.reasoning.empty()) w.begin_object().field("type", "thinking").field("thinking", t.reasoning).end_object();
    if (!t.text.empty()) w.begin_object().field("type", "text").field("text", t.text).end_object();
    w.end_array();
    if (!t.calls.empty()) {
        w.field("tool_plan", "I will use the tools.").key("tool_calls").begin_array();
        for (const ToolCall& c : t.calls) {
            w.begin_object().field("id", c.id).field("type", "function").key("function").begin_object();
            w.field("name", c.name).field("arguments", c.arguments).end_object().end_object();
        }
        w.end_array();
    }
    w.end_object();
    if (!a.quirks.null_finish) w.field("finish_reason", stop_word(t.finish));
    write_usage(w, a);
    w.end_object();
    reply.tokens = a.usage.output;
    headers(reply, "application/json");
    return reply;
}

class EventWriter {
  public:
    EventWriter(const Answer& a, Reply& reply) : a_(a), t_(a.turns.front()), reply_(reply) {}

    void whole() {
        event("message-start", fmt::format(R"("id":"{}",)", a_.id), -1,
              R"({"message":{"role":"assistant","content":[],"tool_plan":"","tool_calls":[],"citations":[]}})");
        reply_.content_at = reply_.events.size();
        if (!t_.reasoning.empty()) block("thinking", t_.reasoning);
        if (!t_.text.empty()) block("text", t_.text);
        if (!t_.calls.empty()) event("tool-plan-delta", "", -1, R"({"message":{"tool_plan":"I will use the tools."}})");
        for (size_t i = 0; i < t_.calls.size(); ++i) call(static_cast<int64_t>(i), t_.calls[i]);
        std::string end;
        JsonWriter w(end);
        w.begin_object();
        if (!a_.quirks.null_finish) w.field("finish_reason", stop_word(t_.finish));
        write_usage(w, a_);
        w.end_object();
        event("message-end", "", -1, end);
    }

  private:
    void block(std::string_view type, std::string_view text) {
        event("content-start", "", index_,
              fmt::format(R"({{"message":{{"content":{{"type":"{}","{}":""}}}}}})", type, type));
        for (const auto s : split_tokens(text)) {
            ++tokens_;
            event("content-delta", "", index_,
                  fmt::format(R"({{"message":{{"content":{{"{}":{}}}}}}})", type, json_string(s)));
        }
        event("content-end", "", index_++, "");
    }
    void call(int64_t i, const ToolCall& c) {
        tokens_ += count_tokens(c.name);
        event(
            "tool-call-start", "", i,
            fmt::format(
                R"({{"message":{{"tool_calls":{{"id":"{}","type":"function","function":{{"name":{},"arguments":""}}}}}}}})",
                c.id, json_string(c.name)));
        for (const auto s : split_tokens(c.arguments)) {
            ++tokens_;
            event("tool-call-delta", "", i,
                  fmt::format(R"({{"message":{{"tool_calls":{{"function":{{"arguments":{}}}}}}}}})", json_string(s)));
        }
        event("tool-call-end", "", i, "");
    }
    void event(std::string_view type, std::string_view front, int64_t index, std::string_view delta) {
        std::string e = fmt::format("event: {}\ndata: {{{}\"type\":\"{}\"", type, front, type);
        if (index >= 0) e += fmt::format(",\"index\":{}", index);
        if (!delta.empty()) e.append(",\"delta\":").append(delta);
        reply_.events.push_back({e + "}\n\n", tokens_});
    }

    const Answer& a_;
    const Turn& t_;
    Reply& reply_;
    int64_t index_ = 0, tokens_ = 0;
};

Reply write(const Ask& ask, const Answer& answer) {
    if (!ask.stream) return write_whole(answer);
    Reply reply;
    reply.streamed = true;
    EventWriter(answer, reply).whole();
    reply.tokens = answer.usage.output;
    headers(reply, "text/event-stream");
    return reply;
}

/// Vectors are OpenAI's, in Cohere's reply.
Checked embed(JsonRef root, const Place&, Reply& reply, int64_t& input_tokens) {
    if (!root["texts"].is_array()) return refuse("must specify at least one of 'images' or 'texts' or 'inputs'.");
    if (root["input_type"].text().empty()) return refuse("valid input_type must be provided with the provided model");
    std::string body;
    JsonWriter w(body);
    w.begin_object().field_raw("model", root["model"].raw()).field_raw("input", root["texts"].raw());
    if (root["output_dimension"]) w.field_raw("dimensions", root["output_dimension"].raw());
    w.end_object();
    const auto doc = JsonDoc::parse(body);
    Reply vectors;
    if (!doc) return refuse("the body cannot be read");
    if (auto r = read_and_write_embeddings(doc->root(), vectors, input_tokens)) return r;
    const auto made = JsonDoc::parse(vectors.body);
    JsonWriter out(reply.body);
    out.begin_object().field("id", vendor_id("", 32, next_serial())).key("embeddings").begin_object();
    out.key("float").begin_array();
    for (const JsonRef v : made->root()["data"]) out.raw(v["embedding"].raw());
    out.end_array().end_object().key("meta").begin_object();
    out.key("billed_units").begin_object().field("input_tokens", input_tokens).end_object().end_object();
    out.field("response_type", "embeddings_by_type").end_object();
    headers(reply, "application/json");
    return {};
}

Words words() {
    Words w;
    w.not_json = "invalid json syntax";
    w.overloaded = {503, "", "The service is temporarily unavailable", "", ""};
    w.no_quota = {429, "", "You are using a Trial key, which is limited to 1000 API calls / month.", "", ""};
    w.long_context = {400, "", "too many tokens: total number of tokens in the prompt cannot exceed 128000", "", ""};
    w.policy = {400, "", "blocked output: please try again with a different prompt", "", ""};
    w.unknown_event = "event: sim-future-event\ndata: {\"type\":\"sim-future-event\",\"delta\":{\"a\":1}}\n\n";
    return w;
}

}  // namespace

const Vendor& cohere_vendor() {
    static const Vendor vendor = [] {
        Vendor v;
        v.name = "cohere";
        v.reply_id = {"", 32};
        v.call_id = {"tool_", 12};
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
