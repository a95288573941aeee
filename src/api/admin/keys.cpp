#include "api/admin/detail/fields.h"
#include "api/admin/detail/rows.h"
#include "base/log.h"
#include "base/money.h"

namespace aig::api {
namespace {
constexpr size_t max_models = 1'000;
constexpr int64_t max_expiry_s = 32'503'680'000;  // the year 3000

/// The languages a key may be minted with, as x-aig-dialect names them.
Status known_dialect(std::string_view name) {
    for (const std::string_view d : {"", "openai", "aigate", "aigateway", "aigenway", "portal"})
        if (name == d) return {};
    return Error(ErrorCode::bad_param, "'dialect' must be one of openai, aigate, aigateway, aigenway, portal.")
        .param("dialect");
}

void write_limit(JsonWriter& w, std::string_view name, std::optional<int64_t> v) {
    v ? w.field(name, *v) : w.field_null(name);
}

void write_key(JsonWriter& w, const identity::KeyRow& k) {
    const auto& p = k.principal;
    w.begin_object().field("key_id", to_text(k.id)).field("account_id", to_text(p.account)).field("name", p.key_name);
    w.field("shown", k.shown).field("prefix", p.prefix).field("status", k.revoked_us ? "revoked" : "active");
    w.field("dialect", p.dialect).field("tag", p.tag);
    write_limit(w, "rpm", p.limits.rpm);
    write_limit(w, "tpm", p.limits.tpm);
    write_limit(w, "concurrency", p.limits.concurrency);
    p.limits.spend_cap_nanos ? w.field("spend_cap_usd", dollars(*p.limits.spend_cap_nanos))
                             : w.field_null("spend_cap_usd");
    w.field("spend_period", p.limits.spend_period).key("models").begin_array();
    for (const auto& m : p.models) w.string(m);
    w.end_array();
    write_stamp(w, "created_at", k.created_us);
    write_stamp(w, "expires_at", p.expires_us);
    write_stamp(w, "revoked_at", k.revoked_us);
    write_stamp(w, "last_used_at", k.last_used_us);
    w.end_object();
}

/// Whose key it is; the account 0 when there is none (its handler says so).
Result<AccountId> owner_of(const Ask& ask, KeyId key) {
    TRY(const auto found, ask.directory.keys({}, KeyId{key.value - 1}, 1));
    return found.empty() || found[0].id != key ? AccountId{} : found[0].principal.account;
}

Result<AdminReply> make_key(const Ask& ask) {
    TRY(const Body body,
        Body::parse(ask.request.body, {"account_id", "prefix", "name", "rpm", "tpm", "concurrency", "spend_cap_usd",
                                       "spend_period", "models", "dialect", "tag", "expires_at"}));
    identity::NewKey key;
    TRY(const std::string account, body.needed_text("account_id"));
    TRY(const int64_t account_id, path_id("acc_", account));
    key.account = AccountId{account_id};
    TRY(key.prefix, body.text("prefix", "sk-aig-"));
    TRY(key.name, body.text("name", ""));
    TRY(key.dialect, body.text("dialect", ""));
    TRYV(known_dialect(key.dialect));
    TRY(key.tag, body.text("tag", ""));
    TRY(key.limits.rpm, body.integer("rpm", 1, 1'000'000'000));
    TRY(key.limits.tpm, body.integer("tpm", 1, 1'000'000'000'000));
    TRY(key.limits.concurrency, body.integer("concurrency", 1, 1'000'000));
    TRY(key.limits.spend_cap_nanos, body.amount("spend_cap_usd", max_amount_nanos));
    TRY(key.limits.spend_period, body.text("spend_period", ""));
    TRY(key.models, body.texts("models", max_models));
    TRY(const auto expires_s, body.integer("expires_at", 1, max_expiry_s));
    key.expires_us = expires_s.value_or(0) * 1'000'000;
    const std::string about = fmt::format(R"("name":{},"prefix":{})", json_string(key.name), json_string(key.prefix));
    const auto owner = key.account;
    TRY(const auto minted, ask.directory.create_key(std::move(key), [&](const identity::MintedKey& made) {
        store::Ops ops;
        ops.push_back(records::audit([&ask, &made, &about, owner] {
            auto entry = ask.act("key.create", to_text(made.id), owner);
            entry.detail_json = "{" + about + "}";
            return entry;
        }));
        return ops;
    }));
    log::info("key_created", {{"key", to_text(minted.id)}, {"account", account}});
    AdminReply reply{201, {}};
    JsonWriter(reply.json).begin_object().field("key_id", to_text(minted.id)).field("key", minted.key).end_object();
    return reply;
}

Result<AdminReply> list_keys(const Ask& ask) {
    TRY(const Query query, Query::parse(ask.request.query, {"account", "status", "after", "limit"}));
    TRY(const int64_t account, query.id("account", "acc_"));
    TRY(const int64_t after, query.id("after", "key_"));
    TRY(const int64_t limit, query.integer("limit", default_page, 1, max_page));
    const auto status = query.text("status");
    if (!status.empty() && status != "active" && status != "revoked")
        return Error(ErrorCode::bad_param, "'status' must be 'active' or 'revoked'.").param("status");
    TRY(const auto rows_found, ask.directory.keys(AccountId{account}, KeyId{after}, limit));
    AdminReply reply;
    JsonWriter w(reply.json);
    w.begin_object().key("keys").begin_array();
    for (const auto& k : rows_found)
        if (status.empty() || (status == "revoked") == (k.revoked_us != 0)) write_key(w, k);
    w.end_array();
    std::ssize(rows_found) == limit ? w.field("next", to_text(rows_found.back().id)) : w.field_null("next");
    w.end_object();
    return reply;
}

Result<AdminReply> revoke_key(const Ask& ask) {
    TRYV(Body::parse(ask.request.body, {}));
    TRY(const int64_t id, path_id("key_", ask.id));
    TRY(const auto owner, owner_of(ask, KeyId{id}));
    TRYV(ask.directory.revoke_key(KeyId{id}, ask.audited("key.revoke", to_text(KeyId{id}), owner)));
    log::info("key_revoked", {{"key", to_text(KeyId{id})}});
    AdminReply reply;
    JsonWriter(reply.json).begin_object().field("key_id", to_text(KeyId{id})).field("status", "revoked").end_object();
    return reply;
}

constexpr AdminRow rows[] = {
    {"POST", "/admin/keys", make_key},
    {"GET", "/admin/keys", list_keys},
    {"POST", "/admin/keys/{id}/revoke", revoke_key},
};
}  // namespace

std::span<const AdminRow> key_rows() { return rows; }

}  // namespace aig::api
