// OpenAI's chat completions and embeddings as callers speak them. What is checked, patched, held back and taken as the
// end of a stream is written down in docs/reference/openai-chat.md. Pure; stateless; any thread.
#pragma once

#include "canon/dialect.h"

namespace aig::dialect::openai {

class OpenAiChat final : public canon::Dialect {
  public:
    canon::Family family() const override { return canon::Family::openai_chat; }
    Result<canon::Envelope> peek(const canon::Incoming& in) const override;
    Result<canon::Request> parse(const canon::Incoming& in) const override;
    Result<canon::Spliced> splice(std::string_view body, const canon::Envelope& envelope,
                                  const canon::Patch& patch) const override;
    std::unique_ptr<canon::Relay> tap(const canon::ReplyTerms& terms) const override;
    std::unique_ptr<canon::Renderer> renderer(const canon::ReplyTerms& terms) const override;
    std::string_view content_type(const canon::Envelope& envelope) const override {
        return envelope.stream ? "text/event-stream" : "application/json";
    }
};

}  // namespace aig::dialect::openai
