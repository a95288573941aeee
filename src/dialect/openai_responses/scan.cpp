#include "dialect/openai_responses/scan.h"

#include <algorithm>

#include "canon/openai_responses/shape.h"
#include "canon/state.h"

namespace aig::dialect::responses {
using namespace canon;
namespace shape = canon::openai_responses;
namespace {

constexpr size_t most_kept = size_t{64} << 20;
constexpr size_t most_states = 4'096;

bool ends(std::string_view type) {
    return type == "response.completed" || type == "response.incomplete" || type == "response.failed" ||
           type == "response.cancelled";
}

std::optional<OutputItem::Kind> kind_of(std::string_view type) {
    using Kind = OutputItem::Kind;
    if (type == "message") return Kind::message;
    if (type == "reasoning") return Kind::reasoning;
    if (type == "function_call") return Kind::function_call;
    if (type == "custom_tool_call") return Kind::custom_call;
    return {};
}

ItemPart::Kind part_kind(std::string_view type) {
    using Kind = ItemPart::Kind;
    if (type == "refusal") return Kind::refusal;
    if (type == "reasoning_text") return Kind::reasoning_text;
    return type == "summary_text" ? Kind::summary_text : Kind::output_text;
}

void note_state(std::string_view state, Facts& facts) {
    if (!state.empty() && facts.states.size() < most_states) facts.states.push_back(state_print(state));
}

/// Texts of an item that came without deltas.
void count_text(JsonRef item, Facts& facts) {
    for (const auto list : {"content", "summary"})
        if (item[list].is_array())
            for (const JsonRef p : item[list]) {
                facts.delivered.add(p["text"].text());
                facts.delivered.add(p["refusal"].text());
            }
    for (const auto member : {"name", "arguments", "input"}) facts.delivered.add(item[member].text());
}
}  // namespace

Span ReplyScan::span(JsonRef v) const {
    if (!v) return {};
    const size_t at = doc_.offset(v.raw());
    return {at, at + v.raw().size()};
}

Result<const Seen*> ReplyScan::event(std::string_view json, std::string_view name, Facts& facts) {
    if (auto parsed = doc_.assign(json, "logprobs"); !parsed || !doc_.root().is_object())
        return Error(ErrorCode::upstream_garbage, "the provider sent an event that is not a JSON object");
    const JsonRef e = doc_.root();
    seen_ = {};
    const auto type = e["type"].text();
    if (const auto n = e["sequence_number"].integer()) next_ = std::max(next_, *n + 1);
    const JsonRef object = e["response"];
    if (type == "error" || name == "error" || (type.empty() && shape::is_failed(e))) {
        facts.error = shape::in_band_error(e);
    } else if (type == "response.failed" || type == "response.cancelled") {
        facts.error = shape::in_band_error(object);
    } else if (object.is_object()) {
        begun_ = true;
        response(object, facts);
        if (ends(type)) conclude(object, facts);
    } else if (type == "response.output_item.added") {
        item_added(e, facts);
    } else if (type == "response.output_item.done") {
        item_done(e, facts);
    } else if (type == "response.content_part.added" || type == "response.reasoning_summary_part.added") {
        part_added(e);
    } else if (type == "response.content_part.done" || type == "response.reasoning_summary_part.done") {
        part_done(e);
    } else if (type.ends_with(".delta")) {
        delta(e, type, facts);
    }
    return &seen_;
}

Result<const Seen*> ReplyScan::body(std::string_view json, Facts& facts) {
    if (auto parsed = doc_.assign(json); !parsed || !doc_.root().is_object())
        return Error(ErrorCode::upstream_garbage, "the provider's reply is not a JSON object");
    const JsonRef object = doc_.root();
    seen_ = {};
    if (shape::is_failed(object)) {
        facts.error = shape::in_band_error(object);
        return &seen_;
    }
    if (!object["output"].is_array() && !object["status"])
        return Error(ErrorCode::upstream_garbage, "the provider's reply is not a response");
    response(object, facts);
    conclude(object, facts);
    return &seen_;
}

void ReplyScan::response(JsonRef object, Facts& facts) {
    seen_.has_response = true;
    ResponsePlaces& p = seen_.places;
    p.object = span(object);
    for (const JsonRef m : object) {
        const auto key = m.key();
        if (key == "id" && m.is_string()) p.cuts.emplace_back(span(m), json_string(frame_.id()));
        if (key == "model" && m.is_string()) p.cuts.emplace_back(span(m), model_json_);
        if (key == "previous_response_id" && frame_.previous_json() != "null")
            p.cuts.emplace_back(span(m), frame_.previous_json());
        if (key == "background" && frame_.background()) p.cuts.emplace_back(span(m), "true");
        if (key != "usage") continue;
        if (!m.is_object()) {
            p.null_usage = span(m);
            continue;
        }
        p.usage = span(m);
        p.cost = span(m["cost"]);
        p.usage_empty = m.size() == 0;
        if (auto usage = shape::usage_of(m)) facts.usage = std::move(usage);
    }
}

void ReplyScan::conclude(JsonRef object, Facts& facts) {
    seen_.terminal = facts.terminal = facts.finished = true;
    facts.stop = shape::stop_of(object);
    const bool counted = facts.delivered.bytes > 0;
    withheld_ = object["output"].size() == 0 && !done_.empty();
    if (!object["output"].is_array()) return;
    for (const JsonRef item : object["output"]) {
        if (done_.empty()) item_facts(item, facts);
        if (!counted) count_text(item, facts);
    }
}

/// What makes an item an output: text, a call, a provider's own tool.
void ReplyScan::item_facts(JsonRef item, Facts& facts) {
    const auto type = item["type"].text();
    note_state(item["encrypted_content"].text(), facts);
    note_state(item["call_id"].text(), facts);
    const bool words = type == "message" || type == "reasoning";
    if (!words) {
        facts.empty_output = false;
        return;
    }
    if (!item["encrypted_content"].text().empty()) facts.empty_output = false;
    for (const auto list : {"content", "summary"})
        if (item[list].is_array())
            for (const JsonRef p : item[list])
                if (!p["text"].text().empty() || !p["refusal"].text().empty()) facts.empty_output = false;
}

void ReplyScan::item_added(JsonRef e, Facts& facts) {
    const JsonRef item = e["item"];
    const auto type = item["type"].text();
    const auto index = e["output_index"].integer();
    if (type != "message" && type != "reasoning") {  // a call of whatever kind
        facts.content = true;
        facts.empty_output = false;
        facts.delivered.add(item["name"].text());
    }
    const auto kind = kind_of(type);
    if (!kind || !index || open_.size() > 4'096) return;
    OutputItem open{*kind};
    open.id = item["id"].text();
    open.call_id = item["call_id"].text();
    open.name = item["name"].text();
    open.space = item["namespace"].text();
    open_.insert_or_assign(*index, std::move(open));
}

void ReplyScan::item_done(JsonRef e, Facts& facts) {
    const JsonRef item = e["item"];
    item_facts(item, facts);
    if (!facts.empty_output) facts.content = true;
    const auto index = e["output_index"].integer();
    if (!index) return;
    open_.erase(*index);
    kept_ += item.raw().size();
    if (kept_ <= most_kept) done_.insert_or_assign(*index, std::string(item.raw()));
}

ItemPart* ReplyScan::part_of(JsonRef e) {
    const auto item = open_.find(e["output_index"].integer().value_or(-1));
    if (item == open_.end()) return nullptr;
    const bool summary = !e["summary_index"].is_null();
    const auto wanted = e[summary ? "summary_index" : "content_index"].integer().value_or(0);
    int64_t n = 0;
    for (ItemPart& p : item->second.parts)
        if ((p.kind == ItemPart::Kind::summary_text) == summary && n++ == wanted) return &p;
    return nullptr;
}

void ReplyScan::part_added(JsonRef e) {
    const auto item = open_.find(e["output_index"].integer().value_or(-1));
    if (item == open_.end() || item->second.parts.size() > 4'096) return;
    item->second.parts.push_back({part_kind(e["part"]["type"].text()), std::string(e["part"]["text"].text()), {}, {}});
}

void ReplyScan::part_done(JsonRef e) {
    if (ItemPart* p = part_of(e)) p->open = false;
}

void ReplyScan::delta(JsonRef e, std::string_view type, Facts& facts) {
    const auto text = e["delta"].text();
    if (text.empty()) return;
    facts.content = true;
    facts.empty_output = false;
    facts.delivered.add(text);
    if (kept_ += text.size(); kept_ > most_kept) return;
    const auto item = open_.find(e["output_index"].integer().value_or(-1));
    if (item == open_.end()) return;
    if (type == "response.function_call_arguments.delta" || type == "response.custom_tool_call_input.delta")
        item->second.arguments += text;
    else if (ItemPart* p = part_of(e))
        p->text += text;
}

std::string patched(std::string_view text, const ResponsePlaces& places, const Bill* bill) {
    auto cuts = places.cuts;
    const auto at = [](size_t position) { return Span{position, position}; };
    if (bill) {
        const bool believed = places.usage.present() && !bill->usage.estimated;
        if (believed && places.cost.present())
            cuts.emplace_back(places.cost, cost_number(*bill));
        else if (believed)
            cuts.emplace_back(at(places.usage.begin + 1),
                              "\"cost\":" + cost_number(*bill) + (places.usage_empty ? "" : ","));
        else if (places.usage.present() || places.null_usage.present())
            cuts.emplace_back(places.usage.present() ? places.usage : places.null_usage, usage_object(*bill));
        else
            cuts.emplace_back(at(places.object.begin + 1), "\"usage\":" + usage_object(*bill) + ',');
    }
    std::stable_sort(cuts.begin(), cuts.end(),
                     [](const auto& a, const auto& b) { return a.first.begin < b.first.begin; });
    std::string out;
    size_t from = 0;
    for (const auto& [span, replacement] : cuts) {
        out.append(text.substr(from, span.begin - from)).append(replacement);
        from = span.end;
    }
    out.append(text.substr(from));
    return out;
}

}  // namespace aig::dialect::responses
