// generateContent replies as Google writes them (recorded 2025-2026): whole, as events, or as one array.
#include <fmt/format.h>

#include "sim/detail/gemini_checks.h"
#include "sim/detail/tokens.h"
#include "sim/detail/wires.h"

namespace aig::sim {

namespace {

/// Two by two pixels of blue.
constexpr std::string_view tiny_png =
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAEElEQVR4nGPQqDgBRAwQCgAk7gWh8YchJQAAAABJRU5ErkJggg==";

std::string_view finish_word(Finish f) {
    switch (f) {
        case Finish::length:
            return "MAX_TOKENS";
        case Finish::refused:
            return "SAFETY";
        default:
            return "STOP";
    }
}

/// Thoughts stand beside the candidates' tokens, cached ones inside the prompt's.
void write_usage(JsonWriter& w, const Answer& a, int64_t output) {
    if (a.quirks.no_usage) return;
    const int64_t thoughts = std::min(a.usage.reasoning, output);
    w.key("usageMetadata").begin_object();
    if (a.quirks.usage_number.empty()) {
        w.field("promptTokenCount", a.usage.input).field("candidatesTokenCount", output - thoughts);
        w.field("totalTokenCount", a.usage.input + output);
    } else {
        w.field_raw("promptTokenCount", a.quirks.usage_number).field_raw("candidatesTokenCount", a.quirks.usage_number);
    }
    if (a.usage.cached) w.field("cachedContentTokenCount", a.usage.cached);
    w.key("promptTokensDetails").begin_array().begin_object().field("modality", "TEXT");
    w.field("tokenCount", a.usage.input).end_object().end_array();
    if (thoughts) w.field("thoughtsTokenCount", thoughts);
    w.end_object();
}

void write_tail(JsonWriter& w, const Ask& ask, const Answer& a, int64_t output) {
    write_usage(w, a, output);
    w.field("modelVersion", ask.model).field("responseId", a.id);
}

std::string text_part(std::string_view text, bool thought, std::string_view signature = {}) {
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("text", text);
    if (thought) w.field("thought", true);
    if (!signature.empty()) w.field("thoughtSignature", signature);
    w.end_object();
    return out;
}

std::string call_part(const ToolCall& c, bool is_signed, uint64_t account) {
    const bool whole = JsonDoc::parse(c.arguments).ok();
    const std::string_view args = whole ? std::string_view(c.arguments) : "{}";
    std::string out;
    JsonWriter w(out);
    w.begin_object().key("functionCall").begin_object().field("name", c.name).field_raw("args", args);
    w.field("id", c.id).end_object();
    if (is_signed) w.field("thoughtSignature", gemini::call_signature(c.name, args, account));
    w.end_object();
    return out;
}

std::string image_part() {
    std::string out;
    JsonWriter w(out);
    w.begin_object().key("inlineData").begin_object().field("mimeType", "image/png").field("data", tiny_png);
    w.end_object().end_object();
    return out;
}

void write_logprobs(JsonWriter& w, const Ask& ask, std::string_view text) {
    if (!ask.logprobs) return;
    const auto token = [&](std::string_view t) {
        w.begin_object().field("token", t).field("tokenId", 7).field_raw("logProbability", "-0.25").end_object();
    };
    w.key("logprobsResult").begin_object().key("chosenCandidates").begin_array();
    for (const std::string_view t : split_tokens(text)) token(t);
    w.end_array().key("topCandidates").begin_array();
    for (const std::string_view t : split_tokens(text)) {
        w.begin_object().key("candidates").begin_array();
        if (ask.top_logprobs > 0) token(t);
        w.end_array().end_object();
    }
    w.end_array().end_object();
}

/// Of parallel calls only the first is signed; a text is, on its last part.
std::string parts_of(const Turn& t, uint64_t account) {
    std::string out;
    const auto add = [&](const std::string& part) { out.append(out.empty() ? "" : ",").append(part); };
    const bool thought = !t.reasoning.empty();
    if (thought) add(text_part(t.reasoning, true));
    if (!t.text.empty())
        add(text_part(t.text, false, thought ? gemini::text_signature(t.text, account) : std::string()));
    for (size_t i = 0; i < t.calls.size(); ++i) add(call_part(t.calls[i], i == 0, account));
    if (t.image) add(image_part());
    return out;
}

void begin_candidate(JsonWriter& w, std::string_view parts, int64_t index) {
    w.begin_object().key("content").begin_object().key("parts").begin_array().raw_members(parts).end_array();
    w.field("role", "model").end_object().field("index", index);
}

Reply write_whole(const Ask& ask, const Answer& a) {
    Reply reply;
    JsonWriter w(reply.body);
    w.begin_object().key("candidates").begin_array();
    int64_t index = 0;
    for (const Turn& t : a.turns) {
        begin_candidate(w, parts_of(t, ask.account), index++);
        if (!a.quirks.null_finish) w.field("finishReason", finish_word(t.finish));
        write_logprobs(w, ask, t.text);
        w.end_object();
    }
    w.end_array();
    write_tail(w, ask, a, a.usage.output);
    w.end_object();
    reply.body += '\n';
    reply.tokens = a.usage.output;
    gemini_headers(reply, "application/json; charset=UTF-8");
    return reply;
}

class ChunkWriter {
  public:
    ChunkWriter(const Ask& ask, const Answer& answer, Reply& reply) : ask_(ask), a_(answer), reply_(reply) {}

    void whole() {
        for (size_t i = 0; i < a_.turns.size(); ++i) turn(a_.turns[i], static_cast<int64_t>(i));
        if (a_.quirks.usage_twice) chunk("", -1, {}, a_.usage.output / 2);
        for (size_t i = 0; i < a_.turns.size(); ++i) ending(a_.turns[i], static_cast<int64_t>(i));
        if (ask_.as_array && !reply_.events.empty()) reply_.events.back().bytes += "\n]";
    }

  private:
    void turn(const Turn& t, int64_t index) {
        for (const std::string_view s : split_tokens(t.reasoning)) said(text_part(s, true), index, 1);
        const auto tokens = split_tokens(t.text);
        const size_t kept = a_.quirks.finish_with_content && !tokens.empty() ? tokens.size() - 1 : tokens.size();
        for (size_t i = 0; i < kept; ++i) said(text_part(tokens[i], false), index, 1);
        for (size_t i = 0; i < t.calls.size(); ++i)
            said(call_part(t.calls[i], i == 0, ask_.account), index,
                 count_tokens(t.calls[i].name) + count_tokens(t.calls[i].arguments));
        if (t.image) said(image_part(), index, image_tokens);
    }

    /// The last chunk of a candidate: an empty text with the signature, and the finish reason.
    void ending(const Turn& t, int64_t index) {
        const auto tokens = split_tokens(t.text);
        const bool content = a_.quirks.finish_with_content && !tokens.empty();
        const bool signs = !t.reasoning.empty() && t.calls.empty() && !t.text.empty();
        tokens_ += content ? 1 : 0;
        chunk(text_part(content ? tokens.back() : std::string_view(), false,
                        signs ? gemini::text_signature(t.text, ask_.account) : std::string()),
              index, a_.quirks.null_finish ? std::string_view() : finish_word(t.finish),
              index + 1 == static_cast<int64_t>(a_.turns.size()) ? a_.usage.output : tokens_, t.text);
    }

    void said(const std::string& part, int64_t index, int64_t tokens) {
        tokens_ += tokens;
        chunk(part, index, {}, tokens_);
    }

    void chunk(std::string_view part, int64_t index, std::string_view finish, int64_t output,
               std::string_view text = {}) {
        std::string json;
        JsonWriter w(json);
        w.begin_object().key("candidates").begin_array();
        if (index >= 0) {
            begin_candidate(w, part, index);
            if (!finish.empty()) w.field("finishReason", finish);
            if (!finish.empty()) write_logprobs(w, ask_, text);
            w.end_object();
        }
        w.end_array();
        write_tail(w, ask_, a_, output);
        w.end_object();
        const bool first = reply_.events.empty();
        reply_.events.push_back(
            {ask_.as_array ? (first ? "[" : ",\r\n") + json : "data: " + json + "\r\n\r\n", tokens_});
    }

    const Ask& ask_;
    const Answer& a_;
    Reply& reply_;
    int64_t tokens_ = 0;
};

}  // namespace

Reply write_gemini(const Ask& ask, const Answer& answer) {
    if (!ask.stream) return write_whole(ask, answer);
    Reply reply;
    reply.streamed = true;
    ChunkWriter chunks(ask, answer, reply);
    chunks.whole();
    reply.tokens = answer.usage.output;
    gemini_headers(reply, ask.as_array ? "application/json; charset=UTF-8" : "text/event-stream");
    return reply;
}

}  // namespace aig::sim
