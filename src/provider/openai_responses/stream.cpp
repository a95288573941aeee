// Streamed replies: response.created, item events, and one terminal event that holds the whole response. Unknown events
// say nothing (new ones come with new tools). Nothing is read behind the terminal event, though some servers add
// [DONE].
#include "canon/openai_responses/shape.h"
#include "canon/sse.h"
#include "provider/openai_responses/decode.h"

namespace aig::provider::openai_responses {
namespace {

bool is_terminal(std::string_view type) {
    return type == "response.completed" || type == "response.incomplete" || type == "response.failed" ||
           type == "response.cancelled" || type == "response.done";
}

class StreamDecoder final : public canon::Decoder {
  public:
    Status feed(std::string_view bytes, Events& out) override {
        docs_.clear();
        reply_.forget_views();
        if (over()) return {};
        if (whole_) return whole_->feed(bytes, out);
        if (first_) {
            const size_t at = bytes.find_first_not_of(" \t\r\n");
            if (at == std::string_view::npos) return {};
            first_ = false;
            // A 200 with a JSON body instead of a stream: an error, or a provider that answers everything at once.
            if (bytes[at] == '{') {
                whole_ = whole_decoder();
                return whole_->feed(bytes, out);
            }
        }
        TRYV(sse_.feed(bytes));
        canon::SseEvent event;
        while (!over() && sse_.next(event)) TRYV(one(event, out));
        return {};
    }

    Status end(Events& out) override {
        docs_.clear();
        reply_.forget_views();
        if (over()) return {};
        if (whole_) {
            auto ended = whole_->end(out);
            terminal_ = whole_->terminal();
            error_ = whole_->error();
            return ended;
        }
        if (first_) return Error(ErrorCode::upstream_empty, "the provider's stream is empty");
        canon::SseEvent event;
        if (sse_.last(event)) TRYV(tail(event, out));
        if (over()) return {};
        if (!begun_) return Error(ErrorCode::upstream_garbage, "the provider's reply is not an event stream");
        return Error(ErrorCode::upstream_truncated, "the provider's stream ended without a final response");
    }

    bool terminal() const override { return terminal_; }
    const std::optional<Error>& error() const override { return error_; }

  private:
    bool over() const { return terminal_ || error_.has_value(); }

    Status one(const canon::SseEvent& event, Events& out) {
        if (!event.has_data || event.data.empty() || event.data == "[DONE]") return {};
        auto parsed = JsonDoc::parse(event.data);
        if (!parsed) return Error(ErrorCode::upstream_garbage, "an event of the provider's stream is not valid JSON");
        return handle(docs_.emplace_back(std::move(*parsed)).root(), out);
    }

    /// What stands behind the last blank line: a whole event whose blank line is missing, or a bare JSON error.
    Status tail(const canon::SseEvent& event, Events& out) {
        auto parsed = JsonDoc::parse(event.has_data ? event.data : event.raw);
        if (!parsed) return {};
        const JsonRef root = docs_.emplace_back(std::move(*parsed)).root();
        return event.has_data || root["error"].is_object() ? handle(root, out) : Status();
    }

    Status handle(JsonRef json, Events& out) {
        const auto type = json["type"].text();
        if (type == "error" || (type.empty() && json["error"])) return failed(json, out);
        begun_ |= type.starts_with("response.");
        if (type == "response.created" || type == "response.in_progress" || type == "response.queued")
            return reply_.start(json["response"], out), Status();
        if (type == "response.output_item.added") return reply_.item_added(json, out);
        if (type == "response.output_item.done") return reply_.item_done(json, out);
        if (is_terminal(type)) return finish(type, json["response"], out);
        return reply_.piece(type, json, out);
    }

    Status finish(std::string_view type, JsonRef response, Events& out) {
        if (type == "response.failed" || canon::openai_responses::is_failed(response)) return failed(response, out);
        if (type == "response.cancelled" || response["status"].text() == "cancelled")
            return failed(Error(ErrorCode::upstream_error, "the provider's response was cancelled"), out);
        TRYV(reply_.finish(response, out));
        terminal_ = true;
        return {};
    }

    Status failed(JsonRef json, Events& out) { return failed(canon::openai_responses::in_band_error(json), out); }
    Status failed(Error error, Events& out) {
        error_ = std::move(error);
        out.push_back(canon::Event{.kind = canon::Event::Kind::error});
        return {};
    }

    canon::SseReader sse_;
    Reply reply_;
    std::deque<JsonDoc> docs_;  ///< what the views of the last call's events point into
    std::unique_ptr<canon::Decoder> whole_;
    std::optional<Error> error_;
    bool first_ = true, begun_ = false, terminal_ = false;
};

}  // namespace

std::unique_ptr<canon::Decoder> stream_decoder() { return std::make_unique<StreamDecoder>(); }

}  // namespace aig::provider::openai_responses
