// Replies. A stream's events carry the same members as a whole reply, piece by piece; it ends with message-end.
#include <array>
#include <deque>

#include "base/json.h"
#include "canon/openai/shape.h"
#include "canon/sse.h"
#include "canon/usage_shapes.h"
#include "provider/cohere/cohere.h"

namespace aig::provider::cohere {
namespace {

using namespace canon;
using Kind = Event::Kind;
using Events = std::vector<Event>;

constexpr size_t most_body = 64u << 20, most_citations = 16u << 20;

struct StopWord {
    std::string_view word;
    StopReason reason;
};
constexpr std::array<StopWord, 5> stop_words{{{"COMPLETE", StopReason::end},
                                              {"STOP_SEQUENCE", StopReason::stop_sequence},
                                              {"MAX_TOKENS", StopReason::length},
                                              {"TOOL_CALL", StopReason::tool_calls},
                                              {"ERROR_TOXIC", StopReason::content_filter}}};
StopReason stop_of(std::string_view word) {
    for (const auto& s : stop_words)
        if (s.word == word) return s.reason;
    return StopReason::other;
}
bool failed(std::string_view word) { return word == "ERROR" || word == "TIMEOUT"; }
Error failure(std::string_view word, std::string_view why) {
    return Error(word == "TIMEOUT" ? ErrorCode::upstream_timeout : ErrorCode::upstream_error,
                 why.empty() ? "the provider failed while it answered" : "the provider says: " + scrub(why));
}

/// What a message says, whole or in pieces.
class Reply {
  public:
    void started(std::string_view id, Events& out) { out.push_back(Event{.kind = Kind::started, .id = id}); }
    void content(JsonRef part, Events& out) {
        say(Kind::reasoning, part["thinking"], out);
        say(Kind::text, part["text"], out);
    }
    /// What the model means to do with its tools: reasoning in other wires' words.
    void plan(JsonRef text, Events& out) { say(Kind::reasoning, text, out); }
    void tool(JsonRef call, Events& out) {
        ++calls_;
        out.push_back(Event{.kind = Kind::tool_begin,
                            .index = calls_ - 1,
                            .id = call["id"].text(),
                            .name = call["function"]["name"].text()});
        arguments(call["function"]["arguments"].text(), out);
    }
    void arguments(std::string_view piece, Events& out) {
        if (!piece.empty() && calls_)
            out.push_back(Event{.kind = Kind::tool_arguments, .index = calls_ - 1, .text = piece});
    }
    Status citation(JsonRef c) {
        citations_ += (citations_.empty() ? "" : ",") + std::string(c.raw());
        if (citations_.size() > most_citations)
            return Error(ErrorCode::upstream_garbage, "the provider's reply has more than 16 MiB of citations");
        return {};
    }
    void finish(std::string_view word, JsonRef usage, Events& out) {
        if (!citations_.empty()) {
            citations_ = "[" + citations_ + "]";
            out.push_back(Event{.kind = Kind::extra, .name = "citations", .raw = citations_});
        }
        out.push_back(Event{.kind = Kind::finish, .raw = word, .stop = stop_of(word)});
        if (const auto u = cohere_usage(usage)) out.push_back(Event{.kind = Kind::usage, .usage = *u});
    }

  private:
    void say(Kind kind, JsonRef text, Events& out) {
        if (!text.text().empty()) out.push_back(Event{.kind = kind, .text = text.text()});
    }
    int calls_ = 0;
    std::string citations_;
};

class BodyDecoder final : public Decoder {
  public:
    explicit BodyDecoder(Operation operation) : operation_(operation) {}

    Status feed(std::string_view bytes, Events&) override {
        if (body_.size() + bytes.size() > most_body)
            return Error(ErrorCode::upstream_garbage, "the provider's reply is larger than 64 MiB");
        body_ += bytes;
        return {};
    }
    Status end(Events& out) override {
        const size_t first = body_.find_first_not_of(" \t\r\n");
        if (first == std::string::npos) return Error(ErrorCode::upstream_empty, "the provider's reply is empty");
        auto doc = JsonDoc::parse(body_);
        if (!doc)
            return Error(body_[first] == '{' ? ErrorCode::upstream_truncated : ErrorCode::upstream_garbage,
                         "the provider's reply broke off or is not JSON");
        doc_.emplace(*std::move(doc));
        TRYV(operation_ == Operation::embedding ? vectors(doc_->root(), out) : message(doc_->root(), out));
        terminal_ = !error_;
        return {};
    }
    bool terminal() const override { return terminal_; }
    const std::optional<Error>& error() const override { return error_; }

  private:
    Status message(JsonRef root, Events& out) {
        const JsonRef m = root["message"];
        if (!m.is_object()) return Error(ErrorCode::upstream_garbage, "the provider's reply is not a message");
        const auto word = root["finish_reason"].text();
        if (failed(word)) {
            error_ = failure(word, {});
            out.push_back(Event{.kind = Kind::error});
            return {};
        }
        reply_.started(root["id"].text(), out);
        reply_.plan(m["tool_plan"], out);
        for (const JsonRef part : m["content"]) reply_.content(part, out);
        for (const JsonRef call : m["tool_calls"]) reply_.tool(call, out);
        for (const JsonRef c : m["citations"]) TRYV(reply_.citation(c));
        reply_.finish(word, root["usage"], out);
        return {};
    }

    /// embeddings.float in v2 and with embedding_types, the bare list in v1.
    Status vectors(JsonRef root, Events& out) {
        const JsonRef all = root["embeddings"];
        int at = 0;
        for (const JsonRef v : all.is_array() ? all : all["float"])
            out.push_back(Event{.kind = Kind::embedding, .index = at++, .raw = v.raw()});
        if (!at) return Error(ErrorCode::upstream_empty, "the provider's reply has no embeddings");
        const auto billed = root["meta"]["billed_units"]["input_tokens"].integer();
        Usage u;
        u[Component::input] = billed.value_or(-1);
        if (u.sane()) out.push_back(Event{.kind = Kind::usage, .usage = u});
        return {};
    }

    const Operation operation_;
    std::string body_;
    std::optional<JsonDoc> doc_;
    Reply reply_;
    std::optional<Error> error_;
    bool terminal_ = false;
};

class StreamDecoder final : public Decoder {
  public:
    Status feed(std::string_view bytes, Events& out) override {
        docs_.clear();
        if (terminal_ || error_) return {};
        TRYV(sse_.feed(bytes));
        SseEvent event;
        while (!terminal_ && !error_ && sse_.next(event)) TRYV(one(event.data, out));
        return {};
    }
    Status end(Events& out) override {
        docs_.clear();
        SseEvent event;
        if (!terminal_ && !error_ && sse_.last(event)) TRYV(tail(event, out));
        if (terminal_ || error_) return {};
        if (!begun_) return Error(ErrorCode::upstream_empty, "the provider's stream is empty");
        return Error(ErrorCode::upstream_truncated, "the provider's stream ended before message-end");
    }
    bool terminal() const override { return terminal_; }
    const std::optional<Error>& error() const override { return error_; }

  private:
    Status one(std::string_view data, Events& out) {
        if (data.empty() || data == "[DONE]") return {};
        auto doc = JsonDoc::parse(data);
        if (!doc) return Error(ErrorCode::upstream_garbage, "an event of the provider's stream is not valid JSON");
        begun_ = true;
        return handle(docs_.emplace_back(*std::move(doc)).root(), out);
    }
    /// An event without its blank line, or a bare JSON error.
    Status tail(const SseEvent& event, Events& out) {
        const auto text = event.has_data ? event.data : event.raw;
        if (!JsonDoc::parse(text)) return {};
        return one(text, out);
    }

    Status handle(JsonRef json, Events& out) {
        const auto type = json["type"].text();
        const JsonRef delta = json["delta"], message = delta["message"];
        if (type.empty()) return fail(canon::openai::in_band_error(json), out);
        if (type == "message-start") reply_.started(json["id"].text(), out);
        if (type == "content-start" || type == "content-delta") reply_.content(message["content"], out);
        if (type == "tool-plan-delta") reply_.plan(message["tool_plan"], out);
        if (type == "tool-call-start") reply_.tool(message["tool_calls"], out);
        if (type == "tool-call-delta") reply_.arguments(message["tool_calls"]["function"]["arguments"].text(), out);
        if (type == "citation-start") return reply_.citation(message["citations"]);
        return type == "message-end" ? message_end(delta, out) : Status();
    }

    Status message_end(JsonRef delta, Events& out) {
        const auto word = delta["finish_reason"].text();
        if (failed(word) || delta["error"].is_string()) return fail(failure(word, delta["error"].text()), out);
        reply_.finish(word, delta["usage"], out);
        terminal_ = true;
        return {};
    }

    Status fail(Error error, Events& out) {
        error_ = std::move(error);
        out.push_back(Event{.kind = Kind::error});
        return {};
    }

    SseReader sse_;
    Reply reply_;
    std::deque<JsonDoc> docs_;
    std::optional<Error> error_;
    bool begun_ = false, terminal_ = false;
};

}  // namespace

std::unique_ptr<Decoder> stream_decoder() { return std::make_unique<StreamDecoder>(); }
std::unique_ptr<Decoder> body_decoder(Operation operation) { return std::make_unique<BodyDecoder>(operation); }

}  // namespace aig::provider::cohere
