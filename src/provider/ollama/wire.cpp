#include "canon/openai/shape.h"
#include "provider/ollama/ollama.h"

namespace aig::provider {
namespace {

using namespace canon;

class OllamaWire final : public Wire {
  public:
    Family family() const override { return Family::other; }
    Features lacks(Operation operation) const override {
        if (operation == Operation::embedding) return feature_token_arrays | feature_user;
        return feature_audio_in | feature_audio_out | feature_image_out | feature_files | feature_tool_choice |
               feature_many_choices | feature_custom_tools | feature_logprobs | feature_user | feature_logit_bias |
               feature_fill_in;
    }
    Encoded head(Operation operation, const WireTarget&, bool stream) const override {
        Encoded e;
        e.path = operation == Operation::embedding ? "/api/embed" : "/api/chat";
        e.headers = {{"content-type", "application/json"},
                     {"accept", stream ? "application/x-ndjson" : "application/json"}};
        return e;
    }
    Result<Encoded> encode(const Request& request, const WireTarget& target, Losses& losses) const override {
        if (const auto* m = std::get_if<Embedding>(&request)) {
            Encoded out = head(Operation::embedding, target, false);
            TRY(out.body, ollama::encode_embedding(*m, target, losses));
            return out;
        }
        const auto& chat = std::get<Chat>(request);
        Encoded out = head(Operation::chat, target, chat.stream);
        TRY(out.body, ollama::encode_chat(chat, target, losses));
        return out;
    }
    std::unique_ptr<Decoder> decoder(Operation operation, bool stream) const override {
        return ollama::decoder(operation, stream);
    }
    Error error(int status, std::string_view body) const override { return canon::openai::error_of(status, body); }
};

}  // namespace

const Wire& ollama_wire() {
    static const OllamaWire wire;
    return wire;
}

}  // namespace aig::provider
