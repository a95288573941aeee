// Error bodies and in-stream errors. The type decides, the status where there is no type, and the text in the few cases
// where the API has one type for different things.
#include <array>

#include <fmt/format.h>

#include "canon/anthropic/shape.h"
#include "canon/wire.h"

namespace aig::canon::anthropic {
namespace {

bool says(std::string_view text, std::string_view words) { return text.find(words) != std::string_view::npos; }

struct Row {
    std::string_view type;
    int status;  ///< what the API answers it with
    ErrorCode code;
};
/// docs: api/errors (2026).
constexpr std::array<Row, 11> rows{{
    {"invalid_request_error", 400, ErrorCode::upstream_rejected},
    {"authentication_error", 401, ErrorCode::upstream_auth},
    {"billing_error", 402, ErrorCode::upstream_spend_limit},
    {"permission_error", 403, ErrorCode::upstream_auth},
    {"not_found_error", 404, ErrorCode::upstream_model_missing},
    {"timeout_error", 408, ErrorCode::upstream_timeout},
    {"request_too_large", 413, ErrorCode::too_large},
    {"rate_limit_error", 429, ErrorCode::upstream_rate_limited},
    {"api_error", 500, ErrorCode::upstream_error},
    {"timeout_error", 504, ErrorCode::upstream_timeout},
    {"overloaded_error", 529, ErrorCode::upstream_overloaded},
}};

ErrorCode code_of(int status, std::string_view type) {
    // A status outside the table's own meaning (a proxy's 503 with any body) goes by the status.
    for (const Row& r : rows)
        if (r.type == type && (status == 0 || status == r.status)) return r.code;
    for (const Row& r : rows)
        if (r.status == status) return r.code;
    if (status == 503) return ErrorCode::upstream_overloaded;
    if (status == 422) return ErrorCode::upstream_rejected;
    if (status >= 300 && status < 400) return ErrorCode::upstream_garbage;
    return status >= 400 && status < 500 ? ErrorCode::upstream_rejected : ErrorCode::upstream_error;
}

/// invalid_request_error and rate_limit_error each cover cases that need another next step.
ErrorCode refine(ErrorCode code, std::string_view text) {
    if (code == ErrorCode::upstream_rejected) {
        if (says(text, "prompt is too long") || says(text, "exceed context limit") || says(text, "context window"))
            return ErrorCode::context_too_long;
        if (says(text, "credit balance is too low") || says(text, "specified API usage limits"))
            return ErrorCode::upstream_spend_limit;
        if (says(text, "content filtering policy")) return ErrorCode::content_rejected;
        if (says(text, "organization has been disabled")) return ErrorCode::upstream_auth;
    }
    // A spend limit answers 429 too, without retry-after; waiting does not help.
    if (code == ErrorCode::upstream_rate_limited &&
        (says(text, "spend_limit") || says(text, "spend limit") || says(text, "usage limits")))
        return ErrorCode::upstream_spend_limit;
    return code;
}

Error made(int status, std::string_view type, std::string_view text, std::string_view seen) {
    const ErrorCode code = refine(code_of(status, type), seen);
    Error e(code, text.empty() ? fmt::format("the provider answered with status {}", status)
                               : "the provider says: " + scrub(text));
    if (status == 422) e = std::move(e).status(422);
    if (code == ErrorCode::context_too_long) e = std::move(e).param("messages");
    return type.empty() ? std::move(e) : std::move(e).reason(scrub(type));
}

}  // namespace

Error in_band_error(JsonRef error) { return made(0, error["type"].text(), error["message"].text(), error.raw()); }

Error error_of(int status, std::string_view body) {
    auto doc = JsonDoc::parse(body.substr(0, 1 << 20));
    if (!doc) return made(status, {}, {}, body.substr(0, 4096));  // HTML pages of proxies are nobody's message
    const JsonRef error = doc->root()["error"];
    if (error.is_object()) return made(status, error["type"].text(), error["message"].text(), error.raw());
    return made(status, {}, error.is_string() ? error.text() : doc->root()["message"].text(), doc->root().raw());
}

}  // namespace aig::canon::anthropic
