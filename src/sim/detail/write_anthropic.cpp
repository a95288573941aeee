// Messages replies as api.anthropic.com writes them (recorded 2025-2026).
#include <fmt/format.h>

#include "sim/detail/tokens.h"
#include "sim/detail/wires.h"

namespace aig::sim {

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
            return "refusal";
    }
    return "end_turn";
}

/// input_tokens leaves out what the cache read and wrote, unlike OpenAI's prompt_tokens.
/// `opening` is message_start, before anything is known of the output; who served it stands there and in whole messages
/// only.
void write_usage(JsonWriter& w, const Answer& a, int64_t output, bool opening, bool served) {
    const Usage& u = a.usage;
    const bool bad = !a.quirks.usage_number.empty() && !opening;
    w.begin_object();
    if (bad)
        w.field_raw("input_tokens", a.quirks.usage_number);
    else
        w.field("input_tokens", u.input - u.cached - u.cache_write);
    w.field("cache_creation_input_tokens", u.cache_write).field("cache_read_input_tokens", u.cached);
    w.key("cache_creation").begin_object();
    w.field("ephemeral_5m_input_tokens", u.one_hour ? 0 : u.cache_write);
    w.field("ephemeral_1h_input_tokens", u.one_hour ? u.cache_write : 0).end_object();
    if (bad)
        w.field_raw("output_tokens", a.quirks.usage_number);
    else
        w.field("output_tokens", output);
    if (u.reasoning > 0 && !opening)
        w.key("output_tokens_details").begin_object().field("thinking_tokens", u.reasoning).end_object();
    if (served) w.field("service_tier", "standard").field("inference_geo", "global");
    w.end_object();
}

void write_stop(JsonWriter& w, const Answer& a, const Turn& t) {
    if (a.quirks.null_finish)
        w.field_null("stop_reason");
    else
        w.field("stop_reason", stop_word(t.finish));
    if (t.finish == Finish::stop_sequence)
        w.field("stop_sequence", t.stop_sequence);
    else
        w.field_null("stop_sequence");
    w.field_null("stop_details");
}

void write_content(JsonWriter& w, const Turn& t, uint64_t account) {
    w.begin_array();
    if (!t.reasoning.empty()) {
        w.begin_object().field("type", "thinking").field("thinking", t.reasoning);
        w.field("signature", thinking_signature(t.reasoning, account)).end_object();
    }
    if (!t.text.empty()) w.begin_object().field("type", "text").field("text", t.text).end_object();
    for (const ToolCall& c : t.calls) {
        // Arguments that max_tokens cut are no JSON; the vendor shows what it could parse of them.
        const bool whole = t.finish != Finish::length || JsonDoc::parse(c.arguments).ok();
        w.begin_object().field("type", "tool_use").field("id", c.id).field("name", c.name);
        w.field_raw("input", whole ? std::string_view(c.arguments) : "{}").end_object();
    }
    w.end_array();
}

Reply write_whole(const Ask& ask, const Answer& a) {
    Reply reply;
    const Turn& t = a.turns.front();
    JsonWriter w(reply.body);
    w.begin_object()
        .field("model", ask.model)
        .field("id", a.id)
        .field("type", "message")
        .field("role", "assistant")
        .key("content");
    write_content(w, t, ask.account);
    write_stop(w, a, t);
    if (!a.quirks.no_usage) {
        w.key("usage");
        write_usage(w, a, a.usage.output, false, true);
    }
    w.end_object();
    reply.tokens = a.usage.output;
    anthropic_headers(reply, "application/json");
    return reply;
}

class EventWriter {
  public:
    EventWriter(const Ask& ask, const Answer& answer, Reply& reply)
        : ask_(ask), a_(answer), t_(answer.turns.front()), reply_(reply) {}

    void whole() {
        message_start();
        if (!t_.reasoning.empty()) thinking_block();
        if (!t_.text.empty()) text_block();
        for (const ToolCall& c : t_.calls) tool_block(c);
        message_delta();
        event("message_stop", R"({"type":"message_stop"})");
    }

  private:
    void message_start() {
        std::string e;
        JsonWriter w(e);
        w.begin_object().field("type", "message_start").key("message").begin_object();
        w.field("model", ask_.model).field("id", a_.id).field("type", "message").field("role", "assistant");
        w.key("content").begin_array().end_array();
        w.field_null("stop_reason").field_null("stop_sequence").field_null("stop_details");
        if (!a_.quirks.no_usage) {
            w.key("usage");
            write_usage(w, a_, 1, true, true);
        }
        w.end_object().end_object();
        event("message_start", e);
    }

    void begin_block(std::string_view block) {
        event("content_block_start",
              fmt::format(R"({{"type":"content_block_start","index":{},"content_block":{}}})", index_, block));
        if (index_ == 0) event("ping", R"({"type": "ping"})");
        if (reply_.content_at == 0) reply_.content_at = reply_.events.size();
    }
    void delta(std::string_view type, std::string_view name, std::string_view text, int64_t tokens) {
        tokens_ += tokens;
        event("content_block_delta",
              fmt::format(R"({{"type":"content_block_delta","index":{},"delta":{{"type":"{}","{}":{}}}}})", index_,
                          type, name, json_string(text)));
    }
    void end_block() {
        event("content_block_stop", fmt::format(R"({{"type":"content_block_stop","index":{}}})", index_));
        ++index_;
    }

    void thinking_block() {
        begin_block(R"({"type":"thinking","thinking":"","signature":""})");
        for (const std::string_view s : split_tokens(t_.reasoning)) delta("thinking_delta", "thinking", s, 1);
        delta("signature_delta", "signature", thinking_signature(t_.reasoning, ask_.account), 0);
        end_block();
    }
    void text_block() {
        begin_block(R"({"type":"text","text":""})");
        for (const std::string_view s : split_tokens(t_.text)) delta("text_delta", "text", s, 1);
        end_block();
    }
    void tool_block(const ToolCall& c) {
        begin_block(
            fmt::format(R"({{"type":"tool_use","id":"{}","name":{},"input":{{}}}})", c.id, json_string(c.name)));
        tokens_ += count_tokens(c.name);
        delta("input_json_delta", "partial_json", "", 0);
        if (a_.quirks.split_arguments) {
            for (size_t at = 0; at < c.arguments.size();) {
                size_t end = at + 1;
                while (end < c.arguments.size() && (static_cast<unsigned char>(c.arguments[end]) & 0xC0) == 0x80) ++end;
                delta("input_json_delta", "partial_json", std::string_view(c.arguments).substr(at, end - at), 0);
                at = end;
            }
        } else {
            for (const std::string_view s : split_tokens(c.arguments)) delta("input_json_delta", "partial_json", s, 1);
        }
        end_block();
    }

    void message_delta() {
        if (a_.quirks.usage_twice) message_delta(a_.usage.output / 2);
        message_delta(a_.usage.output);
    }
    void message_delta(int64_t output) {
        std::string e;
        JsonWriter w(e);
        w.begin_object().field("type", "message_delta").key("delta").begin_object();
        write_stop(w, a_, t_);
        w.end_object();
        if (!a_.quirks.no_usage) {
            w.key("usage");
            write_usage(w, a_, output, false, false);
        }
        w.end_object();
        event("message_delta", e);
    }

    /// The vendor pads the data with spaces before the last brace, to hide lengths (recorded since 2025).
    void event(std::string_view type, std::string_view data) {
        static constexpr std::string_view spaces = "               ";
        std::string e;
        e.reserve(data.size() + type.size() + 40);
        e.append("event: ").append(type).append("\ndata: ").append(data.substr(0, data.size() - 1));
        e.append(spaces.substr(0, reply_.events.size() * 7 % spaces.size())).append("}\n\n");
        reply_.events.push_back({std::move(e), tokens_});
    }

    const Ask& ask_;
    const Answer& a_;
    const Turn& t_;
    Reply& reply_;
    int64_t index_ = 0, tokens_ = 0;
};

}  // namespace

Reply write_anthropic(const Ask& ask, const Answer& answer) {
    if (!ask.stream) return write_whole(ask, answer);
    Reply reply;
    reply.streamed = true;
    EventWriter events(ask, answer, reply);
    events.whole();
    reply.tokens = answer.usage.output;
    anthropic_headers(reply, "text/event-stream; charset=utf-8");
    return reply;
}

}  // namespace aig::sim
