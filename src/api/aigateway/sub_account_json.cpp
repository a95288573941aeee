#include "api/aigateway/sub_account_json.h"

#include <fmt/format.h>

#include "api/admin/detail/fields.h"
#include "base/money.h"

namespace aig::api {
namespace {
constexpr size_t max_models = 1'000, max_metadata = 16, max_metadata_key = 64, max_metadata_text = 512;
constexpr int64_t max_rate = 1'000'000'000, max_tokens_rate = 1'000'000'000'000;

Error bad(std::string_view name, std::string message) {
    return Error(ErrorCode::bad_param, std::move(message)).param(std::string(name));
}

/// Cents with up to seven places are whole nanos; 0 is a cap of nothing, null is none.
Result<std::optional<int64_t>> cents(JsonRef m, std::string_view name) {
    if (m.is_null()) return std::optional<int64_t>();
    if (!m.is_number() && !m.is_string()) return bad(name, fmt::format("'{}' must be a number of cents.", name));
    TRY(const int64_t nanos, parse_decimal(m.is_string() ? m.text() : m.raw(), 7, name));
    return std::optional<int64_t>(nanos);
}

Result<std::string> metadata(JsonRef m) {
    if (m.is_null()) return std::string("{}");
    if (!m.is_object() || m.size() > max_metadata)
        return bad("metadata", fmt::format("'metadata' must be an object of at most {} texts.", max_metadata));
    std::string out;
    JsonWriter w(out);
    w.begin_object();
    for (const JsonRef item : m) {
        if (!item.is_string() || item.key().empty() || item.key().size() > max_metadata_key ||
            item.text().size() > max_metadata_text)
            return bad("metadata",
                       fmt::format("'metadata' may hold texts of at most {} bytes under names of at most {}.",
                                   max_metadata_text, max_metadata_key));
        w.field(item.key(), item.text());
    }
    w.end_object();
    return out;
}

void write_limit(JsonWriter& w, std::string_view name, std::optional<int64_t> v) {
    v ? w.field(name, *v) : w.field_null(name);
}
void write_text(JsonWriter& w, std::string_view name, std::string_view v) {
    v.empty() ? w.field_null(name) : w.field(name, v);
}
}  // namespace

Result<SubAccountPatch> SubAccountPatch::parse(std::string_view text) {
    TRY(const Body body, Body::parse(text, {"name", "external_ref", "metadata", "spend_cap_cents", "rate_limit_rpm",
                                            "rate_limit_tpm", "concurrency", "default_tag", "allowed_models"}));
    SubAccountPatch p;
    if (body.has("name")) {
        TRY(p.name, body.text("name", ""));
    }
    if (body.has("external_ref")) {
        TRY(p.external_ref, body.text("external_ref", ""));
    }
    if (body.has("default_tag")) {
        TRY(p.tag, body.text("default_tag", ""));
    }
    if (body.has("metadata")) {
        TRY(p.metadata_json, metadata(body.member("metadata")));
    }
    if (body.has("spend_cap_cents")) {
        TRY(p.spend_cap_nanos, cents(body.member("spend_cap_cents"), "spend_cap_cents"));
    }
    if (body.has("rate_limit_rpm")) {
        TRY(p.rpm, body.integer("rate_limit_rpm", 1, max_rate));
    }
    if (body.has("rate_limit_tpm")) {
        TRY(p.tpm, body.integer("rate_limit_tpm", 1, max_tokens_rate));
    }
    if (body.has("concurrency")) {
        TRY(p.concurrency, body.integer("concurrency", 1, max_rate));
    }
    if (body.has("allowed_models")) {
        TRY(p.models, body.texts("allowed_models", max_models));
    }
    return p;
}

void SubAccountPatch::onto(identity::SubAccountTerms& t) const {
    if (name) t.name = *name;
    if (external_ref) t.external_ref = *external_ref;
    if (tag) t.tag = *tag;
    if (metadata_json) t.metadata_json = *metadata_json;
    if (spend_cap_nanos) t.spend_cap_nanos = *spend_cap_nanos;
    if (rpm) t.rpm = *rpm;
    if (tpm) t.tpm = *tpm;
    if (concurrency) t.concurrency = *concurrency;
    if (models) t.models = *models;
}

std::string sub_account_json(const identity::SubAccountRow& row, int64_t spent_nanos, std::string_view currency,
                             std::string_view key) {
    const auto& t = row.terms;
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("id", to_text(row.id)).field("object", "sub_account").field("name", t.name);
    write_text(w, "external_ref", t.external_ref);
    w.field_raw("metadata", t.metadata_json);
    t.spend_cap_nanos ? w.field_raw("spend_cap_cents", cents_number(*t.spend_cap_nanos))
                      : w.field_null("spend_cap_cents");
    w.field("spend_cap_currency", "USD").field("spend_cap_period", "month");
    w.field_raw("spent_cents", cents_number(spent_nanos)).field("spent_currency", currency);
    write_limit(w, "rate_limit_rpm", t.rpm);
    write_limit(w, "rate_limit_tpm", t.tpm);
    write_limit(w, "concurrency", t.concurrency);
    write_text(w, "default_tag", t.tag);
    w.key("allowed_models");
    if (t.models.empty()) w.null();
    if (!t.models.empty()) {
        w.begin_array();
        for (const auto& m : t.models) w.string(m);
        w.end_array();
    }
    w.field("status", "active").field("created_at", row.created_us / 1'000'000);
    if (!key.empty()) w.field("key", key).field("scoped_key", key);
    write_text(w, "key_id", row.key ? to_text(row.key) : "");
    write_text(w, "key_prefix", std::string_view(row.key_shown).substr(0, 12));
    w.end_object();
    return out;
}

}  // namespace aig::api
