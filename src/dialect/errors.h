// One error, in the words of each surface. The meaning comes from errors.def; the statuses and type words of the
// surfaces from the table in errors.cpp. Pure but for the base of its links; any thread. What a provider said about the
// operator's own account never gets out here.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "canon/dialect.h"

namespace aig::dialect {

struct RenderedError {
    int status = 500;
    std::string body;
    /// Retry-After, retry-after-ms, x-should-retry, WWW-Authenticate.
    std::vector<std::pair<std::string, std::string>> headers;
};

/// The whole answer. `path` = the request's path without its query: Anthropic's and Gemini's routes answer in their
/// shape whatever the key's surface is.
RenderedError render_error(const Error& error, canon::Surface surface, std::string_view request_id,
                           std::string_view path);

/// {"error":{...}}: the in-band failure of an OpenAI stream that has begun.
std::string in_band_error(const Error& error, canon::Surface surface, std::string_view request_id);
/// {"type":"error","error":{"type","message"}}: the data of Anthropic's `event: error`.
std::string in_band_anthropic_error(const Error& error, std::string_view request_id);

/// What the caller may read: the message without the operator's business, with the row's advice.
std::string public_message(const Error& error);
bool retryable(ErrorCode code);

/// Where error.doc_url begins ("https://ai.example.com"); relative until it is said. At start-up.
void serve_docs_at(std::string public_url);

}  // namespace aig::dialect
