#include "dialect/gemini/reply.h"

#include <algorithm>

#include "canon/gemini/shape.h"
#include "dialect/gemini/gemini.h"

namespace aig::dialect::google {
using namespace canon;
using Kind = Event::Kind;

namespace {
constexpr int most_candidates = 128;
constexpr size_t most_calls = 1'024, most_citations = 1'000;

/// The byte at which character `n` begins.
int64_t byte_of(std::string_view text, int64_t n) {
    size_t at = 0;
    for (int64_t seen = 0; at < text.size(); ++at)
        if ((static_cast<unsigned char>(text[at]) & 0xC0) != 0x80 && seen++ == n) break;
    return static_cast<int64_t>(at);
}

void write_grounding(JsonWriter& w, const Candidate& c) {
    w.key("groundingMetadata").begin_object().key("groundingChunks").begin_array();
    for (const Citation& s : c.citations)
        w.begin_object()
            .key("web")
            .begin_object()
            .field("uri", s.url)
            .field("title", s.title)
            .end_object()
            .end_object();
    w.end_array().key("groundingSupports").begin_array();
    int64_t i = 0;
    for (const Citation& s : c.citations) {
        const int64_t begin = byte_of(c.text, s.start), end = std::max(begin, byte_of(c.text, s.end));
        w.begin_object().key("segment").begin_object().field("startIndex", begin).field("endIndex", end);
        w.field("text", std::string_view(c.text).substr(static_cast<size_t>(begin), static_cast<size_t>(end - begin)));
        w.end_object().key("groundingChunkIndices").begin_array().integer(i++).end_array().end_object();
    }
    w.end_array().end_object();
}

void write_token(JsonWriter& w, JsonRef t) {
    w.begin_object().field("token", t["token"].text());
    w.field_raw("logProbability", t["logprob"].is_number() ? t["logprob"].raw() : "0").end_object();
}

void write_logprobs(JsonWriter& w, const std::string& inside) {
    auto doc = JsonDoc::parse("[" + inside + "]");
    if (!doc) return;
    w.key("logprobsResult").begin_object().key("chosenCandidates").begin_array();
    for (const JsonRef t : doc->root()) write_token(w, t);
    w.end_array().key("topCandidates").begin_array();
    for (const JsonRef t : doc->root()) {
        w.begin_object().key("candidates").begin_array();
        for (const JsonRef top : t["top_logprobs"]) write_token(w, top);
        w.end_array().end_object();
    }
    w.end_array().end_object();
}

}  // namespace

Candidate* ReplyState::candidate(const Event& event) {
    if (event.choice < 0 || event.choice >= most_candidates) return nullptr;
    return &candidates_[event.choice];
}

std::map<int, Candidate>& ReplyState::candidates() {
    std::erase_if(candidates_, [](const auto& c) { return !c.second.begun; });
    if (candidates_.empty()) candidates_[0].begun = true;
    return candidates_;
}

/// Arguments of a call that never began are nobody's.
void ReplyState::call(Candidate& c, const Event& event) {
    const auto known = c.ordinal_of.find(event.index);
    if (event.kind == Kind::tool_arguments) {
        if (known != c.ordinal_of.end()) c.calls[known->second].arguments += event.text;
    } else if (known == c.ordinal_of.end() && c.calls.size() < most_calls) {
        c.ordinal_of.emplace(event.index, c.calls.size());
        c.calls.push_back({std::string(event.id), std::string(event.name), {}, {}, event.custom});
    }
}

/// State of a call stands on its part; of anything else it is the renderer's to place.
bool ReplyState::signature(const Event& event) {
    if (event.id.empty()) return false;
    Candidate* c = candidate(event);
    if (!c) return true;
    for (Call& known : c->calls)
        if (known.id == event.id) {
            known.signature = event.text;
            return true;
        }
    return false;
}

bool ReplyState::gather(const Event& e) {
    if (e.kind == Kind::state) return signature(e);
    if (e.kind == Kind::block) {
        if (std::find(losses_.begin(), losses_.end(), "server tool blocks") == losses_.end())
            losses_.push_back("server tool blocks");
        return true;
    }
    Candidate* c = nullptr;
    switch (e.kind) {
        case Kind::tool_begin:
        case Kind::tool_arguments:
        case Kind::annotation:
        case Kind::logprobs:
        case Kind::finish:
            c = candidate(e);
            break;
        default:
            return false;
    }
    if (!c) return true;
    c->begun = true;
    if (e.kind == Kind::tool_begin || e.kind == Kind::tool_arguments) {
        call(*c, e);
    } else if (e.kind == Kind::annotation) {
        auto doc = JsonDoc::parse(e.raw);
        if (!doc || doc->root()["url"].text().empty() || c->citations.size() >= most_citations) return true;
        const JsonRef a = doc->root();
        c->citations.push_back({a["start_index"].integer().value_or(0), a["end_index"].integer().value_or(0),
                                std::string(a["url"].text()), std::string(a["title"].text())});
    } else if (e.kind == Kind::logprobs) {
        auto doc = JsonDoc::parse(e.raw);
        if (doc)
            for (const JsonRef t : doc->root()["content"]) {
                if (!c->logprobs.empty()) c->logprobs += ',';
                c->logprobs += t.raw();
            }
    } else if (!c->finished) {
        c->finished = true;
        c->stop = e.stop;
    }
    return true;
}

std::string text_part(std::string_view text, std::string_view signature, bool thought) {
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("text", text);
    if (thought) w.field("thought", true);
    if (!signature.empty()) w.field("thoughtSignature", signature);
    w.end_object();
    return out;
}

std::string media_part(const Event& e, std::string_view signature) {
    std::string out;
    JsonWriter w(out);
    w.begin_object().key(e.text.empty() ? "fileData" : "inlineData").begin_object().field("mimeType", e.name);
    e.text.empty() ? w.field("fileUri", e.id) : w.field("data", e.text);
    w.end_object();
    if (!signature.empty()) w.field("thoughtSignature", signature);
    w.end_object();
    return out;
}

std::string call_part(const Call& call) {
    std::string out;
    JsonWriter w(out);
    w.begin_object().key("functionCall").begin_object();
    if (!call.id.empty()) w.field("id", call.id);
    w.field("name", call.name).key("args");
    auto doc = JsonDoc::parse(call.arguments);
    // Arguments are an object here; a model's text that is none must still reach its caller.
    if (!call.custom && doc && doc->root().is_object())
        w.raw(doc->root().raw());
    else if (call.arguments.empty())
        w.begin_object().end_object();
    else
        w.begin_object().field("input", call.arguments).end_object();
    w.end_object();
    if (!call.signature.empty()) w.field("thoughtSignature", call.signature);
    w.end_object();
    return out;
}

void write_ending(JsonWriter& w, const Candidate& c, StopReason unfinished) {
    StopReason stop = c.finished ? c.stop : unfinished;
    if (c.refused && (stop == StopReason::end || stop == StopReason::none)) stop = StopReason::refusal;
    w.field("finishReason", canon::gemini::finish_word(stop));
    if (!c.citations.empty()) write_grounding(w, c);
    if (!c.logprobs.empty()) write_logprobs(w, c.logprobs);
}

std::unique_ptr<Renderer> Gemini::renderer(const ReplyTerms& terms) const {
    if (terms.envelope && terms.envelope->operation == Operation::embedding) return embedding_renderer(terms);
    return terms.envelope && terms.envelope->stream ? stream_renderer(terms) : body_renderer(terms);
}

}  // namespace aig::dialect::google
