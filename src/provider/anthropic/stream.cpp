// Streamed replies: message_start, content_block_*, message_delta, message_stop; ping and unknown events say nothing
// (the API's versioning policy allows new ones at any time). An error event ends the reply. Nothing is read behind
// message_stop.
#include <fmt/format.h>

#include "canon/sse.h"
#include "provider/anthropic/decode.h"

namespace aig::provider::anthropic {
namespace {

class StreamDecoder final : public canon::Decoder {
  public:
    Status feed(std::string_view bytes, Events& out) override {
        docs_.clear();
        reply_.forget_views();
        if (terminal_ || error_) return {};
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
        while (!terminal_ && !error_ && sse_.next(event)) TRYV(one(event, out));
        return {};
    }

    Status end(Events& out) override {
        docs_.clear();
        reply_.forget_views();
        if (terminal_ || error_) return {};
        if (whole_) {
            TRYV(whole_->end(out));
            terminal_ = whole_->terminal();
            error_ = whole_->error();
            return {};
        }
        if (first_) return Error(ErrorCode::upstream_empty, "the provider's stream is empty");
        canon::SseEvent event;
        if (sse_.last(event)) TRYV(tail(event, out));
        if (terminal_ || error_) return {};
        return Error(
            begun_ ? ErrorCode::upstream_truncated : ErrorCode::upstream_garbage,
            begun_ ? "the provider's stream ended before message_stop" : "the provider's reply is not an event stream");
    }

    bool terminal() const override { return terminal_; }
    const std::optional<Error>& error() const override { return error_; }

  private:
    Status one(const canon::SseEvent& event, Events& out) {
        if (!event.has_data || event.data.empty() || event.data == "[DONE]") return {};
        auto parsed = JsonDoc::parse(event.data);
        if (!parsed) return Error(ErrorCode::upstream_garbage, "an event of the provider's stream is not valid JSON");
        return handle(docs_.emplace_back(std::move(*parsed)).root(), out);
    }

    /// What stands behind the last blank line: a whole event whose blank line is missing, or a bare JSON error.
    Status tail(const canon::SseEvent& event, Events& out) {
        const std::string_view text = event.has_data ? event.data : event.raw;
        auto parsed = JsonDoc::parse(text);
        if (!parsed) return {};
        const JsonRef root = docs_.emplace_back(std::move(*parsed)).root();
        if (event.has_data || root["error"].is_object()) return handle(root, out);
        return {};
    }

    Status handle(JsonRef json, Events& out) {
        const auto type = json["type"].text();
        if (type == "error" || (type.empty() && json["error"].is_object())) return failed(json["error"], out);
        if (type == "message_start") {
            if (!begun_) reply_.start(json["message"], out);
            begun_ = true;
            return {};
        }
        if (type == "message_stop") {
            reply_.close(out);
            terminal_ = begun_;
            return {};
        }
        if (type == "message_delta") {
            reply_.finish(json["delta"], json["usage"], out);
            return {};
        }
        return block(type, json, out);
    }

    Status block(std::string_view type, JsonRef json, Events& out) {
        if (!type.starts_with("content_block_")) return {};
        const auto index = json["index"].integer();
        if (!index) return Error(ErrorCode::upstream_garbage, "a content block of the provider's stream has no index");
        if (type == "content_block_start") return reply_.block_start(*index, json["content_block"], out);
        if (type == "content_block_delta") return reply_.block_delta(*index, json["delta"], out);
        if (type == "content_block_stop") reply_.block_stop(*index, out);
        return {};
    }

    Status failed(JsonRef error, Events& out) {
        error_ = canon::anthropic::in_band_error(error);
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

}  // namespace aig::provider::anthropic
