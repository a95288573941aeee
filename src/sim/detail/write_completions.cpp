// Text completions as api.openai.com writes them (recorded 2023-2026).
#include <fmt/format.h>

#include "sim/detail/tokens.h"
#include "sim/detail/wires.h"

namespace aig::sim {

namespace {

std::string_view finish_word(Finish f) {
    return f == Finish::length ? "length" : f == Finish::refused ? "content_filter" : "stop";
}

void write_usage(JsonWriter& w, const Answer& a) {
    const std::string_view bad = a.quirks.usage_number;
    auto count = [&](std::string_view name, int64_t n) {
        if (bad.empty())
            w.field(name, n);
        else
            w.field_raw(name, bad);
    };
    w.begin_object();
    count("prompt_tokens", a.usage.input);
    count("completion_tokens", a.usage.output);
    count("total_tokens", a.usage.input + a.usage.output);
    if (a.usage.cached)
        w.key("prompt_tokens_details").begin_object().field("cached_tokens", a.usage.cached).end_object();
    w.end_object();
}

/// Columns, a row a token; offsets count characters of the whole answer.
void write_logprobs(JsonWriter& w, const Ask& ask, std::string_view text, size_t offset) {
    w.key("logprobs");
    if (!ask.logprobs || text.empty()) {
        w.null();
        return;
    }
    const auto tokens = split_tokens(text);
    w.begin_object().key("tokens").begin_array();
    for (const std::string_view t : tokens) w.string(t);
    w.end_array().key("token_logprobs").begin_array();
    for (size_t i = 0; i < tokens.size(); ++i) w.raw("-0.0101");
    w.end_array().key("top_logprobs").begin_array();
    for (const std::string_view t : tokens) {
        w.begin_object();
        if (ask.top_logprobs > 0) w.field_raw(t, "-0.0101");
        w.end_object();
    }
    w.end_array().key("text_offset").begin_array();
    for (const std::string_view t : tokens) {
        w.integer(static_cast<int64_t>(offset));
        offset += t.size();
    }
    w.end_array().end_object();
}

/// The prompt that `echo` repeats.
std::string_view echoed(const Ask& ask, size_t choice) {
    return ask.echo ? std::string_view(ask.prompts[choice / static_cast<size_t>(ask.n)]) : std::string_view();
}

void write_head(JsonWriter& w, const Ask& ask, const Answer& a) {
    w.begin_object()
        .field("id", a.id)
        .field("object", "text_completion")
        .field("created", a.created)
        .field("model", ask.model);
}

Reply write_whole(const Ask& ask, const Answer& a) {
    Reply reply;
    JsonWriter w(reply.body);
    write_head(w, ask, a);
    w.key("choices").begin_array();
    for (size_t i = 0; i < a.turns.size(); ++i) {
        const Turn& t = a.turns[i];
        const std::string_view echo = echoed(ask, i);
        w.begin_object().field("text", std::string(echo) + t.text).field("index", static_cast<int64_t>(i));
        write_logprobs(w, ask, t.text, echo.size());
        a.quirks.null_finish ? w.field_null("finish_reason") : w.field("finish_reason", finish_word(t.finish));
        w.end_object();
    }
    w.end_array();
    if (!a.quirks.no_usage) {
        w.key("usage");
        write_usage(w, a);
    }
    w.end_object();
    reply.tokens = a.usage.output;
    openai_headers(reply, "application/json");
    return reply;
}

class ChunkWriter {
  public:
    ChunkWriter(const Ask& ask, const Answer& answer, Reply& reply) : ask_(ask), a_(answer), reply_(reply) {}

    void all() {
        std::vector<std::vector<std::string_view>> pieces;
        std::vector<size_t> offsets(a_.turns.size());
        for (size_t i = 0; i < a_.turns.size(); ++i) {
            pieces.push_back(split_tokens(a_.turns[i].text));
            offsets[i] = echoed(ask_, i).size();
            if (offsets[i]) choice(i, echoed(ask_, i), 0, false, false);
        }
        reply_.content_at = reply_.events.size();
        bool more = true;
        for (size_t at = 0; more; ++at) {
            more = false;
            for (size_t i = 0; i < pieces.size(); ++i) {
                if (at >= pieces[i].size()) continue;
                more = true;
                ++tokens_;
                choice(i, pieces[i][at], offsets[i], true, a_.quirks.finish_with_content && at + 1 == pieces[i].size());
                offsets[i] += pieces[i][at].size();
            }
        }
        for (size_t i = 0; i < a_.turns.size(); ++i)
            if (!a_.quirks.finish_with_content || pieces[i].empty()) choice(i, "", 0, false, true);
        usage();
        reply_.events.push_back({"data: [DONE]\n\n", tokens_});
    }

  private:
    void choice(size_t i, std::string_view text, size_t offset, bool odds, bool finish) {
        std::string e = "data: ";
        JsonWriter w(e);
        write_head(w, ask_, a_);
        w.key("choices").begin_array().begin_object().field("text", text).field("index", static_cast<int64_t>(i));
        write_logprobs(w, ask_, odds ? text : std::string_view(), offset);
        finish && !a_.quirks.null_finish ? w.field("finish_reason", finish_word(a_.turns[i].finish))
                                         : w.field_null("finish_reason");
        w.end_object().end_array();
        if (ask_.include_usage) w.field_null("usage");
        close(w, e);
    }

    void usage() {
        if (!ask_.include_usage || a_.quirks.no_usage) return;
        std::string e = "data: ";
        JsonWriter w(e);
        write_head(w, ask_, a_);
        w.key("choices").begin_array().end_array().key("usage");
        write_usage(w, a_);
        close(w, e);
    }

    void close(JsonWriter& w, std::string& e) {
        w.end_object();
        e += "\n\n";
        reply_.events.push_back({std::move(e), tokens_});
    }

    const Ask& ask_;
    const Answer& a_;
    Reply& reply_;
    int64_t tokens_ = 0;
};

}  // namespace

Reply write_openai_completions(const Ask& ask, const Answer& answer) {
    if (!ask.stream) return write_whole(ask, answer);
    Reply reply;
    reply.streamed = true;
    ChunkWriter(ask, answer, reply).all();
    reply.tokens = answer.usage.output;
    openai_headers(reply, "text/event-stream; charset=utf-8");
    return reply;
}

}  // namespace aig::sim
