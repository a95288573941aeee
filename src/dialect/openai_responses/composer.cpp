#include "dialect/openai_responses/composer.h"

#include <fmt/format.h>

#include <algorithm>

#include "dialect/openai_responses/frame.h"

namespace aig::dialect::responses {
using namespace canon;
namespace {

constexpr size_t most_items = 4'096;

std::string_view id_prefix(OutputItem::Kind kind) {
    static constexpr std::string_view prefixes[] = {"msg", "rs", "fc", "ctc", "ig"};
    return prefixes[static_cast<size_t>(kind)];
}

bool is_image(std::string_view media_type) { return media_type.starts_with("image/"); }
}  // namespace

Composer::Composer(std::string_view stem, ToolNames names, bool streams)
    : stem_(stem), names_(std::move(names)), events_(!streams) {}

void Composer::add(const Event& e, std::string& out) {
    using K = Event::Kind;
    if (e.choice != 0) return;
    switch (e.kind) {
        case K::text:
            return speak(e, Kind::message, ItemPart::Kind::output_text, out);
        case K::refusal:
            return speak(e, Kind::message, ItemPart::Kind::refusal, out);
        case K::reasoning:
            return reason(e, out);
        case K::state:
            return keep_state(e, out);
        case K::tool_begin:
            return begin_call(e, out);
        case K::tool_arguments:
            return arguments(e, out);
        case K::annotation:
            return annotate(e, out);
        case K::logprobs:
            return add_logprobs(e);
        case K::media:
            return picture(e, out);
        case K::block:
            return lose(e.name);
        case K::finish:
            if (stop_ == StopReason::none) stop_ = e.stop;
            return;
        default:
            return;  // no place in this dialect, or written at the end
    }
}

size_t Composer::open_item(Kind kind) {
    if (items_.size() >= most_items) {
        lose("output items beyond 4,096");
        return nowhere;
    }
    OutputItem item{kind};
    item.id = fmt::format("{}_{}_{}", id_prefix(kind), stem_, items_.size());
    items_.push_back(std::move(item));
    endings_.emplace_back("in_progress");
    return items_.size() - 1;
}

/// The open item of that kind; a new one where another is open.
size_t Composer::current(Kind kind, std::string& out) {
    if (current_ != nowhere && items_[current_].kind == kind) return current_;
    end_current(out);
    current_ = open_item(kind);
    if (current_ != nowhere) events_.item_added(out, current_, items_[current_]);
    return current_;
}

size_t Composer::text_part(size_t at, ItemPart::Kind kind, int ordinal, std::string& out) {
    auto& parts = items_[at].parts;
    if (!parts.empty() && parts.back().open && parts.back().kind == kind && parts.back().ordinal == ordinal)
        return parts.size() - 1;
    end_part(at, out);
    ItemPart part{kind, {}, {}, {}};
    part.ordinal = ordinal;
    parts.push_back(std::move(part));
    events_.part_added(out, at, items_[at], parts.size() - 1);
    return parts.size() - 1;
}

void Composer::speak(const Event& e, Kind kind, ItemPart::Kind part_kind, std::string& out) {
    if (e.text.empty()) return;
    const size_t at = current(kind, out);
    if (at == nowhere) return;
    const bool counted = part_kind == ItemPart::Kind::summary_text;  // a summary comes in parts, everything else flows
    const size_t part = text_part(at, part_kind, counted ? e.index : 0, out);
    items_[at].parts[part].text += e.text;
    events_.part_delta(out, at, items_[at], part, e.text);
}

void Composer::reason(const Event& e, std::string& out) {
    // What was sealed is whole: more reasoning is another item.
    if (current_ != nowhere && !e.text.empty() && !items_[current_].sealed.empty()) end_current(out);
    speak(e, Kind::reasoning, e.name == "summary" ? ItemPart::Kind::summary_text : ItemPart::Kind::reasoning_text, out);
}

/// The slot of this dialect is encrypted_content of a reasoning item. State of a text or a call has none: it gets an
/// item without words, behind what it belongs to.
void Composer::keep_state(const Event& e, std::string& out) {
    if (e.text.empty()) return;
    const bool reasoning = current_ != nowhere && items_[current_].kind == Kind::reasoning;
    if (reasoning && e.id.empty() && items_[current_].sealed.empty()) {
        items_[current_].sealed = e.text;
        return;
    }
    states_.emplace_back(e.text);
    if (current_ == nowhere) flush_states(out);
}

void Composer::flush_states(std::string& out) {
    for (std::string& state : std::exchange(states_, {})) {
        const size_t at = open_item(Kind::reasoning);
        if (at == nowhere) return;
        events_.item_added(out, at, items_[at]);
        items_[at].sealed = std::move(state);
        end_item(at, "completed", out);
    }
}

void Composer::begin_call(const Event& e, std::string& out) {
    if (calls_.contains(e.index)) return;
    end_current(out);
    const ToolName* own = names_.find(e.name);
    const size_t at = open_item(e.custom || (own && own->custom) ? Kind::custom_call : Kind::function_call);
    if (at == nowhere) return;
    OutputItem& item = items_[at];
    item.call_id = e.id.empty() ? fmt::format("call_{}_{}", stem_, at) : std::string(e.id);
    item.name = own ? own->name : e.name.empty() ? "unnamed" : std::string(e.name);
    if (own) item.space = own->space;
    item.wrapped = own && own->custom && !e.custom;
    calls_.emplace(e.index, at);
    events_.item_added(out, at, item);
}

void Composer::arguments(const Event& e, std::string& out) {
    if (!calls_.contains(e.index)) begin_call(e, out);
    const auto call = calls_.find(e.index);
    if (call == calls_.end() || e.text.empty()) return;
    OutputItem& item = items_[call->second];
    item.arguments += e.text;
    if (!item.wrapped) events_.call_delta(out, call->second, item, e.text);
}

void Composer::annotate(const Event& e, std::string& out) {
    auto* parts = current_ == nowhere ? nullptr : &items_[current_].parts;
    if (!parts || parts->empty() || parts->back().kind != ItemPart::Kind::output_text || !parts->back().open)
        return lose("annotations");
    ItemPart& part = parts->back();
    const std::string raw = on_one_line(e.raw);
    events_.annotation(out, current_, items_[current_], parts->size() - 1, raw);
    part.annotations.append(part.annotations.empty() ? "" : ",").append(raw);
    ++part.annotation_count;
}

/// Chat's {"content":[...]}: the tokens have the same form here. They stand in the done events.
void Composer::add_logprobs(const Event& e) {
    auto* parts = current_ == nowhere ? nullptr : &items_[current_].parts;
    if (!parts || parts->empty() || parts->back().kind != ItemPart::Kind::output_text) return;
    const auto doc = JsonDoc::parse(e.raw);
    if (!doc || !doc->root()["content"].is_array()) return;
    std::string& told = parts->back().logprobs;
    for (const JsonRef token : doc->root()["content"])
        told.append(told.empty() ? "" : ",").append(on_one_line(token.raw()));
}

void Composer::picture(const Event& e, std::string& out) {
    if (!is_image(e.name) || e.text.empty()) return lose(is_image(e.name) ? "images by URL" : "audio output");
    end_current(out);
    const size_t at = open_item(Kind::image);
    if (at == nowhere) return;
    events_.item_added(out, at, items_[at]);
    items_[at].sealed = e.text;
    end_item(at, "completed", out);
}

void Composer::end_part(size_t at, std::string& out) {
    auto& parts = items_[at].parts;
    if (parts.empty() || !parts.back().open) return;
    parts.back().open = false;
    events_.part_done(out, at, items_[at], parts.size() - 1);
}

void Composer::end_item(size_t at, std::string_view status, std::string& out) {
    end_part(at, out);
    items_[at].open = false;
    endings_[at] = status;
    events_.item_done(out, at, items_[at], status);
}

void Composer::end_current(std::string& out) {
    if (current_ != nowhere) end_item(std::exchange(current_, nowhere), "completed", out);
    flush_states(out);
}

/// A call without arguments has the arguments {}: "" is not JSON.
void Composer::end_call(size_t at, bool cut_off, std::string& out) {
    OutputItem& item = items_[at];
    const std::string fragment = item.wrapped                                ? unwrapped_input(item.arguments)
                                 : item.kind == Kind::custom_call || cut_off ? std::string()
                                 : item.arguments.empty()                    ? std::string("{}")
                                                                             : std::string();
    if (item.wrapped) item.arguments.clear();
    if (!fragment.empty()) {
        item.arguments += fragment;
        events_.call_delta(out, at, item, fragment);
    }
    events_.call_done(out, at, item);
    end_item(at, cut_off ? "incomplete" : "completed", out);
}

void Composer::close(bool cut_off, std::string& out) {
    if (current_ != nowhere && cut_off) end_item(std::exchange(current_, nowhere), "incomplete", out);
    end_current(out);
    for (size_t i = 0; i < items_.size(); ++i)
        if (items_[i].open) end_call(i, cut_off, out);
}

std::string Composer::output() const {
    std::string out;
    JsonWriter w(out);
    w.begin_array();
    for (size_t i = 0; i < items_.size(); ++i) write_item(w, items_[i], endings_[i]);
    w.end_array();
    return out.substr(1, out.size() - 2);
}

std::string Composer::output_text() const {
    std::string out;
    for (const OutputItem& item : items_)
        for (const ItemPart& p : item.parts)
            if (p.kind == ItemPart::Kind::output_text) out += p.text;
    return out;
}

void Composer::lose(std::string_view what) {
    if (std::find(losses_.begin(), losses_.end(), what) == losses_.end()) losses_.emplace_back(what);
}

}  // namespace aig::dialect::responses
