#include <algorithm>

#include "sim/testing/raw_client.h"

namespace aig::sim::testing {

namespace {

struct SseReader {
    std::string_view body;
    /// The next event's data; false at the end.
    bool next(std::string& data, bool& cut) {
        data.clear();
        while (!body.empty()) {
            const size_t end = body.find('\n');
            cut = end == std::string_view::npos;
            std::string_view line = body.substr(0, end);
            body.remove_prefix(cut ? body.size() : end + 1);
            if (line.ends_with('\r')) line.remove_suffix(1);
            if (line.empty()) {
                if (!data.empty()) return true;
                continue;
            }
            if (!line.starts_with("data:")) continue;
            line.remove_prefix(line.starts_with("data: ") ? 6 : 5);
            data.append(data.empty() ? "" : "\n").append(line);
        }
        cut = !data.empty();
        return cut;
    }
};

void read_openai_usage(JsonRef u, Understood& out) {
    if (!u.is_object()) return;
    ++out.usages;
    out.input_tokens = u["prompt_tokens"].integer().value_or(-1);
    out.output_tokens = u["completion_tokens"].integer().value_or(-1);
    out.cached_tokens = u["prompt_tokens_details"]["cached_tokens"].integer().value_or(-1);
    out.reasoning_tokens = u["completion_tokens_details"]["reasoning_tokens"].integer().value_or(-1);
}

void read_openai_message(JsonRef m, int64_t choice, Understood& out) {
    out.choices[choice] += m["content"].text();
    if (choice == 0) out.text += m["content"].text();
    out.reasoning += m["reasoning_content"].text();
    size_t i = 0;
    for (JsonRef c : m["tool_calls"]) {
        const size_t at = c["index"] ? static_cast<size_t>(c["index"].integer().value_or(0)) : i;
        if (out.calls.size() <= at) out.calls.resize(at + 1);
        if (c["id"]) out.calls[at].id = c["id"].text();
        if (c["function"]["name"]) out.calls[at].name = c["function"]["name"].text();
        out.calls[at].arguments += c["function"]["arguments"].text();
        ++out.calls[at].fragments;
        ++i;
    }
}

void read_anthropic_usage(JsonRef u, Understood& out) {
    if (!u.is_object()) return;
    ++out.usages;
    out.input_tokens = u["input_tokens"].integer().value_or(-1);
    out.output_tokens = u["output_tokens"].integer().value_or(-1);
    out.cached_tokens = u["cache_read_input_tokens"].integer().value_or(-1);
    out.cache_write_tokens = u["cache_creation_input_tokens"].integer().value_or(-1);
    out.reasoning_tokens = u["output_tokens_details"]["thinking_tokens"].integer().value_or(0);
}

Understood wrong(Understood u, std::string why) {
    u.correct = false;
    u.fault = std::move(why);
    return u;
}

}  // namespace

std::vector<std::string> sse_data(std::string_view body, bool* cut) {
    SseReader reader{body};
    std::vector<std::string> all;
    std::string data;
    bool last_cut = false;
    while (reader.next(data, last_cut)) all.push_back(data);
    if (cut) *cut = last_cut;
    return all;
}

Understood understand_openai(const HttpReply& reply, bool stream) {
    Understood u;
    if (!reply.whole || reply.status != 200 || !reply.fault.empty()) return wrong(u, "http: " + reply.fault);
    const auto type = reply.headers.find("content-type");
    if (type == reply.headers.end() || type->second.find(stream ? "text/event-stream" : "application/json") != 0)
        return wrong(u, "content type");
    std::vector<std::string> events;
    bool cut = false;
    if (stream)
        events = sse_data(reply.body, &cut);
    else
        events.push_back(reply.body);
    bool done = !stream;
    for (const std::string& data : events) {
        if (data == "[DONE]") {
            done = true;
            break;
        }
        const auto doc = JsonDoc::parse(data);
        if (!doc) return wrong(u, "json: " + data);
        if (doc->root()["error"]) return wrong(u, "error");
        for (JsonRef c : doc->root()["choices"]) {
            read_openai_message(stream ? c["delta"] : c["message"], c["index"].integer().value_or(0), u);
            u.deltas += stream && c["delta"]["content"].text().size() > 0;
            u.logprobs += c["logprobs"]["content"].size();
            if (c["finish_reason"].is_string()) u.finish = c["finish_reason"].text();
        }
        read_openai_usage(doc->root()["usage"], u);
    }
    if (cut && !done) return wrong(u, "event cut");
    if (!done) return wrong(u, "no [DONE]");
    if (u.finish.empty()) return wrong(u, "no finish");
    u.correct = true;
    return u;
}

Understood understand_anthropic(const HttpReply& reply, bool stream) {
    Understood u;
    if (!reply.whole || reply.status != 200 || !reply.fault.empty()) return wrong(u, "http: " + reply.fault);
    const auto type = reply.headers.find("content-type");
    if (type == reply.headers.end() || type->second.find(stream ? "text/event-stream" : "application/json") != 0)
        return wrong(u, "content type");
    if (!stream) {
        const auto doc = JsonDoc::parse(reply.body);
        if (!doc || doc->root()["type"].text() != "message") return wrong(u, "not a message");
        for (JsonRef b : doc->root()["content"]) {
            u.text += b["text"].text();
            u.reasoning += b["thinking"].text();
            u.signature += b["signature"].text();
            if (b["type"].text() == "tool_use")
                u.calls.push_back(
                    {std::string(b["id"].text()), std::string(b["name"].text()), std::string(b["input"].raw()), 1});
        }
        u.finish = doc->root()["stop_reason"].text();
        u.stop_sequence = doc->root()["stop_sequence"].text();
        read_anthropic_usage(doc->root()["usage"], u);
        u.correct = !u.finish.empty();
        return u;
    }
    int64_t open = -1, next = 0;
    bool done = false;
    for (const std::string& data : sse_data(reply.body)) {
        const auto doc = JsonDoc::parse(data);
        if (!doc) return wrong(u, "json: " + data);
        const JsonRef e = doc->root();
        const std::string_view t = e["type"].text();
        if (t == "error" || e["error"]) return wrong(u, "error");
        if (t == "message_start") read_anthropic_usage(e["message"]["usage"], u);
        if (t == "content_block_start") {
            if (open != -1 || e["index"].integer() != next) return wrong(u, "block order");
            open = next++;
            const JsonRef b = e["content_block"];
            if (b["type"].text() == "tool_use")
                u.calls.push_back({std::string(b["id"].text()), std::string(b["name"].text()), "", 0});
        }
        if (t == "content_block_delta") {
            if (e["index"].integer() != open) return wrong(u, "delta outside its block");
            const JsonRef d = e["delta"];
            u.text += d["text"].text();
            u.deltas += d["type"].text() == "text_delta";
            u.reasoning += d["thinking"].text();
            u.signature += d["signature"].text();
            if (d["type"].text() == "input_json_delta" && !u.calls.empty()) {
                u.calls.back().arguments += d["partial_json"].text();
                ++u.calls.back().fragments;
            }
        }
        if (t == "content_block_stop") open = -1;
        if (t == "message_delta") {
            u.finish = e["delta"]["stop_reason"].text();
            u.stop_sequence = e["delta"]["stop_sequence"].text();
            read_anthropic_usage(e["usage"], u);
        }
        if (t == "message_stop") {
            done = true;
            break;
        }
    }
    if (!done) return wrong(u, "no message_stop");
    if (u.finish.empty()) return wrong(u, "no stop reason");
    u.correct = true;
    return u;
}

}  // namespace aig::sim::testing
