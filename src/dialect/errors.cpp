#include "dialect/errors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>

#include "base/json.h"
#include "base/money.h"

namespace aig::dialect {
namespace {

using canon::Surface;
using E = ErrorCode;
using S = std::string_view;

/// One row a code; the columns are the surfaces.
struct Row {
    E code;
    int s2;
    S s2_type;  // aigateway; its `code` is the status
    int s4;
    S s4_type, s4_code;  // aigate, portal
    int s0;
    S s0_code;  // aigenway
    int anthropic;
    S anthropic_type;
    int gemini;
    S gemini_status;
    int s1;  // aigate_one
};

constexpr S invalid = "invalid_request_error", authn = "authentication_error", perm = "permission_error",
            not_found = "not_found_error", api = "api_error", provider = "provider_error", over = "overloaded_error",
            budget = "budget_exceeded", quota = "insufficient_quota";

// clang-format off
constexpr std::array rows = {
    Row{E::bad_json,              400, invalid, 400, invalid, "bad_json",              400, "invalid_request",    400, invalid, 400, "INVALID_ARGUMENT", 400},
    Row{E::bad_request,           400, invalid, 400, invalid, "bad_request",           400, "invalid_request",    400, invalid, 400, "INVALID_ARGUMENT", 400},
    Row{E::bad_param,             400, invalid, 400, invalid, "bad_param",             422, "invalid_parameters", 400, invalid, 400, "INVALID_ARGUMENT", 400},
    Row{E::unsupported_feature,   400, invalid, 400, invalid, "unsupported_feature",   422, "invalid_parameters", 400, invalid, 400, "INVALID_ARGUMENT", 400},
    Row{E::content_rejected,      400, invalid, 400, invalid, "content_rejected",      400, "content_rejected",   400, invalid, 400, "INVALID_ARGUMENT", 400},
    Row{E::context_too_long,      400, invalid, 413, "context_length_exceeded", "context_length_exceeded", 422, "invalid_parameters", 400, invalid, 400, "INVALID_ARGUMENT", 413},
    Row{E::upstream_rejected,     400, invalid, 400, invalid, "upstream_rejected",     422, "invalid_parameters", 400, invalid, 400, "INVALID_ARGUMENT", 400},
    Row{E::auth_missing,          401, authn,   401, authn,   "invalid_api_key",       401, "invalid_api_key",    401, authn,   401, "UNAUTHENTICATED",  401},
    Row{E::auth_invalid,          401, authn,   401, authn,   "invalid_api_key",       401, "invalid_api_key",    401, authn,   401, "UNAUTHENTICATED",  401},
    Row{E::auth_revoked,          401, authn,   401, authn,   "invalid_api_key",       401, "invalid_api_key",    401, authn,   401, "UNAUTHENTICATED",  401},
    Row{E::auth_expired,          401, authn,   401, authn,   "invalid_api_key",       401, "invalid_api_key",    401, authn,   401, "UNAUTHENTICATED",  401},
    Row{E::login_required,        401, authn,   401, authn,   "login_required",        401, "invalid_api_key",    401, authn,   401, "UNAUTHENTICATED",  401},
    Row{E::login_failed,          401, authn,   401, authn,   "login_failed",          401, "invalid_api_key",    401, authn,   401, "UNAUTHENTICATED",  401},
    Row{E::signature_invalid,     401, authn,   401, authn,   "signature_invalid",     401, "signature_invalid",  401, authn,   401, "UNAUTHENTICATED",  401},
    Row{E::no_money,              402, budget,  402, quota,   "insufficient_quota",    422, "insufficient_balance", 402, "billing_error", 402, "RESOURCE_EXHAUSTED", 402},
    Row{E::budget_exceeded,       402, budget,  402, quota,   "token_quota_exhausted", 422, "insufficient_balance", 402, "billing_error", 402, "RESOURCE_EXHAUSTED", 402},
    Row{E::account_blocked,       403, perm,    403, perm,    "account_blocked",       403, "user_blocked",       403, perm,    403, "PERMISSION_DENIED", 403},
    Row{E::key_frozen,            403, perm,    403, perm,    "key_frozen",            403, "method_not_available_for_user", 403, perm, 403, "PERMISSION_DENIED", 403},
    Row{E::address_forbidden,     403, perm,    403, perm,    "address_forbidden",     403, "method_not_available_for_user", 403, perm, 403, "PERMISSION_DENIED", 403},
    Row{E::model_forbidden,       403, perm,    403, perm,    "model_forbidden",       403, "method_not_available_for_user", 403, perm, 403, "PERMISSION_DENIED", 403},
    Row{E::scope_denied,          403, perm,    403, perm,    "scope_denied",          403, "method_not_available_for_user", 403, perm, 403, "PERMISSION_DENIED", 403},
    Row{E::csrf_refused,          403, perm,    403, perm,    "csrf_refused",          403, "method_not_available_for_user", 403, perm, 403, "PERMISSION_DENIED", 403},
    Row{E::verification_required, 403, perm,    403, perm,    "verification_required", 403, "email_not_verified",  403, perm,    403, "PERMISSION_DENIED", 403},
    Row{E::route_not_found,       404, not_found, 404, "not_found", "route_not_found", 404, "invalid_request",    404, not_found, 404, "NOT_FOUND", 404},
    Row{E::resource_not_found,    404, not_found, 404, "not_found", "resource_not_found", 404, "task_not_found",  404, not_found, 404, "NOT_FOUND", 404},
    Row{E::model_not_found,       404, "model_not_found", 404, "not_found", "model_not_found", 404, "unsupported_model", 404, not_found, 404, "NOT_FOUND", 400},
    Row{E::method_not_allowed,    405, invalid, 405, invalid, "method_not_allowed",    405, "invalid_request",    405, invalid, 405, "INVALID_ARGUMENT", 405},
    Row{E::request_timeout,       408, invalid, 408, invalid, "request_timeout",       408, "invalid_request",    408, invalid, 408, "DEADLINE_EXCEEDED", 408},
    Row{E::conflict,              409, invalid, 409, invalid, "conflict",              409, "task_failed",        409, invalid, 409, "ABORTED", 409},
    Row{E::idempotency_in_flight, 409, "idempotency_error", 409, "idempotency_error", "idempotency_key_in_use", 409, "idempotency_key_in_use", 409, invalid, 409, "ABORTED", 409},
    Row{E::idempotency_mismatch,  409, "idempotency_error", 409, "idempotency_error", "idempotency_key_mismatch", 422, "idempotency_key_mismatch", 400, invalid, 400, "INVALID_ARGUMENT", 409},
    Row{E::idempotency_spent,     409, "idempotency_error", 409, "idempotency_error", "idempotency_key_spent", 409, "idempotency_key_in_use", 409, invalid, 409, "ABORTED", 409},
    Row{E::payment_mismatch,      409, invalid, 409, invalid, "payment_mismatch",      409, "task_failed",        409, invalid, 409, "ABORTED", 409},
    Row{E::gone,                  410, not_found, 410, "not_found", "gone",            404, "task_expired",       410, not_found, 410, "NOT_FOUND", 410},
    Row{E::too_large,             413, invalid, 413, invalid, "too_large",             413, "invalid_request",    413, "request_too_large", 413, "INVALID_ARGUMENT", 413},
    Row{E::uri_too_long,          414, invalid, 414, invalid, "uri_too_long",          414, "invalid_request",    414, invalid, 414, "INVALID_ARGUMENT", 414},
    Row{E::media_type,            415, invalid, 415, invalid, "media_type",            415, "invalid_request",    415, invalid, 415, "INVALID_ARGUMENT", 415},
    Row{E::coupon_invalid,        422, invalid, 422, invalid, "coupon_invalid",        422, "coupon_invalid",     400, invalid, 400, "INVALID_ARGUMENT", 422},
    Row{E::coupon_expired,        422, invalid, 422, invalid, "coupon_expired",        422, "coupon_expired",     400, invalid, 400, "INVALID_ARGUMENT", 422},
    Row{E::coupon_used,           422, invalid, 422, invalid, "coupon_already_used",   422, "coupon_already_used", 400, invalid, 400, "INVALID_ARGUMENT", 422},
    Row{E::headers_too_large,     431, invalid, 431, invalid, "headers_too_large",     431, "invalid_request",    431, invalid, 431, "INVALID_ARGUMENT", 431},
    Row{E::rate_limited,          429, "rate_limit_error", 429, "rate_limit_error", "rate_limit_exceeded", 429, "rate_limit_exceeded", 429, "rate_limit_error", 429, "RESOURCE_EXHAUSTED", 429},
    Row{E::client_gone,           499, invalid, 499, invalid, "client_gone",           499, "invalid_request",    499, invalid, 499, "CANCELLED", 499},
    Row{E::price_missing,         500, api,     503, api,     "price_missing",         422, "price_not_configured", 500, api,   500, "INTERNAL", 503},
    Row{E::no_route,              502, provider, 503, api,    "model_not_found",       503, "model_unavailable",  529, over,    503, "UNAVAILABLE", 503},
    Row{E::topup_disabled,        503, api,     503, api,     "topup_disabled",        503, "topup_disabled",     529, over,    503, "UNAVAILABLE", 503},
    Row{E::config_invalid,        500, api,     500, api,     "config_invalid",        500, "internal_error",     500, api,     500, "INTERNAL", 500},
    Row{E::not_in_version,        500, api,     500, api,     "not_in_version",        500, "internal_error",     500, api,     500, "INTERNAL", 500},
    Row{E::internal,              500, api,     500, api,     "internal",              500, "internal_error",     500, api,     500, "INTERNAL", 500},
    Row{E::storage_unavailable,   503, provider, 503, api,    "storage_unavailable",   503, "queue_overloaded",   529, over,    503, "UNAVAILABLE", 503},
    Row{E::overloaded,            503, provider, 503, api,    "overloaded",            503, "queue_overloaded",   529, over,    503, "UNAVAILABLE", 503},
    Row{E::draining,              503, provider, 503, api,    "draining",              503, "queue_overloaded",   529, over,    503, "UNAVAILABLE", 503},
    Row{E::schema_newer,          500, api,     500, api,     "schema_newer",          500, "internal_error",     500, api,     500, "INTERNAL", 500},
    Row{E::upstream_unreachable,  502, provider, 502, api,    "upstream_unreachable",  503, "provider_unavailable", 500, api,   503, "UNAVAILABLE", 502},
    Row{E::upstream_error,        502, provider, 502, api,    "upstream_error",        503, "provider_unavailable", 500, api,   503, "UNAVAILABLE", 502},
    Row{E::upstream_overloaded,   502, provider, 503, api,    "upstream_overloaded",   503, "provider_unavailable", 529, over,  503, "UNAVAILABLE", 503},
    Row{E::upstream_timeout,      504, "timeout_error", 504, api, "upstream_timeout",  503, "provider_unavailable", 504, "timeout_error", 504, "DEADLINE_EXCEEDED", 504},
    Row{E::upstream_garbage,      502, provider, 502, api,    "upstream_garbage",      503, "provider_unavailable", 500, api,   503, "UNAVAILABLE", 502},
    Row{E::upstream_empty,        502, provider, 502, api,    "upstream_empty",        503, "provider_unavailable", 500, api,   503, "UNAVAILABLE", 502},
    Row{E::upstream_truncated,    502, provider, 502, api,    "upstream_truncated",    503, "provider_unavailable", 500, api,   503, "UNAVAILABLE", 502},
    Row{E::upstream_rate_limited, 502, provider, 503, api,    "upstream_rate_limited", 503, "provider_unavailable", 529, over,  503, "UNAVAILABLE", 503},
    Row{E::upstream_auth,         502, provider, 502, api,    "upstream_error",        503, "provider_unavailable", 500, api,   500, "INTERNAL", 502},
    Row{E::upstream_spend_limit,  502, provider, 502, api,    "upstream_error",        503, "provider_unavailable", 500, api,   500, "INTERNAL", 502},
    Row{E::upstream_model_missing, 502, provider, 502, api,   "upstream_error",        503, "model_unavailable",  500, api,     500, "INTERNAL", 502},
};
// clang-format on

constexpr bool in_order() {
    for (size_t i = 0; i < rows.size(); ++i)
        if (static_cast<size_t>(rows[i].code) != i) return false;
    return true;
}
static_assert(in_order(), "rows must stand in the order of errors.def, none left out");
static_assert(rows.size() == static_cast<size_t>(E::upstream_model_missing) + 1,
              "errors.def has grown: add the row here");

/// The provider's refusal keeps its status on every surface: 422 stays 422.
int status_for(const Error& e, int column) { return e.code() == E::upstream_rejected ? e.status() : column; }

/// What went wrong between us and a provider is the operator's to read in the log, in the provider's own words; callers
/// get the kind.
bool hidden(E code) {
    const auto& row = error_row(code);
    return row.fault == Fault::provider || code == E::upstream_model_missing || code == E::internal ||
           code == E::config_invalid;
}

std::string reason_of(const Error& e) { return e.reason().empty() ? std::string(e.row().name) : e.reason(); }

std::atomic<const std::string*> docs_base{nullptr};
std::string_view docs_at() {
    const auto* base = docs_base.load(std::memory_order_acquire);
    return base ? std::string_view(*base) : std::string_view();
}

/// Extra members beside each surface's own, the inside of a JSON object.
void extras(JsonWriter& w, const Error& e, std::string_view request_id) {
    w.field("request_id", request_id).field("reason", reason_of(e));
    w.field("doc_url", fmt::format("{}/docs/errors#{}", docs_at(), e.row().name))
        .field("retryable", retryable(e.code()));
}
void param(JsonWriter& w, const Error& e) { e.param().empty() ? w.field_null("param") : w.field("param", e.param()); }
/// details_json holds members, or one whole object.
void details(JsonWriter& w, const Error& e) {
    if (e.details_json().empty()) return;
    w.key("details").begin_object().raw_members(e.details_json()).end_object();
}

/// The S0 dialect counts money in whole units of 10^-8 dollar. What a call needs is rounded up, what is there down: the
/// difference is never told too small. False when the details are not the ledger's.
bool unit_details(JsonWriter& w, const Error& e) {
    constexpr int64_t nanos_a_unit = 10;
    if (e.code() != E::no_money && e.code() != E::budget_exceeded) return false;
    const std::string& given = e.details_json();
    const auto doc = JsonDoc::parse(given.starts_with('{') ? given : '{' + given + '}');
    if (!doc) return false;
    const auto required = parse_decimal(doc->root()["required"].text(), 9, "required");
    const auto available = parse_decimal(doc->root()["available"].text(), 9, "available");
    if (!required || !available) return false;
    const int64_t up = *required / nanos_a_unit + (*required % nanos_a_unit > 0);
    const int64_t down = *available / nanos_a_unit - (*available % nanos_a_unit < 0);
    w.key("details").begin_object().field("requiredUnits", std::to_string(up));
    const auto currency = doc->root()["currency"].text();  // the wallet's
    w.field("availableUnits", std::to_string(down)).field("currency", currency.empty() ? "USD" : currency).end_object();
    return true;
}

std::string openai_error(const Error& e, const Row& row, Surface surface, std::string_view request_id) {
    const bool s2 = surface == Surface::aigateway;
    std::string out;
    JsonWriter w(out);
    w.begin_object()
        .key("error")
        .begin_object()
        .field("message", public_message(e))
        .field("type", s2 ? row.s2_type : row.s4_type);
    param(w, e);
    if (s2)
        w.field("code", status_for(e, row.s2));
    else
        w.field("code", row.s4_code).field("status", status_for(e, row.s4));
    extras(w, e, request_id);
    details(w, e);
    w.end_object().end_object();
    return out;
}

std::string aigenway_error(const Error& e, const Row& row, std::string_view request_id) {
    std::string out;
    JsonWriter w(out);
    w.begin_object()
        .field("success", false)
        .key("error")
        .begin_object()
        .field("code",
               e.code() == E::model_not_found && e.reason().starts_with("unsupported_") ? e.reason() : row.s0_code)
        .field("message", public_message(e));
    if (!unit_details(w, e)) details(w, e);
    extras(w, e, request_id);
    w.end_object().end_object();
    return out;
}

std::string aigate_one_error(const Error& e, std::string_view request_id) {
    std::string out;
    JsonWriter w(out);
    const std::string message = public_message(e);
    w.begin_object()
        .field("type", "Fail")
        .field("error", message)
        .field("message", message)
        .field("code", e.row().name);
    extras(w, e, request_id);
    w.end_object();
    return out;
}

std::string gemini_error(const Error& e, const Row& row) {
    std::string out;
    JsonWriter w(out);
    w.begin_object()
        .key("error")
        .begin_object()
        .field("code", status_for(e, row.gemini))
        .field("message", public_message(e));
    w.field("status", row.gemini_status).key("details").begin_array().end_array().end_object().end_object();
    return out;
}

void add_headers(const Error& e, RenderedError& r) {
    if (const int64_t ms = e.retry_after_ms(); ms > 0) {
        r.headers.emplace_back("retry-after", fmt::format("{}", (ms + 999) / 1000));
        if (r.status == 429) r.headers.emplace_back("retry-after-ms", fmt::format("{}", ms));
    }
    if (r.status == 401) r.headers.emplace_back("www-authenticate", "Bearer");
    // OpenAI's SDKs retry 408, 409, 429 and 5xx by themselves unless told.
    if (r.status == 408 || r.status == 409 || r.status == 429 || r.status >= 500)
        r.headers.emplace_back("x-should-retry", retryable(e.code()) ? "true" : "false");
}

/// The path decides over the key: a client of Anthropic's or Gemini's API can read no other shape.
Surface shape_of(Surface surface, std::string_view path) {
    if (path.starts_with("/v1/messages")) return Surface::anthropic;
    const bool method = path.starts_with("/v1/models/") && path.find(':') != std::string_view::npos;
    if (path.starts_with("/v1beta/") || method) return Surface::gemini;
    if (path.starts_with("/api/v1/")) return Surface::aigate_one;
    return surface;
}
}  // namespace

void serve_docs_at(std::string public_url) {
    docs_base.store(new std::string(std::move(public_url)), std::memory_order_release);  // read until the process ends
}

bool retryable(ErrorCode code) {
    switch (code) {
        case E::request_timeout:
        case E::idempotency_in_flight:
        case E::rate_limited:
        case E::no_route:
        case E::storage_unavailable:
        case E::overloaded:
        case E::draining:
        case E::upstream_unreachable:
        case E::upstream_error:
        case E::upstream_overloaded:
        case E::upstream_timeout:
        case E::upstream_garbage:
        case E::upstream_empty:
        case E::upstream_truncated:
        case E::upstream_rate_limited:
            return true;
        default:
            return false;
    }
}

std::string public_message(const Error& e) {
    if (hidden(e.code()) || e.message().empty()) return std::string(e.row().advice);
    std::string text = e.message();
    while (!text.empty() && (text.back() == ' ' || text.back() == '\n')) text.pop_back();
    if (text.ends_with(e.row().advice)) return text;
    if (!text.empty() && text.back() != '.' && text.back() != '!' && text.back() != '?') text += '.';
    if (text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 32);
    return text + ' ' + std::string(e.row().advice);
}

RenderedError render_error(const Error& e, Surface surface, std::string_view request_id, std::string_view path) {
    const Row& row = rows[static_cast<size_t>(e.code())];
    RenderedError r;
    switch (shape_of(surface, path)) {
        case Surface::aigateway:
            r.status = row.s2;
            r.body = openai_error(e, row, Surface::aigateway, request_id);
            break;
        case Surface::aigate:
        case Surface::portal:
            r.status = row.s4;
            r.body = openai_error(e, row, Surface::aigate, request_id);
            break;
        case Surface::aigenway:
            r.status = row.s0;
            r.body = aigenway_error(e, row, request_id);
            break;
        case Surface::aigate_one:
            r.status = row.s1;
            r.body = aigate_one_error(e, request_id);
            break;
        case Surface::anthropic:
            r.status = row.anthropic;
            r.body = in_band_anthropic_error(e, request_id);
            break;
        case Surface::gemini:
            r.status = row.gemini;
            r.body = gemini_error(e, row);
            break;
    }
    r.status = status_for(e, r.status);
    add_headers(e, r);
    return r;
}

std::string in_band_error(const Error& e, Surface surface, std::string_view request_id) {
    return openai_error(e, rows[static_cast<size_t>(e.code())], surface, request_id);
}

std::string in_band_anthropic_error(const Error& e, std::string_view request_id) {
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("type", "error").key("error").begin_object();
    w.field("type", rows[static_cast<size_t>(e.code())].anthropic_type)
        .field("message", public_message(e))
        .end_object();
    w.field("request_id", request_id).end_object();
    return out;
}

}  // namespace aig::dialect
