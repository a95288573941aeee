// Gemini's generateContent and its like as callers speak them: the model stands in the URL, members in either of two
// spellings, streams as events or as one JSON array. What is checked, patched, held back and taken as the end of a
// stream is written down in docs/reference/gemini.md. Pure; stateless; any thread.
#pragma once

#include "canon/dialect.h"

namespace aig::dialect::google {

class Gemini final : public canon::Dialect {
  public:
    canon::Family family() const override { return canon::Family::gemini; }
    Result<canon::Envelope> peek(const canon::Incoming& in) const override;
    Result<canon::Request> parse(const canon::Incoming& in) const override;
    Result<canon::Spliced> splice(std::string_view body, const canon::Envelope& envelope,
                                  const canon::Patch& patch) const override;
    std::unique_ptr<canon::Relay> tap(const canon::ReplyTerms& terms) const override;
    std::unique_ptr<canon::Renderer> renderer(const canon::ReplyTerms& terms) const override;
    std::string_view content_type(const canon::Envelope& envelope) const override {
        return envelope.stream && envelope.sse ? "text/event-stream" : "application/json";
    }
    /// An array may have white space before any of its elements, and before itself.
    std::string_view ping(const canon::Envelope& envelope) const override { return envelope.sse ? ": ping\n\n" : "\n"; }
};

}  // namespace aig::dialect::google
