#include <fmt/format.h>

#include "canon/openai_responses/shape.h"
#include "provider/openai_responses/decode.h"

namespace aig::provider::openai_responses {
namespace {

using canon::Event;
using EventKind = Event::Kind;
using canon::StopReason;

Error garbage(std::string_view why) {
    return Error(ErrorCode::upstream_garbage, "the provider's reply is not understandable: " + std::string(why));
}

Event call_event(EventKind kind, int ordinal, std::string_view text = {}) {
    Event e{.kind = kind};
    e.index = ordinal;
    e.text = text;
    return e;
}

/// What an image tool of the provider made, "png" unless it says otherwise.
std::string media_type(JsonRef item) {
    const auto format = item["output_format"].text();
    return fmt::format("image/{}", format.empty() || format.size() > 16 ? "png" : format);
}
}  // namespace

void Reply::start(JsonRef response, Events& out) {
    if (started_ || !response.is_object()) return;
    started_ = true;
    out.push_back(Event{.kind = EventKind::started, .id = response["id"].text(), .name = response["model"].text()});
}

void Reply::Item::set_kind(std::string_view type) {
    custom = type == "custom_tool_call";
    if (type == "message") kind = Kind::message;
    if (type == "reasoning") kind = Kind::reasoning;
    if (type == "function_call" || custom) kind = Kind::call;
}

/// By its place; a server that gives none goes on with the item it began last.
Result<Reply::Item*> Reply::item_at(JsonRef event, std::string_view type) {
    const int64_t last = items_.empty() ? 0 : items_.rbegin()->first;
    const int64_t index = event["output_index"].is_null() ? last : event["output_index"].integer().value_or(-1);
    if (index < 0) return garbage("an item has no proper index");
    if (!items_.contains(index) && items_.size() >= most_items) return garbage("more than 4,096 items");
    const auto [at, fresh] = items_.try_emplace(index);
    Item& item = at->second;
    if (fresh) item.set_kind(type);
    return &item;
}

Result<Reply::Part*> Reply::part_at(std::map<int64_t, Part>& parts, JsonRef index, bool reasoning) {
    const int64_t at = index.is_null() ? 0 : index.integer().value_or(-1);
    if (at < 0) return garbage("a content part has no proper index");
    if (!parts.contains(at) && parts.size() >= most_parts) return garbage("an item has more than 4,096 parts");
    const auto [found, fresh] = parts.try_emplace(at);
    if (fresh && reasoning) found->second.ordinal = thoughts_++;
    return &found->second;
}

Status Reply::item_added(JsonRef event, Events& out) {
    const JsonRef json = event["item"];
    const bool known = items_.contains(event["output_index"].integer().value_or(-1));
    TRY(Item* const item, item_at(event, json["type"].text()));
    if (!known) begin(*item, json, out);
    return {};
}

void Reply::begin(Item& item, JsonRef json, Events& out) {
    if (item.kind != Kind::call) return;
    item.ordinal = calls_++;
    const auto id = json["call_id"].text();
    out.push_back(Event{.kind = EventKind::tool_begin,
                        .index = item.ordinal,
                        .custom = item.custom,
                        .id = id.empty() ? json["id"].text() : id,
                        .name = json["name"].text()});
}

Status Reply::item_done(JsonRef event, Events& out) {
    const JsonRef json = event["item"];
    if (!json.is_object()) return garbage("an item is not an object");
    TRYV(item_added(event, out));
    TRY(Item* const item, item_at(event, json["type"].text()));
    return complete(*item, json, out);
}

Status Reply::complete(Item& item, JsonRef json, Events& out) {
    if (item.done) return {};
    item.done = true;
    hands_over_ |= canon::openai_responses::is_client_call(json["type"].text());
    switch (item.kind) {
        case Kind::message:
            return message(item, json, out);
        case Kind::reasoning:
            return reasoning(item, json, out);
        case Kind::call:
            call(item, json, out);
            return {};
        case Kind::other:
            other(json, out);
            return {};
    }
    return {};
}

Status Reply::piece(std::string_view type, JsonRef event, Events& out) {
    if (type == "response.output_text.delta") return text(event, event["delta"], EventKind::text, out);
    if (type == "response.refusal.delta") return text(event, event["delta"], EventKind::refusal, out);
    if (type == "response.reasoning_summary_text.delta") return thought(event, true, out);
    if (type == "response.reasoning_text.delta") return thought(event, false, out);
    if (type == "response.function_call_arguments.delta" || type == "response.custom_tool_call_input.delta")
        return arguments(event, out);
    if (type == "response.output_text.annotation.added") return annotation(event, out);
    return {};
}

Status Reply::text(JsonRef event, JsonRef words, EventKind kind, Events& out) {
    TRY(Item* const item, item_at(event, "message"));
    TRY(Part* const part, part_at(item->parts, event["content_index"], false));
    if (item->done || words.text().empty()) return {};
    part->written = true;
    out.push_back(Event{.kind = kind, .text = words.text()});
    odds(*part, event["logprobs"], out);
    return {};
}

/// An item that gives its reasoning and a summary of it gives one thing twice: the first kind that comes is kept.
Status Reply::thought(JsonRef event, bool summary, Events& out) {
    TRY(Item* const item, item_at(event, "reasoning"));
    TRY(Part* const part,
        part_at(summary ? item->summary : item->parts, event[summary ? "summary_index" : "content_index"], true));
    const auto words = event["delta"].text();
    if (item->done || words.empty() || (summary ? item->reasoned : item->summarised)) return {};
    (summary ? item->summarised : item->reasoned) = true;
    part->written = true;
    Event e = call_event(EventKind::reasoning, part->ordinal, words);
    if (summary) e.name = "summary";
    out.push_back(e);
    return {};
}

Status Reply::arguments(JsonRef event, Events& out) {
    TRY(Item* const item, item_at(event, ""));
    // Of a server tool: its item comes whole when it is done.
    if (item->kind != Kind::call || item->done || event["delta"].text().empty()) return {};
    item->written = true;
    out.push_back(call_event(EventKind::tool_arguments, item->ordinal, event["delta"].text()));
    return {};
}

Status Reply::annotation(JsonRef event, Events& out) {
    TRY(Item* const item, item_at(event, "message"));
    TRY(Part* const part, part_at(item->parts, event["content_index"], false));
    if (item->done || !event["annotation"].is_object()) return {};
    ++part->annotations;
    out.push_back(Event{.kind = EventKind::annotation, .raw = event["annotation"].raw()});
    return {};
}

Status Reply::message(Item& item, JsonRef json, Events& out) {
    if (json["content"].size() > most_parts) return garbage("a message has more than 4,096 parts");
    int64_t index = 0;
    for (const JsonRef p : json["content"]) {
        Part& part = item.parts[index++];
        const bool refusal = p["type"].text() == "refusal";
        const auto words = p[refusal ? "refusal" : "text"].text();
        if (!part.written && !words.empty())
            out.push_back(Event{.kind = refusal ? EventKind::refusal : EventKind::text, .text = words});
        odds(part, part.odds ? JsonRef() : p["logprobs"], out);
        size_t at = 0;
        for (const JsonRef a : p["annotations"])
            if (++at > part.annotations && a.is_object())
                out.push_back(Event{.kind = EventKind::annotation, .raw = a.raw()});
    }
    return {};
}

Status Reply::reasoning(Item& item, JsonRef json, Events& out) {
    TRYV(thoughts(item, json["summary"], true, out));
    TRYV(thoughts(item, json["content"], false, out));
    const auto sealed = json["encrypted_content"].text();
    if (!sealed.empty())
        out.push_back(Event{
            .kind = EventKind::state, .text = sealed, .name = canon::state_kind::encrypted, .raw = json["id"].text()});
    return {};
}

Status Reply::thoughts(Item& item, JsonRef list, bool summary, Events& out) {
    if (summary ? item.reasoned : item.summarised) return {};
    if (list.size() > most_parts) return garbage("reasoning has more than 4,096 parts");
    auto& parts = summary ? item.summary : item.parts;
    int64_t index = 0;
    for (const JsonRef p : list) {
        const auto [at, fresh] = parts.try_emplace(index++);
        if (fresh) at->second.ordinal = thoughts_++;
        const auto words = p["text"].text();
        if (at->second.written || words.empty()) continue;
        (summary ? item.summarised : item.reasoned) = true;
        Event e = call_event(EventKind::reasoning, at->second.ordinal, words);
        if (summary) e.name = "summary";
        out.push_back(e);
    }
    return {};
}

void Reply::call(Item& item, JsonRef json, Events& out) {
    if (item.written) return;
    const JsonRef said = json[item.custom ? "input" : "arguments"];
    // Arguments are a string of JSON; some servers send the object itself.
    const auto words = said.is_string() ? said.text() : said.is_object() ? said.raw() : std::string_view();
    if (!words.empty()) out.push_back(call_event(EventKind::tool_arguments, item.ordinal, words));
}

void Reply::other(JsonRef json, Events& out) {
    if (json["type"].text() == "image_generation_call" && !json["result"].text().empty()) {
        out.push_back(Event{.kind = EventKind::media, .text = json["result"].text(), .name = own(media_type(json))});
        return;
    }
    out.push_back(Event{.kind = EventKind::block, .name = json["type"].text(), .raw = json.raw()});
}

/// In the chat shape's words: the entries are the same.
void Reply::odds(Part& part, JsonRef list, Events& out) {
    if (!list.is_array() || !list.size()) return;
    part.odds = true;
    out.push_back(Event{.kind = EventKind::logprobs, .raw = own(fmt::format("{{\"content\":{}}}", list.raw()))});
}

Status Reply::finish(JsonRef response, Events& out) {
    start(response, out);
    if (response["output"].size() > most_items) return garbage("more than 4,096 items");
    int64_t index = 0;
    for (const JsonRef json : response["output"]) {
        const auto [at, fresh] = items_.try_emplace(index++);
        Item& item = at->second;
        if (item.done || !json.is_object()) continue;
        if (fresh) {
            item.set_kind(json["type"].text());
            begin(item, json, out);
        }
        TRYV(complete(item, json, out));
    }
    const auto why = response["incomplete_details"]["reason"].text();
    Event e{.kind = EventKind::finish, .raw = why.empty() ? response["status"].text() : why};
    e.stop = canon::openai_responses::stop_of(response);
    if (e.stop == StopReason::none) e.stop = StopReason::end;  // servers that give no status
    // A final response may leave out what the stream has given.
    if (e.stop == StopReason::end && hands_over_) e.stop = StopReason::tool_calls;
    out.push_back(e);
    if (const auto usage = canon::openai_responses::usage_of(response["usage"]))
        out.push_back(Event{.kind = EventKind::usage, .usage = *usage});
    return {};
}

}  // namespace aig::provider::openai_responses
