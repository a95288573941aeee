#include "provider/aws/errors.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/json.h"
#include "canon/wire.h"

namespace aig::provider::aws {
namespace {

struct Row {
    std::string_view name;  ///< of the exception, without "Exception", lower case
    int status;
    ErrorCode code;
};
/// Source: the error shapes of the Bedrock Runtime API, 2023-09-30.
constexpr std::array<Row, 12> rows{{
    {"validation", 400, ErrorCode::upstream_rejected},
    {"servicequotaexceeded", 0, ErrorCode::upstream_rate_limited},
    {"accessdenied", 403, ErrorCode::upstream_auth},
    {"unrecognizedclient", 0, ErrorCode::upstream_auth},
    {"resourcenotfound", 404, ErrorCode::upstream_model_missing},
    {"modeltimeout", 408, ErrorCode::upstream_timeout},
    {"modelerror", 424, ErrorCode::upstream_error},
    {"modelstreamerror", 0, ErrorCode::upstream_error},
    {"throttling", 429, ErrorCode::upstream_rate_limited},
    {"modelnotready", 0, ErrorCode::upstream_overloaded},
    {"internalserver", 500, ErrorCode::upstream_error},
    {"serviceunavailable", 503, ErrorCode::upstream_overloaded},
}};

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return out;
}

ErrorCode code_of(std::string_view type, int status) {
    const std::string name = lower(type);
    for (const Row& r : rows)
        if (!name.empty() && name.starts_with(r.name)) return r.code;
    for (const Row& r : rows)
        if (r.status == status) return r.code;
    if (status == 401) return ErrorCode::upstream_auth;
    return status >= 400 && status < 500 ? ErrorCode::upstream_rejected : ErrorCode::upstream_error;
}

/// One status for different things: the text tells them apart.
ErrorCode refine(ErrorCode code, std::string_view text) {
    const auto says = [&](std::string_view words) { return text.find(words) != std::string_view::npos; };
    if (code == ErrorCode::upstream_rejected) {
        if (says("Input Tokens Exceeded") || says("too long") || says("maximum length") || says("context window"))
            return ErrorCode::context_too_long;
        if (says("model identifier is invalid") || says("throughput isn") || says("end of its life"))
            return ErrorCode::upstream_model_missing;
        if (says("content filtering policy")) return ErrorCode::content_rejected;
    }
    // Access is given model by model: the key is fine for others.
    if (code == ErrorCode::upstream_auth && says("access to the model")) return ErrorCode::upstream_model_missing;
    return code;
}

Error made(std::string_view type, int status, std::string_view text) {
    const ErrorCode code = refine(code_of(type, status), text);
    Error e(code, text.empty() ? fmt::format("the provider answered with status {}", status)
                               : "the provider says: " + canon::scrub(text));
    if (code == ErrorCode::context_too_long) e = std::move(e).param("messages");
    return type.empty() ? std::move(e) : std::move(e).reason(canon::scrub(type));
}

}  // namespace

Error error_of(int status, std::string_view body) {
    auto doc = JsonDoc::parse(body.substr(0, 1 << 20));
    if (!doc || !doc->root().is_object()) return made({}, status, {});
    const JsonRef root = doc->root();
    std::string_view type = root["__type"].text();
    if (const size_t at = type.rfind('#'); at != std::string_view::npos) type.remove_prefix(at + 1);
    return made(type, status, root["message"] ? root["message"].text() : root["Message"].text());
}

Error exception_of(std::string_view type, std::string_view payload) {
    auto doc = JsonDoc::parse(payload);
    const auto text = doc ? doc->root()["message"].text() : std::string_view();
    return made(type, 500, text);
}

}  // namespace aig::provider::aws
