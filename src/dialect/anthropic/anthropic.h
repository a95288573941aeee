// Anthropic's Messages as callers speak them, API versions 2023-06-01 and 2026-10-21 alike. What is checked, patched,
// held back and taken as the end of a stream is written down in docs/reference/anthropic-messages.md. Pure; stateless;
// any thread. Refuses what no provider could mean; members, blocks and tools that nobody knows pass.
#pragma once

#include "canon/dialect.h"

namespace aig::dialect::anthropic {

class Messages final : public canon::Dialect {
  public:
    canon::Family family() const override { return canon::Family::anthropic; }
    Result<canon::Envelope> peek(const canon::Incoming& in) const override;
    Result<canon::Request> parse(const canon::Incoming& in) const override;
    Result<canon::Spliced> splice(std::string_view body, const canon::Envelope& envelope,
                                  const canon::Patch& patch) const override;
    std::unique_ptr<canon::Relay> tap(const canon::ReplyTerms& terms) const override;
    std::unique_ptr<canon::Renderer> renderer(const canon::ReplyTerms& terms) const override;
    std::string_view content_type(const canon::Envelope& envelope) const override {
        return envelope.stream ? "text/event-stream" : "application/json";
    }
    std::string_view ping(const canon::Envelope&) const override {
        return "event: ping\ndata: {\"type\": \"ping\"}\n\n";
    }
    std::vector<std::string_view> forwards() const override { return {"anthropic-version", "anthropic-beta"}; }
};

/// The facts of a count_tokens body: a Messages request that need not say max_tokens.
Result<canon::Envelope> measure(std::string_view body);

}  // namespace aig::dialect::anthropic
