// Whole replies: collected, parsed once at the end, then walked through the same state machine as a stream.
#include "provider/openai_responses/decode.h"
#include "canon/openai_responses/shape.h"

namespace aig::provider::openai_responses {
namespace {

constexpr size_t max_body = size_t{64} << 20;

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
        return response(doc_->root(), out);
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

    Status response(JsonRef root, Events& out) {
        if (!root.is_object()) return Error(ErrorCode::upstream_garbage, "the provider's reply is not an object");
        if (canon::openai_responses::is_failed(root)) return failed(canon::openai_responses::in_band_error(root), out);
        if (!root["output"].is_array())
            return Error(ErrorCode::upstream_garbage, "the provider's reply is not a response");
        const auto stop = canon::openai_responses::stop_of(root);
        const auto status = root["status"].text();
        if (status == "queued" || status == "in_progress")
            return Error(ErrorCode::upstream_garbage, "the provider answered with a response that is not done");
        if (stop == canon::StopReason::other)
            return failed(Error(ErrorCode::upstream_error, "the provider's response was " + std::string(status)), out);
        TRYV(reply_.finish(root, out));
        terminal_ = true;
        return {};
    }

    Status failed(Error error, Events& out) {
        error_ = std::move(error);
        out.push_back(canon::Event{.kind = canon::Event::Kind::error});
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

}  // namespace aig::provider::openai_responses
