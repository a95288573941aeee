// Whole replies: collected, parsed once at the end, then walked through the same state machine as a stream.
#include <fmt/format.h>

#include "provider/anthropic/decode.h"

namespace aig::provider::anthropic {
namespace {

constexpr size_t max_body = 64u << 20;

class WholeDecoder final : public canon::Decoder {
  public:
    Status feed(std::string_view bytes, Events&) override {
        if (body_.size() + bytes.size() > max_body)
            return Error(ErrorCode::upstream_garbage, "the provider's reply is larger than 64 MiB");
        body_ += bytes;
        return {};
    }

    Status end(Events& out) override {
        if (terminal_ || error_) return {};
        if (body_.find_first_not_of(" \t\r\n") == std::string::npos)
            return Error(ErrorCode::upstream_empty, "the provider's reply has no body");
        auto parsed = JsonDoc::parse(body_);
        if (!parsed) return not_json();
        doc_.emplace(std::move(*parsed));
        const JsonRef root = doc_->root();
        if (root["type"].text() == "error" || root["error"].is_object()) return failed(root["error"], out);
        if (!root["content"].is_array())
            return Error(ErrorCode::upstream_garbage, "the provider's reply is not a message");
        return message(root, out);
    }

    bool terminal() const override { return terminal_; }
    const std::optional<Error>& error() const override { return error_; }

  private:
    /// A body that begins like JSON was cut; anything else (an HTML page) is no reply.
    Error not_json() const {
        if (body_[body_.find_first_not_of(" \t\r\n")] == '{')
            return Error(ErrorCode::upstream_truncated, "the provider's reply broke off or is not valid JSON");
        return Error(ErrorCode::upstream_garbage, "the provider's reply is not JSON");
    }

    Status failed(JsonRef error, Events& out) {
        error_ = canon::anthropic::in_band_error(error);
        out.push_back(canon::Event{.kind = canon::Event::Kind::error});
        return {};
    }

    Status message(JsonRef root, Events& out) {
        reply_.start(root, out);
        int64_t index = 0;
        for (const JsonRef block : root["content"]) {
            TRYV(reply_.block_start(index, block, out));
            reply_.block_stop(index++, out);
        }
        reply_.finish(root, root["usage"], out);
        reply_.close(out);
        terminal_ = true;
        return {};
    }

    std::string body_;
    std::optional<JsonDoc> doc_;
    Reply reply_;
    std::optional<Error> error_;
    bool terminal_ = false;
};

}  // namespace

std::unique_ptr<canon::Decoder> whole_decoder() { return std::make_unique<WholeDecoder>(); }

}  // namespace aig::provider::anthropic
