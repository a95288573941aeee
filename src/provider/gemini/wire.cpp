#include "provider/gemini/decode.h"
#include "provider/gemini/encode.h"
#include "provider/gemini/gemini.h"

namespace aig::provider {
namespace {

using namespace canon;

class GeminiWire final : public Wire {
  public:
    explicit GeminiWire(bool vertex) : vertex_(vertex) {}
    Family family() const override { return Family::gemini; }

    Features lacks(Operation operation) const override {
        if (operation == Operation::embedding) return feature_token_arrays | feature_user;
        return feature_audio_out | feature_custom_tools | feature_user | feature_logit_bias | feature_fill_in;
    }

    Encoded head(Operation operation, const WireTarget& target, bool stream) const override {
        Encoded e;
        if (operation == Operation::embedding)
            e.path = gemini::method_path(target, vertex_ ? "predict" : "batchEmbedContents");
        else
            // Always as events: without alt=sse the same chunks come as one array.
            e.path = gemini::method_path(target, stream ? "streamGenerateContent?alt=sse" : "generateContent");
        e.headers = {{"content-type", "application/json"}};
        return e;
    }

    Result<Encoded> encode(const Request& request, const WireTarget& target, Losses& losses) const override {
        if (const auto* embedding = std::get_if<Embedding>(&request)) {
            Encoded out = head(Operation::embedding, target, false);
            TRY(out.body, vertex_ ? gemini::predict_body(*embedding, losses)
                                  : gemini::batch_embed_body(*embedding, target, losses));
            return out;
        }
        const auto& chat = std::get<Chat>(request);
        Encoded out = head(Operation::chat, target, chat.stream);
        TRY(out.body, gemini::chat_body({chat, target, losses}));
        return out;
    }

    std::unique_ptr<Decoder> decoder(Operation operation, bool stream) const override {
        if (operation == Operation::embedding) return gemini::embedding_decoder();
        return stream ? gemini::stream_decoder() : gemini::whole_decoder();
    }

    Error error(int status, std::string_view body) const override { return canon::gemini::error_of(status, body); }

  private:
    const bool vertex_;
};

}  // namespace

const Wire& gemini_wire() {
    static const GeminiWire wire(false);
    return wire;
}
const Wire& vertex_wire() {
    static const GeminiWire wire(true);
    return wire;
}

}  // namespace aig::provider
