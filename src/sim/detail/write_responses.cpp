// Responses as api.openai.com writes them (recorded 2025-2026): whole, and as the full row of events in which every
// piece is opened, filled, told whole and closed.
#include <fmt/format.h>

#include "sim/detail/tokens.h"
#include "sim/detail/wires.h"

namespace aig::sim {

namespace {

std::string_view status_of(const Turn& t) {
    return t.finish == Finish::length || t.finish == Finish::refused ? "incomplete" : "completed";
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
    count("input_tokens", a.usage.input);
    w.key("input_tokens_details").begin_object().field("cached_tokens", a.usage.cached).end_object();
    count("output_tokens", a.usage.output);
    w.key("output_tokens_details").begin_object().field("reasoning_tokens", a.usage.reasoning).end_object();
    count("total_tokens", a.usage.input + a.usage.output);
    w.end_object();
}

std::string logprobs_json(const Ask& ask, std::string_view text) {
    std::string out;
    JsonWriter w(out);
    w.begin_array();
    if (ask.logprobs)
        for (const std::string_view t : split_tokens(text)) {
            w.begin_object().field("token", t).key("bytes").begin_array();
            for (const char c : t) w.integer(static_cast<unsigned char>(c));
            w.end_array().field_raw("logprob", "-0.0101").key("top_logprobs").begin_array();
            if (ask.top_logprobs > 0) {
                w.begin_object().field("token", t).key("bytes").begin_array();
                for (const char c : t) w.integer(static_cast<unsigned char>(c));
                w.end_array().field_raw("logprob", "-0.0101").end_object();
            }
            w.end_array().end_object();
        }
    w.end_array();
    return out;
}

/// One item of the output, at each of its stages.
struct Item {
    enum class Kind : uint8_t { reasoning, message, call } kind;
    std::string id;
    const ToolCall* call = nullptr;
};

class Output {
  public:
    Output(const Ask& ask, const Answer& a) : ask_(ask), turn_(a.turns.front()) {
        if (!turn_.reasoning.empty())
            items_.push_back({Item::Kind::reasoning, sealed_item_id(sealed_reasoning(turn_.reasoning, ask_.account))});
        const uint64_t seed = hash_text(a.id);
        for (const ToolCall& c : turn_.calls)
            items_.push_back({Item::Kind::call, vendor_id(c.custom ? "ctc_0" : "fc_0", 48, hash_text(c.id, seed)), &c});
        if (turn_.calls.empty() && (!turn_.text.empty() || turn_.finish != Finish::length))
            items_.push_back({Item::Kind::message, vendor_id("msg_0", 48, seed)});
    }
    const std::vector<Item>& items() const { return items_; }
    const Turn& turn() const { return turn_; }

    std::string json(const Item& item, bool done) const {
        std::string out;
        JsonWriter w(out);
        w.begin_object().field("id", item.id);
        switch (item.kind) {
            case Item::Kind::reasoning:
                reasoning(w, done);
                break;
            case Item::Kind::message:
                message(w, done);
                break;
            case Item::Kind::call:
                call(w, *item.call, done);
                break;
        }
        w.end_object();
        return out;
    }

    std::string text_part(bool done) const {
        std::string out;
        JsonWriter w(out);
        w.begin_object().field("type", "output_text").key("annotations").begin_array().end_array();
        w.field_raw("logprobs", done ? logprobs_json(ask_, turn_.text) : "[]");
        w.field("text", done ? std::string_view(turn_.text) : "").end_object();
        return out;
    }
    std::string summary_part(bool done) const {
        std::string out;
        JsonWriter(out)
            .begin_object()
            .field("type", "summary_text")
            .field("text", done ? std::string_view(turn_.reasoning) : "")
            .end_object();
        return out;
    }

  private:
    void reasoning(JsonWriter& w, bool done) const {
        w.field("type", "reasoning");
        if (ask_.sealed)
            w.field("encrypted_content",
                    done ? sealed_reasoning(turn_.reasoning, ask_.account) : "gAAAAABsim-unfinished");
        w.key("summary").begin_array();
        if (done && ask_.summary) w.raw(summary_part(true));
        w.end_array();
    }
    void message(JsonWriter& w, bool done) const {
        w.field("type", "message").field("status", done ? status_of(turn_) : "in_progress");
        w.key("content").begin_array();
        if (done) w.raw(text_part(true));
        w.end_array().field("role", "assistant");
    }
    void call(JsonWriter& w, const ToolCall& c, bool done) const {
        w.field("type", c.custom ? "custom_tool_call" : "function_call");
        w.field("status", done ? status_of(turn_) : "in_progress");
        w.field(c.custom ? "input" : "arguments", done ? std::string_view(c.arguments) : "");
        w.field("call_id", c.id).field("name", c.name);
    }

    const Ask& ask_;
    const Turn& turn_;
    std::vector<Item> items_;
};

/// The response object: still running without output, or at its end with all of it.
std::string response_json(const Ask& ask, const Answer& a, const Output& output, bool done) {
    const Turn& t = output.turn();
    const std::string_view status = !done ? "in_progress" : status_of(t);
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("id", a.id).field("object", "response").field("created_at", a.created);
    a.quirks.null_finish&& done ? w.field_null("status") : w.field("status", status);
    const bool newer = status != "incomplete";  // no incomplete response on record has all members
    if (newer) done ? w.field("completed_at", a.created) : w.field_null("completed_at");
    w.field("background", false).field_null("error").key("incomplete_details");
    if (status == "incomplete" && !a.quirks.null_finish)
        w.begin_object()
            .field("reason", t.finish == Finish::length ? "max_output_tokens" : "content_filter")
            .end_object();
    else
        w.null();
    w.field_null("instructions");
    ask.max_tokens ? w.field("max_output_tokens", *ask.max_tokens) : w.field_null("max_output_tokens");
    w.field_null("max_tool_calls").field("model", ask.model).key("output").begin_array();
    if (done)
        for (const Item& item : output.items()) w.raw(output.json(item, true));
    w.end_array().field("parallel_tool_calls", ask.parallel_tools).field_null("previous_response_id");
    w.field_null("prompt_cache_key")
        .key("reasoning")
        .begin_object()
        .field_null("effort")
        .field_null("summary")
        .end_object();
    w.field_null("safety_identifier").field("service_tier", "default").field("store", false);
    w.field_raw("temperature", "1.0").key("text").begin_object().key("format").begin_object().field("type", "text");
    w.end_object().field("verbosity", "medium").end_object().field("tool_choice", "auto");
    w.key("tools").begin_array().end_array().field("top_logprobs", ask.top_logprobs).field_raw("top_p", "1.0");
    if (newer) w.field_raw("presence_penalty", "0.0").field_raw("frequency_penalty", "0.0");
    w.field("truncation", "disabled").key("usage");
    if (done && !a.quirks.no_usage)
        write_usage(w, a);
    else
        w.null();
    w.field_null("user").key("metadata").begin_object().end_object().end_object();
    return out;
}

class EventWriter {
  public:
    EventWriter(const Ask& ask, const Answer& answer, Reply& reply)
        : ask_(ask), a_(answer), out_(ask, answer), reply_(reply) {}

    void all() {
        response("response.created", false);
        response("response.in_progress", false);
        reply_.content_at = 0;
        int64_t index = 0;
        for (const Item& item : out_.items()) one(item, index++);
        if (reply_.content_at == 0) reply_.content_at = reply_.events.size();
        response(status_of(out_.turn()) == "incomplete" ? "response.incomplete" : "response.completed", true);
    }

  private:
    /// `fill` writes the members behind type and sequence_number.
    template <class Fill>
    void event(std::string_view type, Fill fill) {
        std::string bytes = fmt::format("event: {}\ndata: ", type);
        JsonWriter w(bytes);
        w.begin_object().field("type", type).field("sequence_number", sequence_++);
        fill(w);
        w.end_object();
        bytes += "\n\n";
        reply_.events.push_back({std::move(bytes), tokens_});
    }
    void response(std::string_view type, bool done) {
        event(type, [&](JsonWriter& w) { w.field_raw("response", response_json(ask_, a_, out_, done)); });
    }

    void one(const Item& item, int64_t index) {
        event("response.output_item.added",
              [&](JsonWriter& w) { w.field("output_index", index).field_raw("item", out_.json(item, false)); });
        if (item.kind == Item::Kind::reasoning) reasoning(item, index);
        if (item.kind == Item::Kind::message) message(item, index);
        if (item.kind == Item::Kind::call) call(item, index);
        event("response.output_item.done",
              [&](JsonWriter& w) { w.field("output_index", index).field_raw("item", out_.json(item, true)); });
    }

    /// Where a piece belongs: item and place, then the part's own index.
    static void place(JsonWriter& w, const Item& item, int64_t index, std::string_view part = {}) {
        w.field("item_id", item.id).field("output_index", index);
        if (!part.empty()) w.field(part, 0);
    }
    void content_begins() {
        if (reply_.content_at == 0) reply_.content_at = reply_.events.size();
    }
    void pad(JsonWriter& w) const {
        static constexpr std::string_view noise = "zGWx34TgNLxdmdCRK";
        if (ask_.obfuscation) w.field("obfuscation", noise.substr(0, reply_.events.size() * 7 % noise.size()));
    }

    void reasoning(const Item& item, int64_t index) {
        const std::string& text = out_.turn().reasoning;
        if (!ask_.summary) {
            tokens_ += count_tokens(text);
            return;
        }
        const auto part = [&](std::string_view type, bool done) {
            event(type, [&](JsonWriter& w) {
                place(w, item, index, "summary_index");
                w.field_raw("part", out_.summary_part(done));
            });
        };
        part("response.reasoning_summary_part.added", false);
        content_begins();
        for (const std::string_view s : split_tokens(text)) {
            ++tokens_;
            event("response.reasoning_summary_text.delta", [&](JsonWriter& w) {
                place(w, item, index, "summary_index");
                w.field("delta", s);
                pad(w);
            });
        }
        event("response.reasoning_summary_text.done", [&](JsonWriter& w) {
            place(w, item, index, "summary_index");
            w.field("text", text);
        });
        part("response.reasoning_summary_part.done", true);
    }

    void message(const Item& item, int64_t index) {
        const std::string& text = out_.turn().text;
        const auto part = [&](std::string_view type, bool done) {
            event(type, [&](JsonWriter& w) {
                place(w, item, index, "content_index");
                w.field_raw("part", out_.text_part(done));
            });
        };
        part("response.content_part.added", false);
        content_begins();
        for (const std::string_view s : split_tokens(text)) {
            ++tokens_;
            event("response.output_text.delta", [&](JsonWriter& w) {
                place(w, item, index, "content_index");
                w.field("delta", s).field_raw("logprobs", logprobs_json(ask_, s));
                pad(w);
            });
        }
        event("response.output_text.done", [&](JsonWriter& w) {
            place(w, item, index, "content_index");
            w.field("text", text).field_raw("logprobs", logprobs_json(ask_, text));
        });
        part("response.content_part.done", true);
    }

    void call(const Item& item, int64_t index) {
        const ToolCall& c = *item.call;
        const std::string_view family =
            c.custom ? "response.custom_tool_call_input" : "response.function_call_arguments";
        tokens_ += count_tokens(c.name);
        content_begins();
        for (const std::string_view s : fragments(c.arguments)) {
            if (!a_.quirks.split_arguments) ++tokens_;
            event(fmt::format("{}.delta", family), [&](JsonWriter& w) {
                place(w, item, index);
                w.field("delta", s);
                pad(w);
            });
        }
        event(fmt::format("{}.done", family), [&](JsonWriter& w) {
            place(w, item, index);
            w.field(c.custom ? "input" : "arguments", c.arguments);
        });
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

    const Ask& ask_;
    const Answer& a_;
    const Output out_;
    Reply& reply_;
    int64_t tokens_ = 0, sequence_ = 0;
};

}  // namespace

Reply write_openai_responses(const Ask& ask, const Answer& answer) {
    Reply reply;
    reply.tokens = answer.usage.output;
    if (!ask.stream) {
        reply.body = response_json(ask, answer, Output(ask, answer), true);
        openai_headers(reply, "application/json");
        return reply;
    }
    reply.streamed = true;
    EventWriter(ask, answer, reply).all();
    openai_headers(reply, "text/event-stream; charset=utf-8");
    return reply;
}

}  // namespace aig::sim
