// InvokeModel for Anthropic's models: the body of Messages with its version inside and without model and stream; whole
// replies are Messages' own, streams wrap each of its events into a `chunk` of base64.
#include "base/json.h"
#include "provider/anthropic/anthropic.h"
#include "provider/anthropic/decode.h"
#include "provider/anthropic/encode.h"
#include "provider/aws/errors.h"
#include "provider/aws/event_stream.h"
#include "provider/base64.h"
#include "provider/bedrock/bedrock.h"
#include "provider/bedrock/path.h"

namespace aig::provider {
namespace {

using namespace canon;

/// Unwraps chunks and leaves the reading to the Messages decoder. All chunks of one call are handed on at once: its
/// events' views live until its next call.
class InvokeStreamDecoder final : public Decoder {
  public:
    Status feed(std::string_view bytes, std::vector<Event>& out) override {
        if (terminal() || error()) return {};
        reader_.feed(bytes);
        std::string unwrapped;
        for (aws::EventMessage message; !failed_;) {
            TRY(const bool more, reader_.next(message));
            if (!more) break;
            TRYV(one(message, unwrapped));
        }
        TRYV(inner_->feed(unwrapped, out));
        if (failed_ && !inner_->error() && !inner_->terminal()) {
            error_ = failed_;
            out.push_back(Event{.kind = Event::Kind::error});
        }
        return {};
    }
    Status end(std::vector<Event>& out) override {
        if (terminal() || error()) return {};
        if (!reader_.empty()) return Error(ErrorCode::upstream_truncated, "the provider's stream broke off");
        return inner_->end(out);
    }
    bool terminal() const override { return inner_->terminal(); }
    const std::optional<Error>& error() const override { return error_ ? error_ : inner_->error(); }

  private:
    Status one(const aws::EventMessage& message, std::string& unwrapped) {
        if (!message.is_event()) {
            failed_ = aws::exception_of(message.type, message.payload);
            return {};
        }
        if (message.type != "chunk") return {};
        const auto payload = JsonDoc::parse(message.payload);
        const auto json = payload ? base64_bytes(payload->root()["bytes"].text()) : std::nullopt;
        if (!json || json->find_first_of("\r\n") != std::string::npos)
            return Error(ErrorCode::upstream_garbage, "a chunk of the provider's stream cannot be read");
        unwrapped += "data: " + *json + "\n\n";
        return {};
    }

    aws::EventStreamReader reader_;
    std::unique_ptr<Decoder> inner_ = anthropic::stream_decoder();
    std::optional<Error> failed_;  ///< seen in this call, told behind what came before it
    std::optional<Error> error_;
};

class BedrockInvokeWire final : public Wire {
  public:
    /// Not Anthropic's family: neither body nor stream are the bytes of Messages.
    Family family() const override { return Family::other; }
    Features lacks(Operation operation) const override { return anthropic_lacks(operation); }

    Encoded head(Operation, const WireTarget& target, bool stream) const override {
        return bedrock::head(target.model, stream ? "/invoke-with-response-stream" : "/invoke", stream);
    }
    Result<Encoded> encode(const Request& request, const WireTarget& target, Losses& losses) const override {
        const Chat* chat = std::get_if<Chat>(&request);
        if (!chat) return Error(ErrorCode::unsupported_feature, "this model does not make embeddings").param("model");
        TRY(Encoded body, anthropic::encode_chat({*chat, target, losses}, {"bedrock-2023-05-31", false}));
        Encoded whole = head(Operation::chat, target, chat->stream);
        whole.body = std::move(body.body);
        return whole;
    }
    std::unique_ptr<Decoder> decoder(Operation, bool stream) const override {
        if (stream) return std::make_unique<InvokeStreamDecoder>();
        return anthropic::whole_decoder();
    }
    Error error(int status, std::string_view body) const override { return aws::error_of(status, body); }
};

}  // namespace

const Wire& bedrock_invoke_wire() {
    static const BedrockInvokeWire wire;
    return wire;
}

}  // namespace aig::provider
