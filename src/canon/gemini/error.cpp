// Error bodies and in-stream errors: google.rpc.Status in JSON. The status word decides, the HTTP status where there is
// none, and the text in the few cases where one word stands for different things.
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "canon/gemini/shape.h"
#include "canon/wire.h"

namespace aig::canon::gemini {
namespace {

constexpr int64_t longest_wait_ms = 300'000;

struct Row {
    std::string_view word;
    int status;
    ErrorCode code;
};
/// ai.google.dev/gemini-api/docs/troubleshooting and google.rpc.Code, 2026-08.
constexpr std::array<Row, 13> rows{{
    {"INVALID_ARGUMENT", 400, ErrorCode::upstream_rejected},
    {"FAILED_PRECONDITION", 400, ErrorCode::upstream_auth},  // the account's region or billing
    {"OUT_OF_RANGE", 400, ErrorCode::upstream_rejected},
    {"UNAUTHENTICATED", 401, ErrorCode::upstream_auth},
    {"PERMISSION_DENIED", 403, ErrorCode::upstream_auth},
    {"NOT_FOUND", 404, ErrorCode::upstream_model_missing},
    {"ABORTED", 409, ErrorCode::upstream_error},
    {"RESOURCE_EXHAUSTED", 429, ErrorCode::upstream_rate_limited},
    {"CANCELLED", 499, ErrorCode::upstream_error},
    {"INTERNAL", 500, ErrorCode::upstream_error},
    {"UNKNOWN", 500, ErrorCode::upstream_error},
    {"UNAVAILABLE", 503, ErrorCode::upstream_overloaded},
    {"DEADLINE_EXCEEDED", 504, ErrorCode::upstream_timeout},
}};

bool says(std::string_view text, std::string_view words) { return text.find(words) != std::string_view::npos; }

ErrorCode code_of(int status, std::string_view word) {
    for (const Row& r : rows)
        if (r.word == word && (status == 0 || status == r.status)) return r.code;
    for (const Row& r : rows)
        if (r.status == status) return r.code;
    if (status == 408) return ErrorCode::upstream_timeout;
    if (status == 413) return ErrorCode::too_large;
    if (status >= 300 && status < 400) return ErrorCode::upstream_garbage;
    return status >= 400 && status < 500 ? ErrorCode::upstream_rejected : ErrorCode::upstream_error;
}

ErrorCode refine(ErrorCode code, std::string_view seen) {
    if (code == ErrorCode::upstream_rejected) {
        if (says(seen, "API_KEY_INVALID") || says(seen, "API key not valid") || says(seen, "API key expired"))
            return ErrorCode::upstream_auth;
        if (says(seen, "exceeds the maximum number of tokens") || says(seen, "input token count"))
            return ErrorCode::context_too_long;
    }
    if (code == ErrorCode::upstream_rate_limited && says(seen, "spending cap")) return ErrorCode::upstream_spend_limit;
    return code;
}

/// RetryInfo's "30s" or "0.52s"; 0 when there is none.
int64_t retry_delay_ms(JsonRef details) {
    for (const JsonRef d : details) {
        std::string_view text = d["retryDelay"].text();
        if (!text.ends_with('s')) continue;
        int64_t seconds = 0;
        const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), seconds);
        if (bad != std::errc{} || seconds < 0) continue;
        // A part of a second is a whole one: sooner would be too soon.
        const int64_t whole = *end == '.' ? seconds + 1 : seconds;
        return whole >= longest_wait_ms / 1000 ? longest_wait_ms : whole * 1000;
    }
    return 0;
}

Error made(int status, JsonRef error, std::string_view seen) {
    const auto word = error["status"].text(), text = error["message"].text();
    const ErrorCode code = refine(code_of(status, word), seen);
    Error e(code, text.empty() ? fmt::format("the provider answered with status {}", status)
                               : "the provider says: " + scrub(text));
    if (status == 422) e = std::move(e).status(422);
    if (code == ErrorCode::context_too_long) e = std::move(e).param("contents");
    if (const int64_t wait = retry_delay_ms(error["details"])) e = std::move(e).retry_after_ms(wait);
    return word.empty() ? std::move(e) : std::move(e).reason(scrub(word));
}

}  // namespace

Error in_band_error(JsonRef error) {
    const int64_t code = error["code"].integer().value_or(0);
    return made(code >= 400 && code <= 599       ? static_cast<int>(code)
                : error["status"].text().empty() ? 500
                                                 : 0,
                error, error.raw());
}

Error error_of(int status, std::string_view body) {
    auto doc = JsonDoc::parse(body.substr(0, 1 << 20));
    if (!doc) return made(status, {}, body.substr(0, 4096));  // HTML pages of proxies are nobody's message
    JsonRef root = doc->root();
    if (root.is_array() && root.size()) root = *root.begin();
    return made(status, root["error"], root.raw());
}

}  // namespace aig::canon::gemini
