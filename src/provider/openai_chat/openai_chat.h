// OpenAI's chat completions and embeddings as providers speak them, with the quirks of those that nearly do. Pure;
// stateless; any thread.
#pragma once

#include "canon/wire.h"

namespace aig::provider::openai {

class OpenAiChatWire : public canon::Wire {
  public:
    canon::Family family() const override { return canon::Family::openai_chat; }
    bool carries(canon::Family caller, const canon::Quirks& quirks) const override {
        return caller == family() || (caller == canon::Family::openai_completions && quirks.completions);
    }
    canon::Features lacks(canon::Operation) const override { return canon::feature_fill_in; }
    canon::Encoded head(canon::Operation operation, const canon::WireTarget& target, bool stream) const override;
    Result<canon::Encoded> encode(const canon::Request& request, const canon::WireTarget& target,
                                  canon::Losses& losses) const override;
    std::unique_ptr<canon::Decoder> decoder(canon::Operation operation, bool stream) const override;
    Error error(int status, std::string_view body) const override;
};

std::unique_ptr<canon::Decoder> stream_decoder();
std::unique_ptr<canon::Decoder> body_decoder();
std::unique_ptr<canon::Decoder> embedding_decoder();

}  // namespace aig::provider::openai
