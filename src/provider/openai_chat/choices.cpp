#include "provider/openai_chat/choices.h"

#include <algorithm>
#include <array>

#include "canon/openai/shape.h"

namespace aig::provider::openai {
using namespace canon;
using Kind = Event::Kind;

namespace {
Error garbage(std::string_view why) {
    return Error(ErrorCode::upstream_garbage, "the provider's reply is not understandable: " + std::string(why));
}
template <size_t N>
bool one_of(std::string_view name, const std::array<std::string_view, N>& names) {
    return std::find(names.begin(), names.end(), name) != names.end();
}
constexpr std::array<std::string_view, 6> known_top = {"id", "object", "created", "model", "choices", "usage"};
constexpr std::array<std::string_view, 6> known_choice = {"index",         "delta",    "message",
                                                          "finish_reason", "logprobs", "error"};
constexpr std::array<std::string_view, 11> known_message = {
    "role",   "content",       "refusal",           "reasoning_content", "reasoning",    "tool_calls",
    "images", "function_call", "reasoning_details", "annotations",       "extra_content"};

bool says_something(JsonRef v) {
    return v && !v.is_null() && !(v.is_string() && v.text().empty()) &&
           !((v.is_array() || v.is_object()) && v.size() == 0);
}
}  // namespace

void Choices::emit(std::vector<Event>& out, Event event) {
    content_ |= event.is_content();
    out.push_back(event);
}

void Choices::fail(Error error, std::vector<Event>& out) {
    error_ = std::move(error);
    out.push_back(Event{.kind = Kind::error});
}

Status Choices::read(JsonRef root, std::vector<Event>& out) {
    if (!root.is_object()) return garbage("not a JSON object");
    if (canon::openai::is_error(root)) {
        fail(canon::openai::in_band_error(root), out);
        return {};
    }
    started(root, out);
    for (const JsonRef c : root["choices"]) {
        TRYV(choice(c, out));
        if (error_) return {};
    }
    usage(root, out);
    for (const JsonRef m : root) {
        if (one_of(m.key(), known_top) || !says_something(m) || extras_given_.size() > 64) continue;
        if (!extras_given_.emplace(m.key()).second) continue;
        out.push_back(Event{.kind = Kind::extra, .choice = -1, .name = m.key(), .raw = m.raw()});
    }
    return {};
}

void Choices::started(JsonRef root, std::vector<Event>& out) {
    if (started_ || !root["choices"].is_array()) return;
    started_ = true;
    out.push_back(Event{.kind = Kind::started, .id = root["id"].text(), .name = root["model"].text()});
}

Status Choices::choice(JsonRef c, std::vector<Event>& out) {
    if (!c.is_object()) return garbage("a choice is not an object");
    const int64_t index = c["index"].is_null() ? 0 : c["index"].integer().value_or(-1);
    if (index < 0 || index >= most_choices) return garbage("a choice has no proper index");
    if (choices_.size() <= static_cast<size_t>(index)) choices_.resize(static_cast<size_t>(index) + 1);
    const int at = static_cast<int>(index);
    choices_[static_cast<size_t>(at)].begun = true;

    const JsonRef said = c["delta"].is_object() ? c["delta"] : c["message"];
    TRYV(message(at, said, out));
    if (const JsonRef l = c["logprobs"]; says_something(l))
        out.push_back(Event{.kind = Kind::logprobs, .choice = at, .raw = l.raw()});
    for (const JsonRef m : c)
        if (!one_of(m.key(), known_choice) && says_something(m))
            out.push_back(Event{.kind = Kind::extra, .choice = at, .name = m.key(), .raw = m.raw()});
    if (c["error"].is_object()) {
        fail(canon::openai::in_band_error(c["error"]), out);
        return {};
    }
    Choice& state = choices_[static_cast<size_t>(at)];
    if (const auto word = c["finish_reason"].text(); !word.empty() && !state.finished) {
        give_details(at, out);
        state.finished = true;
        emit(out, Event{.kind = Kind::finish, .choice = at, .raw = word, .stop = canon::openai::stop_of(word)});
    }
    return {};
}

void Choices::text(Kind kind, int choice, JsonRef value, std::vector<Event>& out) {
    if (!value.text().empty()) emit(out, Event{.kind = kind, .choice = choice, .text = value.text()});
}

Status Choices::message(int index, JsonRef m, std::vector<Event>& out) {
    // The same reasoning under both names is one reasoning.
    const JsonRef reasoning = says_something(m["reasoning_content"]) ? m["reasoning_content"] : m["reasoning"];
    text(Kind::reasoning, index, reasoning, out);
    Choice& its = choices_[static_cast<size_t>(index)];
    its.plain_reasoning |= says_something(reasoning);
    if (!its.plain_reasoning)
        for (const JsonRef d : m["reasoning_details"])
            text(Kind::reasoning, index, d["summary"] ? d["summary"] : d["text"], out);
    reasoning_details(its, m["reasoning_details"]);
    // What follows the reasoning ends it.
    if (says_something(m["content"]) || says_something(m["tool_calls"]) || says_something(m["images"]))
        give_details(index, out);
    if (m["content"].is_string())
        text(Kind::text, index, m["content"], out);
    else
        content_parts(index, m["content"], out);
    text(Kind::refusal, index, m["refusal"], out);
    images(index, m["images"], out);
    annotations(index, m["annotations"], out);
    signature(index, m, {}, out);
    TRYV(tool_calls(index, m["tool_calls"], out));
    if (const JsonRef f = m["function_call"]; f.is_object()) TRYV(tool_call(index, JsonRef(), f, out));
    for (const JsonRef x : m)
        if (!one_of(x.key(), known_message) && says_something(x)) {
            content_ |= x.key() == "audio";
            out.push_back(Event{.kind = Kind::extra, .choice = index, .name = x.key(), .raw = x.raw()});
        }
    return {};
}

/// Mistral's content as parts ("Reasoning", 2025-06): thinking and text.
void Choices::content_parts(int index, JsonRef content, std::vector<Event>& out) {
    for (const JsonRef p : content) {
        if (p["type"].text() == "thinking" && p["thinking"].is_array()) {
            for (const JsonRef t : p["thinking"]) text(Kind::reasoning, index, t["text"], out);
        } else if (p["type"].text() == "thinking") {
            text(Kind::reasoning, index, p["thinking"], out);
        } else if (p["text"].is_string()) {
            text(Kind::text, index, p["text"], out);
        } else if (p.is_object()) {
            out.push_back(Event{.kind = Kind::extra, .choice = index, .name = "content", .raw = p.raw()});
        }
    }
}

Status Choices::tool_calls(int index, JsonRef calls, std::vector<Event>& out) {
    for (const JsonRef c : calls) {
        if (!c.is_object()) return garbage("a tool call is not an object");
        TRYV(tool_call(index, c, c["function"].is_object() ? c["function"] : c["custom"], out));
        signature(index, c, c["id"].text(), out);
    }
    return {};
}

/// Which call a fragment belongs to. Its index says so, unless a new id comes under an old index: Gemini's OpenAI
/// endpoint gives every parallel call the index 0 (2025). Without index and id it continues the last call.
Result<size_t> Choices::ordinal(Choice& choice, JsonRef call) const {
    const int64_t wire_index = call["index"].integer().value_or(-1);
    const auto id = call["id"].text();
    for (size_t i = choice.calls.size(); i-- > 0;) {
        const ToolCall& known = choice.calls[i];
        const bool same_id = id.empty() || known.id.empty() || known.id == id;
        if (same_id && (known.wire_index == wire_index || wire_index < 0)) return i;
    }
    if (choice.calls.size() >= most_tool_calls) return garbage("more than 1,024 tool calls");
    choice.calls.push_back({wire_index, std::string(id), {}, false, false});
    return choice.calls.size() - 1;
}

Status Choices::tool_call(int index, JsonRef call, JsonRef function, std::vector<Event>& out) {
    Choice& state = choices_[static_cast<size_t>(index)];
    TRY(const size_t at, ordinal(state, call));
    ToolCall& known = state.calls[at];
    if (known.id.empty()) known.id = call["id"].text();
    if (!known.begun && known.name.empty()) known.name = function["name"].text();
    if (!known.begun && call["custom"].is_object()) known.custom = true;

    const JsonRef arguments = function["arguments"] ? function["arguments"] : function["input"];
    // Arguments are a string of JSON; some servers send the object itself.
    const auto fragment =
        arguments.is_string() ? arguments.text() : (arguments.is_object() ? arguments.raw() : std::string_view{});
    if (!known.begun && (!known.name.empty() || !fragment.empty())) {
        known.begun = true;
        emit(out, Event{.kind = Kind::tool_begin,
                        .choice = index,
                        .index = static_cast<int>(at),
                        .custom = known.custom,
                        .id = known.id,
                        .name = known.name});
    }
    if (!fragment.empty())
        emit(out, Event{.kind = Kind::tool_arguments,
                        .choice = index,
                        .index = static_cast<int>(at),
                        .custom = known.custom,
                        .text = fragment});
    return {};
}

void Choices::usage(JsonRef root, std::vector<Event>& out) {
    auto u = canon::openai::usage_of(root["usage"]);
    if (!u && !usage_seen_) u = canon::openai::usage_of(root["x_groq"]["usage"]);
    if (!u) return;
    usage_seen_ = true;
    out.push_back(Event{.kind = Kind::usage, .usage = *u});
}

bool Choices::any_finished() const {
    return std::any_of(choices_.begin(), choices_.end(), [](const Choice& c) { return c.finished; });
}
bool Choices::all_finished() const {
    return any_finished() &&
           std::all_of(choices_.begin(), choices_.end(), [](const Choice& c) { return !c.begun || c.finished; });
}

}  // namespace aig::provider::openai
