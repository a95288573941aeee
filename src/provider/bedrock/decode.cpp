// Converse replies, whole and streamed. A stream ends with its metadata event, which carries the usage; an exception
// in it ends the reply.
#include "provider/aws/errors.h"
#include "provider/aws/event_stream.h"
#include "provider/bedrock/reply.h"

namespace aig::provider::bedrock {
namespace {

constexpr size_t most_body = 64u << 20;

class WholeDecoder final : public canon::Decoder {
  public:
    Status feed(std::string_view bytes, Events&) override {
        if (body_.size() + bytes.size() > most_body)
            return Error(ErrorCode::upstream_garbage, "the provider's reply is larger than 64 MiB");
        body_ += bytes;
        return {};
    }

    Status end(Events& out) override {
        const size_t first = body_.find_first_not_of(" \t\r\n");
        if (first == std::string::npos) return Error(ErrorCode::upstream_empty, "the provider's reply has no body");
        auto parsed = JsonDoc::parse(body_);
        if (!parsed)
            return Error(body_[first] == '{' ? ErrorCode::upstream_truncated : ErrorCode::upstream_garbage,
                         "the provider's reply broke off or is not JSON");
        doc_.emplace(*std::move(parsed));
        const JsonRef root = doc_->root();
        const JsonRef content = root["output"]["message"]["content"];
        if (!content.is_array()) return Error(ErrorCode::upstream_garbage, "the provider's reply is not a message");
        reply_.start(out);
        for (const JsonRef block : content) TRYV(reply_.whole_block(block, out));
        reply_.finish(root["stopReason"].text(), root["additionalModelResponseFields"], out);
        reply_.metadata(root, out);
        terminal_ = true;
        return {};
    }

    bool terminal() const override { return terminal_; }
    const std::optional<Error>& error() const override { return error_; }

  private:
    std::string body_;
    std::optional<JsonDoc> doc_;
    Reply reply_;
    std::optional<Error> error_;
    bool terminal_ = false;
};

class StreamDecoder final : public canon::Decoder {
  public:
    Status feed(std::string_view bytes, Events& out) override {
        docs_.clear();
        reply_.forget_views();
        if (terminal_ || error_) return {};
        reader_.feed(bytes);
        for (aws::EventMessage message; !terminal_ && !error_;) {
            TRY(const bool more, reader_.next(message));
            if (!more) break;
            TRYV(one(message, out));
        }
        return {};
    }

    Status end(Events&) override {
        docs_.clear();
        reply_.forget_views();
        if (terminal_ || error_) return {};
        if (!begun_) return Error(ErrorCode::upstream_empty, "the provider's stream is empty");
        if (!reply_.finished() || !reader_.empty())
            return Error(ErrorCode::upstream_truncated, "the provider's stream ended before messageStop");
        terminal_ = true;  // without the usage, which is counted then
        return {};
    }

    bool terminal() const override { return terminal_; }
    const std::optional<Error>& error() const override { return error_; }

  private:
    Status one(const aws::EventMessage& message, Events& out) {
        begun_ = true;
        if (!message.is_event()) {
            error_ = aws::exception_of(message.type, message.payload);
            out.push_back(canon::Event{.kind = canon::Event::Kind::error});
            return {};
        }
        auto parsed = JsonDoc::parse(message.payload);
        if (!parsed) return Error(ErrorCode::upstream_garbage, "an event of the provider's stream is not valid JSON");
        return handle(message.type, docs_.emplace_back(*std::move(parsed)).root(), out);
    }

    Status handle(std::string_view type, JsonRef json, Events& out) {
        if (type == "messageStart") {
            reply_.start(out);
        } else if (type == "messageStop") {
            reply_.finish(json["stopReason"].text(), json["additionalModelResponseFields"], out);
        } else if (type == "metadata") {
            reply_.metadata(json, out);
            terminal_ = reply_.finished();
        } else if (type.starts_with("contentBlock")) {
            return block(type, json, out);
        }
        return {};
    }

    Status block(std::string_view type, JsonRef json, Events& out) {
        const auto index = json["contentBlockIndex"].integer();
        if (!index) return Error(ErrorCode::upstream_garbage, "a content block of the provider's stream has no index");
        if (type == "contentBlockStart") return reply_.block_start(*index, json["start"], out);
        if (type == "contentBlockDelta") return reply_.block_delta(*index, json["delta"], out);
        if (type == "contentBlockStop") reply_.block_stop(*index, out);
        return {};
    }

    aws::EventStreamReader reader_;
    Reply reply_;
    std::deque<JsonDoc> docs_;  ///< what the views of the last call's events point into
    std::optional<Error> error_;
    bool begun_ = false, terminal_ = false;
};

}  // namespace

std::unique_ptr<canon::Decoder> whole_decoder() { return std::make_unique<WholeDecoder>(); }
std::unique_ptr<canon::Decoder> stream_decoder() { return std::make_unique<StreamDecoder>(); }

}  // namespace aig::provider::bedrock
