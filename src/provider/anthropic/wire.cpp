#include "provider/anthropic/anthropic.h"
#include "provider/anthropic/decode.h"
#include "provider/anthropic/encode.h"

namespace aig::provider {
namespace {

using namespace canon;

class AnthropicWire final : public Wire {
  public:
    Family family() const override { return Family::anthropic; }

    Features lacks(Operation operation) const override { return anthropic_lacks(operation); }

    Encoded head(Operation, const WireTarget&, bool) const override {
        Encoded e;
        e.path = "/messages";
        e.headers = {{"content-type", "application/json"}, {"anthropic-version", "2023-06-01"}};
        return e;
    }

    Result<Encoded> encode(const Request& request, const WireTarget& target, Losses& losses) const override {
        const Chat* chat = std::get_if<Chat>(&request);
        if (!chat) return Error(ErrorCode::unsupported_feature, "this model does not make embeddings").param("model");
        TRY(Encoded body, anthropic::encode_chat({*chat, target, losses}));
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

Features anthropic_lacks(Operation operation) {
    if (operation == Operation::embedding) return ~Features{0};
    return feature_audio_in | feature_audio_out | feature_image_out | feature_json_object | feature_many_choices |
           feature_custom_tools | feature_dimensions | feature_token_arrays | feature_logprobs | feature_seed |
           feature_penalties | feature_logit_bias | feature_fill_in;
}

const Wire& anthropic_wire() {
    static const AnthropicWire wire;
    return wire;
}

}  // namespace aig::provider
