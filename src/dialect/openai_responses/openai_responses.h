// OpenAI's Responses as callers speak them. What is checked, patched, held back and taken as the end of a stream is
// written down in docs/reference/openai-responses.md. Pure; stateless; any thread. Stored responses are no matter of
// the dialect: whoever hands it a request has put what `previous_response_id` means into `input`.
#pragma once

#include <string>

#include "canon/dialect.h"

namespace aig::dialect::responses {

constexpr std::string_view origin_name = "openai-responses";

class OpenAiResponses final : public canon::Dialect {
  public:
    canon::Family family() const override { return canon::Family::openai_responses; }
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

/// What a response is called: resp_ and the request's own id.
std::string response_id(std::string_view request_id);
/// The response that an item of ours belongs to ("" for other ids), and the item's place in its output.
std::string response_of_item(std::string_view item_id, size_t& place);
/// A response object without output: one that waits, was cancelled, or failed. One line.
std::string standing_response(const canon::ReplyTerms& terms, std::string_view status, const Error* error = nullptr);

}  // namespace aig::dialect::responses
