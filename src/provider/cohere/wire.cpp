#include "canon/openai/shape.h"
#include "provider/cohere/cohere.h"

namespace aig::provider {
namespace {

using namespace canon;

class CohereWire final : public Wire {
  public:
    Family family() const override { return Family::other; }
    Features lacks(Operation operation) const override {
        if (operation == Operation::embedding) return feature_token_arrays | feature_user;
        return feature_audio_in | feature_audio_out | feature_image_out | feature_files | feature_many_choices |
               feature_custom_tools | feature_user | feature_logit_bias | feature_fill_in;
    }
    Encoded head(Operation operation, const WireTarget&, bool stream) const override {
        Encoded e;
        e.path = operation == Operation::embedding ? "/embed" : "/chat";
        e.headers = {{"content-type", "application/json"},
                     {"accept", stream ? "text/event-stream" : "application/json"}};
        return e;
    }
    Result<Encoded> encode(const Request& request, const WireTarget& target, Losses& losses) const override {
        if (const auto* m = std::get_if<Embedding>(&request)) {
            Encoded out = head(Operation::embedding, target, false);
            TRY(out.body, cohere::encode_embedding(*m, target, losses));
            return out;
        }
        const auto& chat = std::get<Chat>(request);
        Encoded out = head(Operation::chat, target, chat.stream);
        TRY(out.body, cohere::encode_chat(chat, target, losses));
        return out;
    }
    std::unique_ptr<Decoder> decoder(Operation operation, bool stream) const override {
        return stream ? cohere::stream_decoder() : cohere::body_decoder(operation);
    }
    /// {"message": …}, and the statuses mean what they mean elsewhere; 498 is a key that was blocked.
    Error error(int status, std::string_view body) const override {
        return canon::openai::error_of(status == 498 ? 401 : status, body);
    }
};

}  // namespace

const Wire& cohere_wire() {
    static const CohereWire wire;
    return wire;
}

}  // namespace aig::provider
