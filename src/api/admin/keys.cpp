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

std::string_view status_of(const identity::KeyRow& k) {
    return k.revoked_us ? "revoked" : k.frozen_us ? "frozen" : "active";
}

Status read_texts(const Body& body, std::string_view name, std::vector<std::string>& into) {
    TRY(into, body.texts(name, max_models));
    return {};
}
Status read_sub_account(std::string_view text, SubAccountId& into) {
    TRY(into.value, path_id("sub_", text));
    return {};
}

void write_key(JsonWriter& w, const identity::KeyRow& k) {
    const auto& p = k.principal;
    w.begin_object().field("key_id", to_text(k.id)).field("account_id", to_text(p.account)).field("name", p.key_name);
    w.field("shown", k.shown).field("prefix", p.prefix).field("status", status_of(k));
    w.field("dialect", p.dialect).field("tag", p.tag);
    write_limit(w, "rpm", p.limits.rpm);
    write_limit(w, "tpm", p.limits.tpm);
    write_limit(w, "concurrency", p.limits.concurrency);
    write_limit(w, "rpd", p.limits.rpd);
    p.limits.spend_cap_nanos ? w.field("spend_cap_usd", dollars(*p.limits.spend_cap_nanos))
                             : w.field_null("spend_cap_usd");
    w.field("spend_period", p.limits.spend_period).key("models").begin_array();
    for (const auto& m : p.models) w.string(m);
    w.end_array().key("ip_allow").begin_array();
    for (const auto& a : p.ip_allow) w.string(a);
    w.end_array();
    p.limits.brake_nanos_per_minute ? w.field("brake_usd_per_minute", dollars(*p.limits.brake_nanos_per_minute))
                                    : w.field_null("brake_usd_per_minute");
    p.sub_account ? w.field("sub_account_id", to_text(p.sub_account)) : w.field_null("sub_account_id");
    k.rotated_to ? w.field("rotated_to", to_text(k.rotated_to)) : w.field_null("rotated_to");
    k.frozen_us ? w.field("frozen_by", k.frozen_why) : w.field_null("frozen_by");
    write_stamp(w, "created_at", k.created_us);
    write_stamp(w, "expires_at", p.expires_us);
    write_stamp(w, "revoked_at", k.revoked_us);
    write_stamp(w, "last_used_at", k.last_used_us);
    w.end_object();
}

/// What a new key takes and an old one may be given anew.
constexpr std::string_view term_names[] = {"name",
                                           "dialect",
                                           "tag",
                                           "rpm",
                                           "tpm",
                                           "concurrency",
                                           "rpd",
                                           "spend_cap_usd",
                                           "models",
                                           "spend_period",
                                           "brake_usd_per_minute",
                                           "ip_allow",
                                           "expires_at"};

/// Takes over the members that are there; null takes a limit away.
Status read_terms(const Body& body, identity::KeyTerms& t) {
    const auto text = [&](std::string_view name, std::string& into) -> Status {
        if (!body.has(name)) return {};
        TRY(into, body.text(name, ""));
        return {};
    };
    const auto whole = [&](std::string_view name, std::optional<int64_t>& into, int64_t most) -> Status {
        if (!body.has(name)) return {};
        TRY(into, body.integer(name, 1, most));
        return {};
    };
    const auto money = [&](std::string_view name, std::optional<int64_t>& into) -> Status {
        if (!body.has(name)) return {};
        TRY(into, body.amount(name, max_amount_nanos));
        return {};
    };
    TRYV(text("name", t.name));
    TRYV(text("dialect", t.dialect));
    TRYV(known_dialect(t.dialect));
    TRYV(text("tag", t.tag));
    TRYV(whole("rpm", t.limits.rpm, 1'000'000'000));
    TRYV(whole("tpm", t.limits.tpm, 1'000'000'000'000));
    TRYV(whole("concurrency", t.limits.concurrency, 1'000'000));
    TRYV(whole("rpd", t.limits.rpd, 1'000'000'000'000));
    TRYV(money("spend_cap_usd", t.limits.spend_cap_nanos));
    TRYV(money("brake_usd_per_minute", t.limits.brake_nanos_per_minute));
    TRYV(text("spend_period", t.limits.spend_period));
    std::optional<int64_t> expires_s = t.expires_us / 1'000'000;
    TRYV(whole("expires_at", expires_s, max_expiry_s));
    if (body.has("expires_at")) t.expires_us = expires_s.value_or(0) * 1'000'000;
    if (body.has("models")) TRYV(read_texts(body, "models", t.models));
    if (body.has("ip_allow")) TRYV(read_texts(body, "ip_allow", t.ip_allow));
    return {};
}

std::string terms_json(const identity::KeyRow& k) {
    AdminReply reply;
    JsonWriter w(reply.json);
    write_key(w, k);
    return std::move(reply.json);
}

Result<AdminReply> make_key(const Ask& ask) {
    std::vector<std::string_view> names(std::begin(term_names), std::end(term_names));
    names.insert(names.end(), {"account_id", "prefix", "sub_account_id"});
    TRY(const Body body, Body::parse(ask.request.body, std::span<const std::string_view>(names)));
    identity::NewKey key;
    TRY(const std::string account, body.needed_text("account_id"));
    TRY(const int64_t account_id, path_id("acc_", account));
    key.account = AccountId{account_id};
    TRY(key.prefix, body.text("prefix", "sk-aig-"));
    TRY(const std::string sub_account, body.text("sub_account_id", ""));
    if (!sub_account.empty()) TRYV(read_sub_account(sub_account, key.sub_account));
    identity::KeyTerms t;
    TRYV(read_terms(body, t));
    key.name = std::move(t.name);
    key.dialect = std::move(t.dialect);
    key.tag = std::move(t.tag);
    key.limits = t.limits;
    key.models = std::move(t.models);
    key.ip_allow = std::move(t.ip_allow);
    key.expires_us = t.expires_us;
    const std::string about = fmt::format(R"("name":{},"prefix":{})", json_string(key.name), json_string(key.prefix));
    const auto owner = key.account;
    TRY(const auto minted, ask.directory.create_key(std::move(key), [&](const identity::MintedKey& made) {
        return ask.audited("key.create", to_text(made.id), owner, about);
    }));
    log::info("key_created", {{"key", to_text(minted.id)}, {"account", account}});
    AdminReply reply{201, {}};
    JsonWriter(reply.json).begin_object().field("key_id", to_text(minted.id)).field("key", minted.key).end_object();
    return reply;
}

Result<identity::KeyRow> path_key(const Ask& ask) {
    TRY(const int64_t id, path_id("key_", ask.id));
    return ask.directory.key(KeyId{id});
}

Result<AdminReply> show_key(const Ask& ask) {
    TRYV(Query::parse(ask.request.query, {}));
    TRY(const auto row, path_key(ask));
    return AdminReply{200, terms_json(row)};
}

/// The members that are given; null takes a limit away.
Result<AdminReply> update_key(const Ask& ask) {
    TRY(const Body body, Body::parse(ask.request.body, std::span<const std::string_view>(term_names)));
    TRY(const auto row, path_key(ask));
    identity::KeyTerms probe = row.own;
    TRYV(read_terms(body, probe));
    const auto edit = [&body](identity::KeyTerms& t) { (void)read_terms(body, t); };
    TRY(const auto changed,
        ask.directory.update_key(row.id, {}, edit,
                                 ask.audited("key.update", to_text(row.id), row.principal.account, ask.change())));
    return AdminReply{200, terms_json(changed)};
}

Result<AdminReply> rotate_key(const Ask& ask) {
    TRY(const Body body, Body::parse(ask.request.body, {"overlap_s"}));
    TRY(const auto overlap, body.integer("overlap_s", 0, 365 * 86'400));
    TRY(const auto row, path_key(ask));
    TRY(const auto minted,
        ask.directory.rotate_key(row.id, {}, overlap.value_or(0), [&](const identity::MintedKey& made) {
            return ask.audited(
                "key.rotate", to_text(row.id), row.principal.account,
                fmt::format(R"("successor":"{}","overlap_s":{})", to_text(made.id), overlap.value_or(0)));
        }));
    AdminReply reply{201, {}};
    JsonWriter(reply.json).begin_object().field("key_id", to_text(minted.id)).field("key", minted.key).end_object();
    return reply;
}

Result<AdminReply> freeze_key(const Ask& ask) {
    TRYV(Body::parse(ask.request.body, {}));
    TRY(const auto row, path_key(ask));
    TRYV(ask.directory.freeze_key(row.id, {}, identity::freeze::operator_,
                                  ask.audited("key.freeze", to_text(row.id), row.principal.account)));
    TRY(const auto after, ask.directory.key(row.id));
    return AdminReply{200, terms_json(after)};
}

/// Also ends what the spend brake stopped.
Result<AdminReply> unfreeze_key(const Ask& ask) {
    TRYV(Body::parse(ask.request.body, {}));
    TRY(const auto row, path_key(ask));
    auto with = ask.audited("key.unfreeze", to_text(row.id), row.principal.account);
    with.push_back(ask.book.release_brake(row.id));
    TRYV(ask.directory.unfreeze_key(row.id, {}, std::move(with)));
    TRY(const auto after, ask.directory.key(row.id));
    return AdminReply{200, terms_json(after)};
}

Result<AdminReply> list_keys(const Ask& ask) {
    TRY(const Query query, Query::parse(ask.request.query, {"account", "status", "after", "limit"}));
    TRY(const int64_t account, query.id("account", "acc_"));
    TRY(const int64_t after, query.id("after", "key_"));
    TRY(const int64_t limit, query.integer("limit", default_page, 1, max_page));
    const auto status = query.text("status");
    if (!status.empty() && status != "active" && status != "frozen" && status != "revoked")
        return Error(ErrorCode::bad_param, "'status' must be 'active', 'frozen' or 'revoked'.").param("status");
    TRY(const auto rows_found, ask.directory.keys(AccountId{account}, KeyId{after}, limit));
    AdminReply reply;
    JsonWriter w(reply.json);
    w.begin_object().key("keys").begin_array();
    for (const auto& k : rows_found)
        if (status.empty() || status == status_of(k)) write_key(w, k);
    w.end_array();
    std::ssize(rows_found) == limit ? w.field("next", to_text(rows_found.back().id)) : w.field_null("next");
    w.end_object();
    return reply;
}

Result<AdminReply> revoke_key(const Ask& ask) {
    TRYV(Body::parse(ask.request.body, {}));
    TRY(const auto row, path_key(ask));
    TRYV(ask.directory.revoke_key(row.id, ask.audited("key.revoke", to_text(row.id), row.principal.account)));
    log::info("key_revoked", {{"key", to_text(row.id)}});
    AdminReply reply;
    JsonWriter(reply.json).begin_object().field("key_id", to_text(row.id)).field("status", "revoked").end_object();
    return reply;
}

constexpr AdminRow rows[] = {
    {"POST", "/admin/keys", make_key},
    {"GET", "/admin/keys", list_keys},
    {"GET", "/admin/keys/{id}", show_key},
    {"PATCH", "/admin/keys/{id}", update_key},
    {"POST", "/admin/keys/{id}/rotate", rotate_key},
    {"POST", "/admin/keys/{id}/freeze", freeze_key},
    {"POST", "/admin/keys/{id}/unfreeze", unfreeze_key},
    {"POST", "/admin/keys/{id}/revoke", revoke_key},
};
}  // namespace

std::span<const AdminRow> key_rows() { return rows; }

}  // namespace aig::api
