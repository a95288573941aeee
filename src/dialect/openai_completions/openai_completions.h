// OpenAI's legacy text completions (POST /v1/completions) as callers speak them. Providers that serve them get the
// caller's bytes; for all others a single text prompt becomes a chat of one turn, and the answer a text_completion.
// Token arrays, several prompts, suffix and best_of have no such form: only a provider of the first kind takes them.
// docs/reference/openai-completions.md has the checks and the mapping. Pure; stateless; any thread.
#pragma once

#include "canon/dialect.h"

namespace aig::dialect::openai {

class OpenAiCompletions final : public canon::Dialect {
  public:
    canon::Family family() const override { return canon::Family::openai_completions; }
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
