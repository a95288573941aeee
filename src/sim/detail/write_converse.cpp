// Converse replies as Bedrock writes them (recorded 2025-2026).
#include <fmt/format.h>

#include "sim/detail/bedrock.h"
#include "sim/detail/event_stream.h"
#include "sim/detail/tokens.h"

namespace aig::sim::bedrock {
namespace {

std::string_view stop_word(Finish f) {
    switch (f) {
        case Finish::stop:
            return "end_turn";
        case Finish::stop_sequence:
            return "stop_sequence";
        case Finish::length:
            return "max_tokens";
        case Finish::tool_calls:
            return "tool_use";
        case Finish::refused:
            return "content_filtered";
    }
    return "end_turn";
}

/// inputTokens leaves out what the cache read and wrote.
std::string usage_json(const Answer& a, int64_t output) {
    const Usage& u = a.usage;
    const std::string& bad = a.quirks.usage_number;
    std::string out;
    JsonWriter w(out);
    w.begin_object();
    w.field_raw("inputTokens", bad.empty() ? std::to_string(u.input - u.cached - u.cache_write) : bad);
    w.field_raw("outputTokens", bad.empty() ? std::to_string(output) : bad);
    w.field("totalTokens", u.input + output);
    w.field("cacheReadInputTokens", u.cached).field("cacheWriteInputTokens", u.cache_write);
    if (u.cache_write)
        w.key("cacheDetails")
            .begin_array()
            .begin_object()
            .field("ttl", u.one_hour ? "1h" : "5m")
            .field("inputTokens", u.cache_write)
            .end_object()
            .end_array();
    w.end_object();
    return out;
}

Reply write_whole(const Ask& ask, const Answer& a) {
    Reply reply;
    const Turn& t = a.turns.front();
    JsonWriter w(reply.body);
    w.begin_object().key("metrics").begin_object().field("latencyMs", 12).end_object();
    w.key("output").begin_object().key("message").begin_object().key("content").begin_array();
    if (!t.reasoning.empty())
        w.raw(fmt::format(R"({{"reasoningContent":{{"reasoningText":{{"signature":"{}","text":{}}}}}}})",
                          thinking_signature(t.reasoning, ask.account), json_string(t.reasoning)));
    if (!t.text.empty()) w.begin_object().field("text", t.text).end_object();
    for (const ToolCall& c : t.calls) {
        const bool whole = JsonDoc::parse(c.arguments).ok();
        w.begin_object().key("toolUse").begin_object().field_raw("input", whole ? std::string_view(c.arguments) : "{}");
        w.field("name", c.name).field("toolUseId", c.id).end_object().end_object();
    }
    w.end_array().field("role", "assistant").end_object().end_object();
    if (!a.quirks.null_finish) w.field("stopReason", stop_word(t.finish));
    if (!a.quirks.no_usage) w.field_raw("usage", usage_json(a, a.usage.output));
    w.end_object();
    reply.tokens = a.usage.output;
    headers(reply, "application/json");
    return reply;
}

class EventWriter {
  public:
    EventWriter(const Ask& ask, const Answer& answer, Reply& reply)
        : ask_(ask), a_(answer), t_(answer.turns.front()), reply_(reply) {}

    void whole() {
        event("messageStart", R"("role":"assistant")");
        reply_.content_at = reply_.events.size();
        if (!t_.reasoning.empty()) reasoning();
        if (!t_.text.empty()) {
            for (const auto s : split_tokens(t_.text)) delta(fmt::format(R"("text":{})", json_string(s)), 1);
            stop_block();
        }
        for (const ToolCall& c : t_.calls) tool(c);
        if (a_.quirks.null_finish)
            event("messageStop", "");
        else
            event("messageStop", fmt::format(R"("stopReason":"{}")", stop_word(t_.finish)));
        if (a_.quirks.usage_twice) metadata(a_.usage.output / 2);
        metadata(a_.usage.output);
    }

  private:
    void reasoning() {
        for (const auto s : split_tokens(t_.reasoning))
            delta(fmt::format(R"("reasoningContent":{{"text":{}}})", json_string(s)), 1);
        delta(fmt::format(R"("reasoningContent":{{"signature":"{}"}})", thinking_signature(t_.reasoning, ask_.account)),
              0);
        stop_block();
    }
    void tool(const ToolCall& c) {
        event("contentBlockStart",
              fmt::format(R"("contentBlockIndex":{},"start":{{"toolUse":{{"name":{},"toolUseId":"{}"}}}})", index_,
                          json_string(c.name), c.id));
        tokens_ += count_tokens(c.name);
        if (a_.quirks.split_arguments) {
            for (size_t at = 0; at < c.arguments.size();) {
                size_t end = at + 1;
                while (end < c.arguments.size() && (static_cast<unsigned char>(c.arguments[end]) & 0xC0) == 0x80) ++end;
                piece(std::string_view(c.arguments).substr(at, end - at), 0);
                at = end;
            }
        } else {
            for (const auto s : split_tokens(c.arguments)) piece(s, 1);
        }
        stop_block();
    }
    void piece(std::string_view text, int64_t tokens) {
        delta(fmt::format(R"("toolUse":{{"input":{}}})", json_string(text)), tokens);
    }
    void delta(std::string_view inside, int64_t tokens) {
        tokens_ += tokens;
        event("contentBlockDelta", fmt::format(R"("contentBlockIndex":{},"delta":{{{}}})", index_, inside));
    }
    void stop_block() { event("contentBlockStop", fmt::format(R"("contentBlockIndex":{})", index_++)); }
    void metadata(int64_t output) {
        event("metadata", a_.quirks.no_usage
                              ? R"("metrics":{"latencyMs":12})"
                              : fmt::format(R"("metrics":{{"latencyMs":12}},"usage":{})", usage_json(a_, output)));
    }

    /// The vendor pads each payload with `p`, to hide lengths.
    void event(std::string_view type, std::string_view members) {
        static constexpr std::string_view pad = "abcdefghijklmnopqrstuvwxyz";
        const auto p = pad.substr(0, 1 + reply_.events.size() * 7 % (pad.size() - 1));
        const std::string comma = members.empty() ? "" : ",";
        reply_.events.push_back({amazon_event(type, fmt::format(R"({{{}{}"p":"{}"}})", members, comma, p)), tokens_});
    }

    const Ask& ask_;
    const Answer& a_;
    const Turn& t_;
    Reply& reply_;
    int64_t index_ = 0, tokens_ = 0;
};

}  // namespace

Reply write_converse(const Ask& ask, const Answer& answer) {
    if (!ask.stream) return write_whole(ask, answer);
    Reply reply;
    reply.streamed = true;
    EventWriter(ask, answer, reply).whole();
    reply.tokens = answer.usage.output;
    headers(reply, "application/vnd.amazon.eventstream");
    return reply;
}

}  // namespace aig::sim::bedrock
