#include "canon/openai_responses/shape.h"
#include "provider/openai_responses/decode.h"
#include "provider/openai_responses/encode.h"
#include "provider/openai_responses/openai_responses.h"

namespace aig::provider {
namespace {
using namespace canon;

class OpenAiResponsesWire final : public Wire {
  public:
    Family family() const override { return Family::openai_responses; }

    Features lacks(Operation operation) const override {
        if (operation == Operation::embedding) return ~Features{0};
        return feature_many_choices | feature_stop | feature_audio_in | feature_audio_out | feature_image_out |
               feature_fill_in | feature_dimensions | feature_token_arrays | feature_seed | feature_penalties |
               feature_logit_bias;
    }

    Encoded head(Operation, const WireTarget&, bool stream) const override {
        Encoded e;
        e.path = "/responses";
        e.headers = {{"content-type", "application/json"},
                     {"accept", stream ? "text/event-stream" : "application/json"}};
        return e;
    }

    Result<Encoded> encode(const Request& request, const WireTarget& target, Losses& losses) const override {
        const Chat* chat = std::get_if<Chat>(&request);
        if (!chat) return Error(ErrorCode::unsupported_feature, "this model does not make embeddings").param("model");
        Encoded out = head(Operation::chat, target, chat->stream);
        TRY(out.body, openai_responses::encode_chat({*chat, target, losses}));
        return out;
    }

    std::unique_ptr<Decoder> decoder(Operation, bool stream) const override {
        return stream ? openai_responses::stream_decoder() : openai_responses::whole_decoder();
    }

    Error error(int status, std::string_view body) const override {
        return canon::openai_responses::error_of(status, body);
    }
};

}  // namespace

const Wire& openai_responses_wire() {
    static const OpenAiResponsesWire wire;
    return wire;
}

}  // namespace aig::provider
