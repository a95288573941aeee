#include "dialect/anthropic/scan.h"

#include <string>

#include "canon/state.h"

namespace aig::dialect::anthropic {
using namespace canon;
namespace {

/// Taken apart again and again; JsonDoc itself lets go of a large table.
JsonDoc& table() {
    thread_local JsonDoc doc;
    return doc;
}

Error garbage(std::string_view why) {
    return Error(ErrorCode::upstream_garbage, "The provider's reply is not understandable: " + std::string(why));
}

Span span(const JsonDoc& doc, JsonRef v) {
    const size_t at = doc.offset(v.raw());
    return {at, at + v.raw().size()};
}

EventType type_of(std::string_view word) {
    if (word == "content_block_delta") return EventType::block_delta;
    if (word == "content_block_start") return EventType::block_start;
    if (word == "content_block_stop") return EventType::block_stop;
    if (word == "message_start") return EventType::start;
    if (word == "message_delta") return EventType::delta;
    return word == "message_stop" ? EventType::stop : EventType::other;
}

/// What a reply says, told to the Facts.
struct Teller {
    Facts& facts;

    void output(std::string_view text) {
        if (text.empty()) return;
        facts.delivered.add(text);
        seen();
    }
    void seen() {
        facts.content = true;
        facts.empty_output = false;
    }
    void state(std::string_view data) {
        if (!data.empty()) facts.states.push_back(state_print(data));
    }

    /// A block as it begins, or a whole one: then with its text and its arguments.
    void block(JsonRef b) {
        const auto type = b["type"].text();
        if (type == "text") return output(b["text"].text());
        if (type == "thinking") {
            output(b["thinking"].text());
            return state(b["signature"].text());
        }
        if (type == "redacted_thinking") {
            facts.empty_output = false;
            return state(b["data"].text());
        }
        seen();  // a call, or something that the provider's own tools did
        if (type != "tool_use") return;
        state(b["id"].text());
        output(b["name"].text());
        if (b["input"].size() > 0) output(b["input"].raw());
    }

    void delta(JsonRef d) {
        const auto type = d["type"].text();
        if (type == "text_delta") output(d["text"].text());
        if (type == "thinking_delta") output(d["thinking"].text());
        if (type == "input_json_delta") output(d["partial_json"].text());
        if (type == "signature_delta") state(d["signature"].text());
    }
};

/// {"type":"error","error":{...}}, and the bare error object of proxies.
bool failure(JsonRef root, Facts& facts) {
    const JsonRef error = root["error"];
    const auto type = root["type"].text();
    if (type != "error" && !(type.empty() && error.is_object())) return false;
    facts.error = canon::anthropic::in_band_error(error);
    return true;
}
}  // namespace

void ReplyScan::usage(JsonRef u, const JsonDoc& doc, Found& found, Facts& facts) {
    if (!u) return;
    if (u.is_null()) found.null_usage = span(doc, u);
    if (!u.is_object()) return;
    found.usage = span(doc, u);
    found.usage_empty = u.size() == 0;
    if (const JsonRef cost = u["cost"]) found.cost = span(doc, cost);
    counts_.read(u);
    // Without a count of output it is no final report. What cannot be believed is left to the gateway's own count.
    if (const JsonRef output = u["output_tokens"]; output && !output.is_null()) facts.usage = counts_.usage();
}

void ReplyScan::ending(JsonRef members, Facts& facts) {
    const auto word = members["stop_reason"].text();
    if (word.empty()) return;
    facts.finished = true;
    facts.stop = canon::anthropic::stop_of(word);
}

Status ReplyScan::message_event(JsonRef root, const JsonDoc& doc, Found& found, Facts& facts) {
    Teller teller{facts};
    const auto index = root["index"].integer();
    switch (found.type) {
        case EventType::start: {
            const JsonRef message = root["message"];
            if (const JsonRef m = message["model"]; m.is_string()) found.model = span(doc, m);
            counts_.read(message["usage"]);
            begun_ = true;
            return {};
        }
        case EventType::block_start:
            if (!index) return garbage("a content block has no index");
            open_ = index;
            teller.block(root["content_block"]);
            return {};
        case EventType::block_delta:
            if (!index || !open_) return garbage("a piece of a content block that had not begun");
            teller.delta(root["delta"]);
            return {};
        case EventType::block_stop:
            if (open_ == index) open_.reset();
            return {};
        case EventType::delta:
            ending(root["delta"], facts);
            usage(root["usage"], doc, found, facts);
            return {};
        default:
            return {};
    }
}

Result<Found> ReplyScan::event(std::string_view json, Facts& facts) {
    JsonDoc& doc = table();
    if (!doc.assign(json)) return garbage("not valid JSON");
    const JsonRef root = doc.root();
    if (!root.is_object()) return garbage("not a JSON object");
    Found found;
    found.insert = doc.offset(root.raw()) + 1;
    if (failure(root, facts)) return found;
    found.type = type_of(root["type"].text());
    TRYV(message_event(root, doc, found, facts));
    return found;
}

Result<Found> ReplyScan::body(std::string_view json, Facts& facts) {
    JsonDoc& doc = table();
    if (!doc.assign(json)) return garbage("not valid JSON");
    const JsonRef root = doc.root();
    if (!root.is_object()) return garbage("not a JSON object");
    Found found;
    found.insert = doc.offset(root.raw()) + 1;
    if (failure(root, facts)) return found;
    if (!root["content"].is_array()) return garbage("not a message");
    if (const JsonRef m = root["model"]; m.is_string()) found.model = span(doc, m);
    Teller teller{facts};
    for (const JsonRef b : root["content"]) teller.block(b);
    ending(root, facts);
    usage(root["usage"], doc, found, facts);
    return found;
}

}  // namespace aig::dialect::anthropic
