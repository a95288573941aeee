#include "dialect/testing/responses_grammar.h"

#include <fmt/format.h>

#include <algorithm>

#include <map>
#include <vector>

#include "base/json.h"

namespace aig::dialect::testing {
namespace {

struct PartSeen {
    std::string type, text;
    bool text_done = false, done = false;
    int64_t annotations = 0;
};
struct ItemSeen {
    std::string id, type, arguments, raw;
    std::vector<PartSeen> content, summary;
    bool arguments_done = false, done = false;
};

/// The text member of a part, or of the event that ends it.
std::string_view text_member(std::string_view part_type) { return part_type == "refusal" ? "refusal" : "text"; }

bool is_call(const ItemSeen& i) { return i.type == "function_call" || i.type == "custom_tool_call"; }
std::string_view arguments_member(const ItemSeen& i) { return i.type == "function_call" ? "arguments" : "input"; }

class Client {
  public:
    explicit Client(ResponsesRules rules) : rules_(rules) {}

    void event(std::string_view name, std::string_view data) {
        if (data == "[DONE]") return must(over_ && !rules_.ours, "[DONE] where no end was");
        const auto doc = JsonDoc::parse(data);
        if (!doc || !doc->root().is_object()) return must(false, "data is not a JSON object");
        const JsonRef e = doc->root();
        type_ = e["type"].text();
        ++heard_.events;
        must(type_ == "error" || type_ == "keepalive" || type_.starts_with("response."), "a type nobody knows");
        must(!over_, "an event behind the last one");
        must(!rules_.ours || name == type_, "the event's name is not its type");
        sequence(e["sequence_number"]);
        if (heard_.fault.empty()) one(e);
    }

    ResponsesHeard end() {
        must(over_, "no last event");
        gather();
        return heard_;
    }

    /// A whole response instead of a stream.
    std::string body(std::string_view json) {
        type_ = "body";
        const auto doc = JsonDoc::parse(json);
        if (!doc || !doc->root().is_object()) return "not a JSON object";
        const JsonRef r = doc->root();
        const auto status = r["status"].text();
        must(r["object"].text() == "response", "object is not 'response'");
        must(status == "completed" || status == "incomplete", "neither completed nor incomplete");
        must(status != "incomplete" || r["incomplete_details"]["reason"].is_string(), "incomplete without a reason");
        must(r["usage"].is_object(), "no usage");
        must(r["output"].is_array(), "no output");
        keys(r);
        for (const JsonRef item : r["output"]) whole_item(item);
        return heard_.fault;
    }

  private:
    void whole_item(JsonRef item) {
        const auto type = item["type"].text();
        must(!item["id"].text().empty() && !type.empty(), "an item without id or type");
        must(!item["status"] || item["status"].is_string(), "an item's status is no text");
        if (type == "function_call" || type == "custom_tool_call") {
            must(!item["call_id"].text().empty() && !item["name"].text().empty(), "a call without id or name");
            must(item[type == "function_call" ? "arguments" : "input"].is_string(), "a call's arguments are no text");
        }
        if (type == "message") must(item["role"].text() == "assistant", "a message of somebody else");
        for (const auto* list : {"content", "summary"})
            for (const JsonRef part : item[list])
                must(part[text_member(part["type"].text())].is_string(), "a part without text");
    }

    void must(bool condition, std::string_view rule) {
        if (!condition && heard_.fault.empty())
            heard_.fault = fmt::format("event {} ({}): {}", heard_.events, type_, rule);
    }

    void sequence(JsonRef n) {
        if (!n) return must(!rules_.ours, "no sequence_number");
        must(n.integer().value_or(-1) > sequence_, "sequence_number does not rise");
        sequence_ = n.integer().value_or(sequence_);
    }

    void one(JsonRef e) {
        if (type_ == "error") return failure(e);
        if (e["response"].is_object()) return response(e["response"]);
        must(begun_ || !rules_.ours, "before response.created");
        if (type_ == "keepalive") return;
        if (type_ == "response.output_item.added") return item_added(e);
        ItemSeen* const item = item_of(e);
        if (!item) return;
        if (type_ == "response.output_item.done") return item_done(*item, e["item"]);
        if (type_ == "response.content_part.added")
            return part_added(*item, item->content, e["content_index"], e["part"]);
        if (type_ == "response.reasoning_summary_part.added")
            return part_added(*item, item->summary, e["summary_index"], e["part"]);
        if (type_.find("annotation.added") != std::string::npos) return annotation(*item, e);
        if (type_.starts_with("response.function_call_arguments.") ||
            type_.starts_with("response.custom_tool_call_input."))
            return call(*item, e);
        for (const std::string_view kind : {"output_text", "refusal", "reasoning_text", "reasoning_summary_text"})
            if (std::string_view(type_).substr(9).starts_with(kind) && type_[9 + kind.size()] == '.')
                return words(*item, e, kind);
        if (type_ == "response.content_part.done")
            return part_done(part_of(item->content, e["content_index"]), e["part"]);
        if (type_ == "response.reasoning_summary_part.done")
            return part_done(part_of(item->summary, e["summary_index"]), e["part"]);
        must(!rules_.ours, "an event nobody knows");
    }

    void failure(JsonRef e) {
        must(!failed_, "two errors");
        failed_ = true;
        must(!rules_.ours || (e["message"].is_string() && e["error"].is_object()), "an error says nothing");
    }

    void response(JsonRef r) {
        const auto status = r["status"].text();
        if (type_ == "response.created" || type_ == "response.queued" || type_ == "response.in_progress") {
            must(items_.empty(), "a beginning behind an item");
            must(type_ != "response.created" || !begun_, "created twice");
            must(begun_ || type_ != "response.in_progress" || !rules_.ours, "in progress before created");
            must(r["output"].size() == 0, "a new response has output");
            begun_ = true;
            id_ = r["id"].text();
            return keys(r);
        }
        must(begun_ || !rules_.ours, "ends without having begun");
        must(!rules_.ours || r["id"].text() == id_, "another response's end");
        must(type_.ends_with(status) && !status.empty(), "the status is not the event's");
        over_ = true;
        heard_.status = status;
        keys(r);
        if (status == "failed") return must(r["error"].is_object(), "failed without an error");
        must(!failed_, "ends well behind an error");
        heard_.usage = r["usage"].is_object();
        must(heard_.usage || !rules_.ours, "no usage");
        must(status != "incomplete" || r["incomplete_details"]["reason"].is_string(), "incomplete without a reason");
        output(r["output"]);
    }

    /// All that the Open Responses schema demands of a response object.
    void keys(JsonRef r) {
        if (!rules_.ours) return;
        for (const auto key : {"id",
                               "object",
                               "created_at",
                               "completed_at",
                               "status",
                               "incomplete_details",
                               "model",
                               "previous_response_id",
                               "instructions",
                               "output",
                               "error",
                               "tools",
                               "tool_choice",
                               "truncation",
                               "parallel_tool_calls",
                               "text",
                               "top_p",
                               "presence_penalty",
                               "frequency_penalty",
                               "top_logprobs",
                               "temperature",
                               "reasoning",
                               "usage",
                               "max_output_tokens",
                               "max_tool_calls",
                               "store",
                               "background",
                               "service_tier",
                               "metadata",
                               "safety_identifier",
                               "prompt_cache_key"})
            if (!r[key]) must(false, fmt::format("the response lacks {}", key));
    }

    void output(JsonRef list) {
        // Some servers leave it empty: the items have been told one by one.
        if (!rules_.ours && list.size() == 0) return;
        must(list.size() == items_.size(), "output does not have the items that were told");
        size_t i = 0;
        for (const JsonRef item : list) {
            if (i >= items_.size()) return;
            const ItemSeen& seen = items_[i++];
            must(seen.done, "an item that never ended");
            if (rules_.ours)
                must(item.raw() == seen.raw, "output is not what the items said");
            else
                must(item["id"].text() == seen.id, "output has another item");
        }
    }

    void item_added(JsonRef e) {
        const JsonRef item = e["item"];
        must(e["output_index"].integer() == static_cast<int64_t>(items_.size()), "output_index is not the next one");
        must(!item["id"].text().empty() || !rules_.ours, "an item without an id");
        must(item["content"].size() == 0, "a new item has content");
        must(item["arguments"].text().empty() || !rules_.ours, "a new call has arguments");
        for (const ItemSeen& other : items_) must(other.id != item["id"].text() || other.id.empty(), "an id twice");
        items_.push_back({std::string(item["id"].text()), std::string(item["type"].text()), {}, {}, {}, {}});
        if (is_call(items_.back())) {
            ++heard_.calls;
            must(!item["call_id"].text().empty() && !item["name"].text().empty(), "a call without id or name");
        }
    }

    ItemSeen* item_of(JsonRef e) {
        const int64_t index = e["output_index"].integer().value_or(-1);
        if (index < 0 || index >= static_cast<int64_t>(items_.size())) {
            must(false, "an output_index that was never added");
            return nullptr;
        }
        ItemSeen& item = items_[static_cast<size_t>(index)];
        must(!item.done, "an item that has ended goes on");
        if (rules_.ours && e["item_id"]) must(e["item_id"].text() == item.id, "item_id and output_index differ");
        return &item;
    }

    void part_added(ItemSeen& item, std::vector<PartSeen>& list, JsonRef index, JsonRef part) {
        must(item.type == "message" || item.type == "reasoning", "a part in a call");
        must(index.integer() == static_cast<int64_t>(list.size()), "the part's index is not the next one");
        must(list.empty() || list.back().done || !rules_.ours, "two open parts in one item");
        const auto type = part["type"].text();
        must(part[text_member(type)].text().empty(), "a new part has text");
        list.push_back({std::string(type), {}});
    }

    PartSeen* part_of(std::vector<PartSeen>& list, JsonRef index) {
        const int64_t at = index.integer().value_or(-1);
        if (at < 0 || at >= static_cast<int64_t>(list.size())) {
            must(false, "a part that was never added");
            return nullptr;
        }
        must(!list[static_cast<size_t>(at)].done, "a part that has ended goes on");
        return &list[static_cast<size_t>(at)];
    }

    void words(ItemSeen& item, JsonRef e, std::string_view kind) {
        const bool summary = kind == "reasoning_summary_text";
        PartSeen* const part =
            part_of(summary ? item.summary : item.content, e[summary ? "summary_index" : "content_index"]);
        if (!part) return;
        must(part->type == (summary ? "summary_text" : kind), "words of another kind than the part's");
        must(!part->text_done, "words behind their end");
        if (type_.ends_with(".delta")) {
            must(e["delta"].is_string(), "a delta without text");
            part->text += e["delta"].text();
        } else {
            part->text_done = true;
            must(e[text_member(part->type)].text() == part->text, "done is not the sum of the deltas");
        }
    }

    void part_done(PartSeen* part, JsonRef said) {
        if (!part) return;
        part->done = true;
        must(part->text_done || !rules_.ours, "a part ends before its text");
        must(said["type"].text() == part->type, "a part ends as another kind");
        must(said[text_member(part->type)].text() == part->text, "the part is not the sum of its deltas");
        if (rules_.ours)
            must(static_cast<int64_t>(said["annotations"].size()) == part->annotations, "annotations differ");
    }

    void annotation(ItemSeen& item, JsonRef e) {
        PartSeen* const part = part_of(item.content, e["content_index"]);
        if (!part) return;
        must(e["annotation_index"].integer() == part->annotations || !rules_.ours,
             "annotation_index is not the next one");
        ++part->annotations;
    }

    void call(ItemSeen& item, JsonRef e) {
        must(is_call(item), "arguments of something that is no call");
        must(!item.arguments_done, "arguments behind their end");
        must((item.type == "function_call") == (type_.find("function_call") != std::string::npos),
             "another kind of call");
        if (type_.ends_with(".delta")) {
            item.arguments += e["delta"].text();
            return;
        }
        item.arguments_done = true;
        must(e[arguments_member(item)].text() == item.arguments, "done is not the sum of the deltas");
    }

    void parts_equal(const std::vector<PartSeen>& seen, JsonRef list) {
        if (!rules_.ours && seen.empty()) return;
        must(list.size() == seen.size(), "the item has other parts than were told");
        size_t i = 0;
        for (const JsonRef p : list) {
            if (i >= seen.size()) return;
            must(seen[i].done || !rules_.ours, "the item ends before its part");
            must(p[text_member(seen[i].type)].text() == seen[i].text, "the item's text is not what was told");
            ++i;
        }
    }

    void item_done(ItemSeen& item, JsonRef said) {
        item.done = true;
        item.raw = said.raw();
        must(said["id"].text() == item.id || !rules_.ours, "an item ends under another id");
        must(said["type"].text() == item.type, "an item ends as another kind");
        if (item.type == "message" || item.type == "reasoning") {
            parts_equal(item.content, said["content"]);
            parts_equal(item.summary, said["summary"]);
            heard_.sealed += said["encrypted_content"].text();
        }
        if (!is_call(item)) return;
        must(item.arguments_done || !rules_.ours, "a call ends before its arguments");
        must(said[arguments_member(item)].text() == item.arguments || (!rules_.ours && item.arguments.empty()),
             "the call's arguments are not what was told");
    }

    void gather() {
        heard_.items = static_cast<int>(items_.size());
        for (const ItemSeen& item : items_) {
            heard_.arguments += item.arguments;
            for (const auto* list : {&item.content, &item.summary})
                for (const PartSeen& p : *list)
                    (p.type == "output_text" ? heard_.text
                     : p.type == "refusal"   ? heard_.refusal
                                             : heard_.reasoning) += p.text;
        }
    }

    const ResponsesRules rules_;
    ResponsesHeard heard_;
    std::string type_, id_;
    std::vector<ItemSeen> items_;
    int64_t sequence_ = -1;
    bool begun_ = false, over_ = false, failed_ = false;
};

/// One event's lines, without their ends.
void one_event(std::string_view text, Client& client) {
    std::string_view name;
    std::string data;
    while (!text.empty()) {
        const size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        const auto value = [&](std::string_view field) {
            std::string_view v = line.substr(field.size());
            return v.starts_with(' ') ? v.substr(1) : v;
        };
        if (line.starts_with("event:")) name = value("event:");
        if (line.starts_with("data:")) data.append(data.empty() ? "" : "\n").append(value("data:"));
    }
    if (!data.empty()) client.event(name, data);
}
}  // namespace

ResponsesHeard hear_responses(std::string_view stream, ResponsesRules rules) {
    Client client(rules);
    while (!stream.empty()) {
        const size_t lf = stream.find("\n\n"), crlf = stream.find("\r\n\r\n");
        const size_t at = std::min({lf, crlf, stream.size()});
        one_event(stream.substr(0, at), client);
        stream.remove_prefix(std::min(at + (at == crlf ? 4 : 2), stream.size()));
    }
    return client.end();
}

std::string judge_responses_body(std::string_view json) { return Client({}).body(json); }

}  // namespace aig::dialect::testing
