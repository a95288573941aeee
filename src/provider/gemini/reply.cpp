#include <fmt/format.h>

#include "canon/state.h"
#include "provider/gemini/decode.h"

namespace aig::provider::gemini {
namespace {

using canon::Event;
using Kind = Event::Kind;
using canon::StopReason;

constexpr int most_candidates = 128, most_calls = 1'024;
constexpr size_t most_cited = size_t{4} << 20;  // text kept for citations

Event event(Kind kind, int choice, std::string_view text = {}) {
    Event e{.kind = kind};
    e.choice = choice;
    e.text = text;
    return e;
}
Event raw_event(Kind kind, int choice, std::string_view name, std::string_view raw) {
    Event e = event(kind, choice);
    e.name = name;
    e.raw = raw;
    return e;
}
Error garbage(std::string_view why) {
    return Error(ErrorCode::upstream_garbage, "the provider's reply is not understandable: " + std::string(why));
}

/// The member of a part that says what it is, for parts this version has no event for.
std::string_view kind_of(JsonRef part) {
    for (const JsonRef m : part)
        if (m.key() != "thoughtSignature" && m.key() != "thought" && m.is_object()) return m.key();
    return "part";
}

}  // namespace

Status Reply::chunk(JsonRef root, Events& out) {
    if (!root.is_object()) return garbage("not a JSON object");
    if (id_.empty()) id_ = root["responseId"].text();
    if (!begun_) {
        begun_ = true;
        Event e = event(Kind::started, 0);
        e.id = root["responseId"].text();
        e.name = root["modelVersion"].text();
        out.push_back(e);
    }
    const JsonRef list = root["candidates"];
    if (list && !list.is_null() && !list.is_array()) return garbage("candidates is not an array");
    int place = 0;
    for (const JsonRef c : list) {
        if (!c.is_object()) return garbage("a candidate is not an object");
        TRYV(candidate(c, static_cast<int>(c["index"].integer().value_or(place)), out));
        ++place;
    }
    blocked(root, out);
    if (const auto u = canon::gemini_usage(root["usageMetadata"])) {
        Event e = event(Kind::usage, 0);
        e.usage = *u;
        out.push_back(e);
    }
    return {};
}

Status Reply::candidate(JsonRef json, int index, Events& out) {
    if (index < 0 || index >= most_candidates) return garbage("a candidate has no proper index");
    Candidate& c = candidates_[index];
    for (const JsonRef p : json["content"]["parts"])
        if (p.is_object()) part(p, index, c, out);
    annotations(json, index, c, out);
    if (const JsonRef l = json["logprobsResult"]; l.is_object())
        out.push_back(raw_event(Kind::logprobs, index, {}, own(logprobs_of(l))));
    for (const auto name : {"groundingMetadata", "urlContextMetadata", "citationMetadata"})
        if (const JsonRef m = json[name]; m.is_object() && m.size())
            out.push_back(raw_event(Kind::extra, index, name, m.raw()));
    // Tools that the provider runs by itself make it say STOP more than once: the last word counts.
    const auto word = canon::gemini::finish_word(json["finishReason"]);
    const auto stop = canon::gemini::stop_of(json["finishReason"]);
    if (stop == StopReason::none) return {};
    c.finished = true;
    c.stop = stop;
    c.word = word;
    return {};
}

void Reply::part(JsonRef p, int index, Candidate& c, Events& out) {
    last_call_.clear();
    content(p, index, c, out);
    const auto signature = p["thoughtSignature"].text();
    if (signature.empty()) return;
    Event e = event(Kind::state, index, signature);
    e.name = canon::state_kind::thought;
    e.id = last_call_.empty() ? std::string_view{} : own(last_call_);
    out.push_back(e);
}

void Reply::content(JsonRef p, int index, Candidate& c, Events& out) {
    const JsonRef data = p["inlineData"], file = p["fileData"], text = p["text"];
    const bool thought = p["thought"].boolean();
    if (const JsonRef f = p["functionCall"]; f.is_object()) return call(f, index, c, out);
    if (text.is_string()) {
        if (text.text().empty()) return;
        c.output = true;
        Event e = event(thought ? Kind::reasoning : Kind::text, index, text.text());
        if (thought) e.name = "summary";
        if (!thought && c.text.size() < most_cited) c.text += text.text();
        out.push_back(e);
        return;
    }
    c.output = true;
    if (data.is_object() && !thought) {
        Event e = event(Kind::media, index, data["data"].text());
        e.name = data["mimeType"].text();
        out.push_back(e);
    } else if (file.is_object() && !thought) {
        Event e = event(Kind::media, index);
        e.name = file["mimeType"].text();
        e.id = file["fileUri"].text();
        out.push_back(e);
    } else if (p.size() > (p["thoughtSignature"] ? 1u : 0u)) {
        out.push_back(raw_event(Kind::block, index, kind_of(p), p.raw()));
    }
}

void Reply::call(JsonRef f, int index, Candidate& c, Events& out) {
    if (f["willContinue"].boolean() || f["partialArgs"] || (c.open && f["name"].text().empty()))
        return call_piece(f, index, c, out);
    close_call(index, c, out);
    if (c.calls >= most_calls) return;
    begin_call(index, c, f["id"].text(), f["name"].text(), out);
    Event e = event(Kind::tool_arguments, index, f["args"].is_object() ? f["args"].raw() : "{}");
    e.index = c.calls - 1;
    out.push_back(e);
}

/// Ids are made here where the provider gives none: results are paired by them, and state is remembered by them.
void Reply::begin_call(int index, Candidate& c, std::string_view id, std::string_view name, Events& out) {
    c.output = true;
    last_call_ = id.empty() ? fmt::format("call_{:016x}_{}", canon::state_print(id_), calls_) : std::string(id);
    ++calls_;
    Event e = event(Kind::tool_begin, index);
    e.index = c.calls++;
    e.id = own(last_call_);
    e.name = own(std::string(name));
    out.push_back(e);
}

void Reply::call_piece(JsonRef f, int index, Candidate& c, Events& out) {
    if (const auto name = f["name"].text(); !name.empty()) {
        close_call(index, c, out);
        if (c.calls >= most_calls) return;
        begin_call(index, c, f["id"].text(), name, out);
        c.open.emplace();
        c.open->id = last_call_;
    }
    if (!c.open) return;
    for (const JsonRef piece : f["partialArgs"]) c.open->args.add(piece);
    if (!f["willContinue"].boolean()) close_call(index, c, out);
}

void Reply::close_call(int index, Candidate& c, Events& out) {
    if (!c.open) return;
    Event e = event(Kind::tool_arguments, index, own(c.open->args.json()));
    e.index = c.calls - 1;
    out.push_back(e);
    c.open.reset();
}

void Reply::annotations(JsonRef json, int index, Candidate& c, Events& out) {
    for (std::string& annotation : url_citations(json, c.text)) cite(std::move(annotation), index, c, out);
}

/// Streams repeat their citations while they grow.
void Reply::cite(std::string annotation, int index, Candidate& c, Events& out) {
    if (c.cited.size() >= 1'000 || !c.cited.insert(annotation).second) return;
    out.push_back(raw_event(Kind::annotation, index, {}, own(std::move(annotation))));
}

/// A blocked prompt has no candidate at all: it is a refusal, not an empty reply.
void Reply::blocked(JsonRef root, Events& out) {
    const auto reason = canon::gemini::block_reason(root);
    if (reason.empty() || blocked_) return;
    blocked_ = true;
    const auto message = root["promptFeedback"]["blockReasonMessage"].text();
    out.push_back(
        event(Kind::refusal, 0,
              own(message.empty() ? fmt::format("The prompt was blocked: {}", reason) : std::string(message))));
    out.push_back(raw_event(Kind::extra, -1, "promptFeedback", root["promptFeedback"].raw()));
    Candidate& c = candidates_[0];
    c.finished = c.output = true;
    c.stop = StopReason::refusal;
    c.word = reason;
}

bool Reply::any_finished() const {
    for (const auto& [index, c] : candidates_)
        if (c.finished) return true;
    return false;
}

bool Reply::any_output() const {
    for (const auto& [index, c] : candidates_)
        if (c.output) return true;
    return false;
}

Status Reply::end(Events& out) {
    for (auto& [index, c] : candidates_) {
        close_call(index, c, out);
        if (!c.finished) continue;
        // The provider could not read what its own model wrote: nobody's answer, and no other target tried yet.
        if (canon::gemini::broken_call(c.word) && !any_output())
            return Error(ErrorCode::upstream_error, "the model wrote a function call that cannot be read: " + c.word);
        Event e = event(Kind::finish, index);
        e.stop = c.stop == StopReason::end && c.calls > 0 ? StopReason::tool_calls : c.stop;
        e.raw = own(c.word);
        out.push_back(e);
    }
    return {};
}

}  // namespace aig::provider::gemini
