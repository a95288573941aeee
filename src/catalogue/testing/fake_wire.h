// A wire of a chosen family that lacks chosen features and can do nothing else.
#pragma once

#include "canon/wire.h"
#include "catalogue/build.h"

namespace aig::catalogue::testing {

class FakeWire final : public canon::Wire {
  public:
    explicit FakeWire(canon::Family family, canon::Features lacks = 0) : family_(family), lacks_(lacks) {}
    canon::Family family() const override { return family_; }
    canon::Features lacks(canon::Operation) const override { return lacks_; }
    canon::Encoded head(canon::Operation, const canon::WireTarget&, bool) const override { return {}; }
    Result<canon::Encoded> encode(const canon::Request&, const canon::WireTarget&, canon::Losses&) const override {
        return Error(ErrorCode::internal);
    }
    std::unique_ptr<canon::Decoder> decoder(canon::Operation, bool) const override { return nullptr; }
    Error error(int, std::string_view) const override { return Error(ErrorCode::upstream_error); }

  private:
    canon::Family family_;
    canon::Features lacks_;
};

inline const canon::Wire* fake_wires(std::string_view name) {
    static const FakeWire openai(canon::Family::openai_chat), responses(canon::Family::openai_responses),
        anthropic(canon::Family::anthropic, canon::feature_many_choices | canon::feature_audio_in),
        gemini(canon::Family::gemini, canon::feature_custom_tools);
    if (name == "openai-responses") return &responses;
    if (name == "gemini" || name == "vertex") return &gemini;
    static const FakeWire other(canon::Family::other);
    for (const std::string_view built :
         {"bedrock", "bedrock-invoke", "vertex-anthropic", "cohere", "mistral", "ollama"})
        if (name == built) return &other;
    if (name == "azure-openai") return &openai;
    if (name == "azure-openai-responses") return &responses;
    if (name == "vertex") return &gemini;
    return name == "openai-chat" ? &openai : name == "anthropic" ? &anthropic : nullptr;
}

}  // namespace aig::catalogue::testing
