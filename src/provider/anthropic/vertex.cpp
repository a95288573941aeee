// Claude on Vertex AI. The model stands in the path, the version in the body (docs.cloud.google.com/vertex-ai/
// generative-ai/docs/partner-models/claude/use-claude, 2026); replies are Messages' own.
#include "provider/anthropic/anthropic.h"
#include "provider/anthropic/decode.h"
#include "provider/anthropic/encode.h"

namespace aig::provider {
namespace {

using namespace canon;

class VertexAnthropicWire final : public Wire {
  public:
    /// Not Anthropic's family: a body that says its model would be refused.
    Family family() const override { return Family::other; }
    Features lacks(Operation operation) const override { return anthropic_lacks(operation); }

    Encoded head(Operation, const WireTarget& target, bool stream) const override {
        Encoded e;
        e.path = "/models/" + target.model + (stream ? ":streamRawPredict" : ":rawPredict");
        e.headers = {{"content-type", "application/json"}};
        return e;
    }
    Result<Encoded> encode(const Request& request, const WireTarget& target, Losses& losses) const override {
        const Chat* chat = std::get_if<Chat>(&request);
        if (!chat) return Error(ErrorCode::unsupported_feature, "this model does not make embeddings").param("model");
        TRY(Encoded body, anthropic::encode_chat({*chat, target, losses}, {"vertex-2023-10-16", true}));
        Encoded whole = head(Operation::chat, target, chat->stream);
        whole.body = std::move(body.body);
        return whole;
    }
    std::unique_ptr<Decoder> decoder(Operation, bool stream) const override {
        return stream ? anthropic::stream_decoder() : anthropic::whole_decoder();
    }
    Error error(int status, std::string_view body) const override { return canon::anthropic::error_of(status, body); }
};

}  // namespace

const Wire& vertex_anthropic_wire() {
    static const VertexAnthropicWire wire;
    return wire;
}

}  // namespace aig::provider
