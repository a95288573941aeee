// Chat Completions replies as api.openai.com writes them (recorded 2025-2026); reasoning_content as DeepSeek, Kimi and
// Qwen do.
#include <fmt/format.h>

#include <cmath>

#include "sim/detail/tokens.h"
#include "sim/detail/wires.h"

namespace aig::sim {

namespace {

std::string_view finish_word(Finish f) {
    switch (f) {
        case Finish::stop:
        case Finish::stop_sequence:
            return "stop";
        case Finish::length:
            return "length";
        case Finish::tool_calls:
            return "tool_calls";
        case Finish::refused:
            return "content_filter";
    }
    return "stop";
}

void write_usage(JsonWriter& w, const Answer& a) {
    const Usage& u = a.usage;
    const std::string_view bad = a.quirks.usage_number;
    auto count = [&](std::string_view name, int64_t n) {
        if (bad.empty())
            w.field(name, n);
        else
            w.field_raw(name, bad);
    };
    w.begin_object();
    count("prompt_tokens", u.input);
    count("completion_tokens", u.output);
    count("total_tokens", u.input + u.output);
    w.key("prompt_tokens_details")
        .begin_object()
        .field("cached_tokens", u.cached)
        .field("audio_tokens", 0)
        .end_object();
    w.key("completion_tokens_details").begin_object().field("reasoning_tokens", u.reasoning).field("audio_tokens", 0);
    w.field("accepted_prediction_tokens", 0).field("rejected_prediction_tokens", 0).end_object();
    w.end_object();
}

void write_logprob(JsonWriter& w, std::string_view token, int64_t top) {
    auto entry = [&](std::string_view text, std::string_view probability) {
        w.field("token", text).field_raw("logprob", probability).key("bytes").begin_array();
        for (const char c : text) w.integer(static_cast<unsigned char>(c));
        w.end_array();
    };
    w.begin_object();
    entry(token, "-0.0101");
    w.key("top_logprobs").begin_array();
    for (int64_t i = 0; i < top; ++i) {
        w.begin_object();
        if (i == 0)
            entry(token, "-0.0101");
        else
            entry(fmt::format("alt{}", i), fmt::format("-{}.5", 4 + i));
        w.end_object();
    }
    w.end_array().end_object();
}

void write_logprobs(JsonWriter& w, const Ask& ask, std::string_view text) {
    w.key("logprobs");
    if (!ask.logprobs) {
        w.null();
        return;
    }
    w.begin_object().key("content").begin_array();
    for (const std::string_view t : split_tokens(text)) write_logprob(w, t, ask.top_logprobs);
    w.end_array().field_null("refusal").end_object();
}

void write_calls(JsonWriter& w, const std::vector<ToolCall>& calls) {
    w.key("tool_calls").begin_array();
    for (const ToolCall& c : calls) {
        w.begin_object().field("id", c.id).field("type", "function");
        w.key("function")
            .begin_object()
            .field("name", c.name)
            .field("arguments", c.arguments)
            .end_object()
            .end_object();
    }
    w.end_array();
}

Reply write_whole(const Ask& ask, const Answer& a) {
    Reply reply;
    JsonWriter w(reply.body);
    w.begin_object()
        .field("id", a.id)
        .field("object", "chat.completion")
        .field("created", a.created)
        .field("model", ask.model);
    w.key("choices").begin_array();
    int64_t index = 0;
    for (const Turn& t : a.turns) {
        w.begin_object().field("index", index++);
        w.key("message").begin_object().field("role", "assistant");
        if (t.calls.empty())
            w.field("content", t.text);
        else
            w.field_null("content");
        if (!t.reasoning.empty()) w.field("reasoning_content", t.reasoning);
        if (!t.calls.empty()) write_calls(w, t.calls);
        w.field_null("refusal").key("annotations").begin_array().end_array().end_object();
        write_logprobs(w, ask, t.text);
        if (a.quirks.null_finish)
            w.field_null("finish_reason");
        else
            w.field("finish_reason", finish_word(t.finish));
        w.end_object();
    }
    w.end_array();
    if (!a.quirks.no_usage) {
        w.key("usage");
        write_usage(w, a);
    }
    w.field("service_tier", "default").field("system_fingerprint", "fp_aigsim0001").end_object();
    reply.tokens = a.usage.output;
    openai_headers(reply, "application/json");
    return reply;
}

/// Writes the chunks of one streamed answer.
class ChunkWriter {
  public:
    ChunkWriter(const Ask& ask, const Answer& answer, Reply& reply) : ask_(ask), a_(answer), reply_(reply) {
        std::string head;
        JsonWriter w(head);
        w.begin_object().field("id", a_.id).field("object", "chat.completion.chunk").field("created", a_.created);
        w.field("model", ask_.model).field("service_tier", "default").field("system_fingerprint", "fp_aigsim0001");
        head_ = "data: " + head + ",\"choices\":[";
    }

    void whole() {
        for (size_t i = 0; i < a_.turns.size(); ++i) opening(i);
        reply_.content_at = reply_.events.size();
        // Several choices come interleaved, a token of each in turn.
        std::vector<std::vector<Piece>> pieces;
        for (const Turn& t : a_.turns) pieces.push_back(pieces_of(t));
        bool more = true;
        for (size_t at = 0; more; ++at) {
            more = false;
            for (size_t i = 0; i < pieces.size(); ++i) {
                if (at >= pieces[i].size()) continue;
                more = true;
                const bool last = at + 1 == pieces[i].size();
                piece(i, pieces[i][at], last && a_.quirks.finish_with_content);
            }
        }
        for (size_t i = 0; i < a_.turns.size(); ++i)
            if (!a_.quirks.finish_with_content || pieces[i].empty()) choice(i, "{}", "", true);
        usage();
        reply_.events.push_back({"data: [DONE]\n\n", tokens_});
    }

  private:
    struct Piece {
        std::string delta;
        std::string_view text;  ///< for log probabilities
        int64_t tokens;
    };

    void opening(size_t i) {
        const bool calls = !a_.turns[i].calls.empty();
        choice(i,
               calls ? R"({"role":"assistant","content":null,"refusal":null})"
                     : R"({"role":"assistant","content":"","refusal":null})",
               "", false);
    }

    std::vector<Piece> pieces_of(const Turn& t) const {
        std::vector<Piece> out;
        for (const std::string_view s : split_tokens(t.reasoning))
            out.push_back({"{\"reasoning_content\":" + json_string(s) + "}", "", 1});
        for (const std::string_view s : split_tokens(t.text))
            out.push_back({"{\"content\":" + json_string(s) + "}", s, 1});
        for (size_t c = 0; c < t.calls.size(); ++c) {
            const ToolCall& call = t.calls[c];
            out.push_back(
                {fmt::format(
                     R"({{"tool_calls":[{{"index":{},"id":"{}","type":"function","function":{{"name":{},"arguments":""}}}}]}})",
                     c, call.id, json_string(call.name)),
                 "", count_tokens(call.name)});
            for (const std::string_view s : fragments(call.arguments))
                out.push_back({fmt::format(R"({{"tool_calls":[{{"index":{},"function":{{"arguments":{}}}}}]}})", c,
                                           json_string(s)),
                               "", a_.quirks.split_arguments ? 0 : 1});
        }
        return out;
    }

    std::vector<std::string_view> fragments(std::string_view arguments) const {
        if (!a_.quirks.split_arguments) return split_tokens(arguments);
        // Every byte alone, but a JSON text cannot carry half a character.
        std::vector<std::string_view> out;
        for (size_t at = 0; at < arguments.size();) {
            size_t end = at + 1;
            while (end < arguments.size() && (static_cast<unsigned char>(arguments[end]) & 0xC0) == 0x80) ++end;
            out.push_back(arguments.substr(at, end - at));
            at = end;
        }
        return out;
    }

    void piece(size_t i, const Piece& p, bool finish) {
        tokens_ += p.tokens;
        choice(i, p.delta, p.text, finish);
    }

    void choice(size_t i, std::string_view delta, std::string_view text, bool finish) {
        std::string e;
        e.reserve(head_.size() + delta.size() + 160);
        e.append(head_).append("{\"index\":").append(std::to_string(i)).append(",\"delta\":").append(delta).append(",");
        if (text.empty() || !ask_.logprobs) {
            e += "\"logprobs\":null";
        } else {
            JsonWriter w(e);
            write_logprobs(w, ask_, text);
        }
        e += ",\"finish_reason\":";
        if (finish && !a_.quirks.null_finish)
            e.append("\"").append(finish_word(a_.turns[i].finish)).append("\"}]");
        else
            e += "null}]";
        if (ask_.include_usage) e += ",\"usage\":null";
        close(e);
    }

    void usage() {
        if (!ask_.include_usage || a_.quirks.no_usage) return;
        if (a_.quirks.usage_twice) {
            Answer half = a_;
            half.usage.output /= 2;
            usage_chunk(half);
        }
        usage_chunk(a_);
    }

    void usage_chunk(const Answer& a) {
        std::string e = head_ + "],\"usage\":";
        JsonWriter w(e);
        write_usage(w, a);
        close(e);
    }

    /// OpenAI pads chunks to hide token lengths (include_obfuscation, on by default; recorded since 2025).
    void close(std::string& e) {
        if (ask_.obfuscation) {
            static constexpr std::string_view noise = "zGWx34TgNLxdmdCRK";
            e.append(",\"obfuscation\":\"")
                .append(noise.substr(0, reply_.events.size() * 7 % noise.size()))
                .append("\"");
        }
        e += "}\n\n";
        reply_.events.push_back({std::move(e), tokens_});
    }

    const Ask& ask_;
    const Answer& a_;
    Reply& reply_;
    std::string head_;
    int64_t tokens_ = 0;
};

}  // namespace

Reply write_openai(const Ask& ask, const Answer& answer) {
    if (!ask.stream) return write_whole(ask, answer);
    Reply reply;
    reply.streamed = true;
    ChunkWriter chunks(ask, answer, reply);
    chunks.whole();
    reply.tokens = answer.usage.output;
    openai_headers(reply, "text/event-stream; charset=utf-8");
    return reply;
}

}  // namespace aig::sim
