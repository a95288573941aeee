#include <algorithm>
#include <array>
#include <charconv>

#include <fmt/format.h>

#include "canon/openai/shape.h"
#include "canon/wire.h"

namespace aig::canon::openai {
namespace {

/// What the many error shapes have in common.
struct Said {
    std::string message, type, code, param;
};

std::string lower(std::string_view s) {
    std::string out(s.substr(0, 4096));
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return out;
}

std::string scalar_text(JsonRef v) {
    if (v.is_string()) return std::string(v.text().substr(0, 4096));
    return v.is_number() ? std::string(v.raw()) : std::string{};
}

/// {"detail": "..."} and {"detail": [{"msg": "...", "loc": [...]}]} (FastAPI servers: Mistral, vLLM).
std::string detail_text(JsonRef detail) {
    if (detail.is_string()) return scalar_text(detail);
    for (const JsonRef item : detail)
        if (item.is_object()) return scalar_text(item["msg"]);
    return {};
}

Said said_by(JsonRef root) {
    Said s;
    JsonRef e = root["error"];
    if (e.is_string()) {  // xAI {"code","error"}, Hugging Face {"error","error_type"}
        s.message = scalar_text(e);
        s.code = scalar_text(root["code"]);
        s.type = scalar_text(root["error_type"]);
        return s;
    }
    if (!e.is_object()) e = root;
    s.message = scalar_text(e["message"]);
    if (s.message.empty()) s.message = detail_text(e["detail"]);
    s.type = scalar_text(e["type"]);
    s.code = scalar_text(e["code"]);
    s.param = scalar_text(e["param"]);
    // OpenRouter puts the real reason into metadata.raw.
    if (const auto raw = e["metadata"]["raw"]; raw.is_string()) s.message += ": " + scalar_text(raw);
    return s;
}

template <size_t N>
bool has_any(std::string_view text, const std::array<std::string_view, N>& words) {
    return std::any_of(words.begin(), words.end(),
                       [&](std::string_view w) { return text.find(w) != std::string_view::npos; });
}

constexpr std::array<std::string_view, 8> spend_words = {
    "insufficient_quota",  "billing_hard_limit",          "spend_limit",         "spending limit", "credit balance",
    "insufficient credit", "exceeded your current quota", "insufficient balance"};
constexpr std::array<std::string_view, 9> context_words = {"number of tokens in the prompt cannot exceed",
                                                           "exceeds the context length",
                                                           "context_length_exceeded",
                                                           "maximum context length",
                                                           "exceed_context_size",
                                                           "too_many_prompt_tokens",
                                                           "context window",
                                                           "prompt is too long",
                                                           "reduce the length of the messages"};
constexpr std::array<std::string_view, 6> content_words = {"content_filter", "content_policy", "usage guidelines",
                                                           "moderation",     "flagged",        "responsibleaipolicy"};
constexpr std::array<std::string_view, 5> model_words = {"model_not_found", "model_decommissioned",
                                                         "not allowed to sample from this model", "deploymentnotfound",
                                                         "does not have access to model"};

ErrorCode code_of(int status, std::string_view words) {
    if (status == 429)
        return has_any(words, spend_words) ? ErrorCode::upstream_spend_limit : ErrorCode::upstream_rate_limited;
    if (status == 403) {
        // A caller's bad content must not take the operator's key out of use.
        if (has_any(words, content_words)) return ErrorCode::content_rejected;
        if (has_any(words, model_words)) return ErrorCode::upstream_model_missing;
    }
    if (status == 401 || status == 402 || status == 403) return ErrorCode::upstream_auth;
    if (status == 404) return ErrorCode::upstream_model_missing;
    if (status == 408 || status == 504) return ErrorCode::upstream_timeout;
    if (status == 503 || status == 529) return ErrorCode::upstream_overloaded;
    if (status >= 500) return ErrorCode::upstream_error;
    if (status < 400) return ErrorCode::upstream_garbage;  // redirects are never followed
    if (has_any(words, model_words)) return ErrorCode::upstream_model_missing;
    if (has_any(words, context_words)) return ErrorCode::context_too_long;
    if (has_any(words, content_words)) return ErrorCode::content_rejected;
    if (words.find("api key not valid") != std::string_view::npos) return ErrorCode::upstream_auth;
    return ErrorCode::upstream_rejected;
}

/// Texts that speak of the operator's own account or deployment stay with the operator.
bool message_is_for_caller(ErrorCode code) {
    return code == ErrorCode::upstream_rejected || code == ErrorCode::context_too_long ||
           code == ErrorCode::content_rejected;
}

Error make(int status, const Said& said) {
    const ErrorCode code = code_of(status, lower(said.message + ' ' + said.type + ' ' + said.code));
    std::string text = scrub(said.message);
    if (text.empty()) text = "no message";
    Error e(code, message_is_for_caller(code) ? fmt::format("The provider refused the request ({}): {}", status, text)
                                              : fmt::format("The provider answered {}: {}", status, text));
    if (code == ErrorCode::upstream_rejected && status >= 400 && status < 500) e = std::move(e).status(status);
    if (!message_is_for_caller(code)) return e;
    if (!said.param.empty()) e = std::move(e).param(scrub(said.param));
    if (!said.code.empty()) e = std::move(e).reason(scrub(said.code));
    return e;
}

/// In a 200 reply the status can only come from the object itself.
int status_in(const Said& said, JsonRef error) {
    for (const auto name : {"status_code", "status", "code", "raw_status_code", "http_status"}) {
        const JsonRef v = error[name];
        int64_t n = v.integer().value_or(0);
        if (v.is_string()) std::from_chars(v.text().data(), v.text().data() + v.text().size(), n);
        if (n >= 400 && n <= 599) return static_cast<int>(n);
    }
    const std::string words = lower(said.type + ' ' + said.code);
    const auto has = [&](std::string_view w) { return words.find(w) != std::string::npos; };
    if (has("rate_limit") || has("insufficient_quota")) return 429;
    if (has("overloaded")) return 529;
    if (has("invalid_request") || has("context_length") || has("content_filter")) return 400;
    if (has("authentication")) return 401;
    if (has("permission")) return 403;
    if (has("not_found")) return 404;
    return 500;
}
}  // namespace

Error error_of(int status, std::string_view body) {
    if (auto doc = JsonDoc::parse(body); doc && doc->root().is_object()) return make(status, said_by(doc->root()));
    // HTML pages and plain text: the status decides, and a page's markup tells nobody anything.
    Said said;
    if (body.find('<') == std::string_view::npos) said.message = std::string(body.substr(0, 300));
    return make(status, said);
}

Error in_band_error(JsonRef value) {
    const Said said = said_by(value);
    return make(status_in(said, value["error"].is_object() ? value["error"] : value), said);
}

bool is_error(JsonRef root) {
    if (const JsonRef e = root["error"]; e && !e.is_null()) return true;
    return root["object"].text() == "error" || (root["type"].text() == "error" && !root["choices"]);
}

}  // namespace aig::canon::openai
