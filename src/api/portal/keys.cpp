#include "api/portal/keys.h"

#include "base/money.h"
#include "base/time.h"
#include "identity/identity.h"

namespace aig::api {
using identity::KeyTerms;
namespace {
constexpr int64_t max_cap_nanos = 1'000'000'000 * nanos_per_unit, max_expiry_s = 32'503'680'000;
constexpr size_t max_list = 1'000;
constexpr int64_t default_overlap_s = 86'400, max_overlap_s = 30 * 86'400;

void write_limit(JsonWriter& w, std::string_view name, std::optional<int64_t> v) {
    v ? w.field(name, *v) : w.field_null(name);
}
void write_texts(JsonWriter& w, std::string_view name, const std::vector<std::string>& list) {
    w.key(name).begin_array();
    for (const auto& text : list) w.string(text);
    w.end_array();
}

void write_key(JsonWriter& w, const identity::KeyRow& k) {
    const auto& t = k.own;
    w.begin_object().field("id", to_text(k.id)).field("name", t.name).field("prefix", k.shown);
    write_when(w, "created_at", k.created_us);
    write_when(w, "last_used_at", k.last_used_us);
    w.field("revoked", k.revoked_us != 0);
    write_when(w, "expires_at", t.expires_us);
    k.frozen_us ? w.field("frozen", k.frozen_why) : w.field_null("frozen");
    w.field("dialect", t.dialect).field("tag", t.tag);
    write_texts(w, "models", t.models);
    write_texts(w, "ip_allow", t.ip_allow);
    write_limit(w, "rpm", t.limits.rpm);
    write_limit(w, "tpm", t.limits.tpm);
    write_limit(w, "requests_per_day", t.limits.rpd);
    write_limit(w, "concurrency", t.limits.concurrency);
    t.limits.spend_cap_nanos ? w.field("spend_cap", dollars(*t.limits.spend_cap_nanos)) : w.field_null("spend_cap");
    w.field("spend_period", t.limits.spend_period);
    k.rotated_to ? w.field("rotated_to", to_text(k.rotated_to)) : w.field_null("rotated_to");
    w.end_object();
}

constexpr std::string_view term_names[] = {
    "name",        "dialect",   "tag",          "models",     "ip_allow", "rpm", "tpm", "requests_per_day",
    "concurrency", "spend_cap", "spend_period", "expires_at", "prefix"};

/// What the body says, each member by itself; what it does not name stays.
Result<std::function<void(KeyTerms&)>> terms_in(const Body& body) {
    KeyTerms t;
    TRY(t.name, body.text("name", "", 200));
    TRY(t.dialect, body.text("dialect", ""));
    for (const std::string_view d : {"", "openai", "aigate", "aigateway", "aigenway", "portal", "?"}) {
        if (d == "?")
            return Error(ErrorCode::bad_param, "'dialect' must be one of openai, aigate, aigateway, aigenway, portal.")
                .param("dialect");
        if (t.dialect == d) break;
    }
    TRY(t.tag, body.text("tag", ""));
    TRY(t.models, body.texts("models", max_list));
    TRY(t.ip_allow, body.texts("ip_allow", max_list));
    TRY(t.limits.rpm, body.integer("rpm", 1, 1'000'000'000));
    TRY(t.limits.tpm, body.integer("tpm", 1, 1'000'000'000'000));
    TRY(t.limits.rpd, body.integer("requests_per_day", 1, 1'000'000'000));
    TRY(t.limits.concurrency, body.integer("concurrency", 1, 1'000'000));
    TRY(t.limits.spend_cap_nanos, body.amount("spend_cap", max_cap_nanos));
    TRY(t.limits.spend_period, body.text("spend_period", ""));
    TRY(const auto expires_s, body.integer("expires_at", 1, max_expiry_s));
    t.expires_us = expires_s.value_or(0) * 1'000'000;
    std::vector<std::string_view> named;
    for (const auto name : term_names)
        if (body.has(name)) named.push_back(name);
    return std::function<void(KeyTerms&)>([t = std::move(t), named = std::move(named)](KeyTerms& into) {
        for (const auto name : named) {
            if (name == "name") into.name = t.name;
            if (name == "dialect") into.dialect = t.dialect;
            if (name == "tag") into.tag = t.tag;
            if (name == "models") into.models = t.models;
            if (name == "ip_allow") into.ip_allow = t.ip_allow;
            if (name == "rpm") into.limits.rpm = t.limits.rpm;
            if (name == "tpm") into.limits.tpm = t.limits.tpm;
            if (name == "requests_per_day") into.limits.rpd = t.limits.rpd;
            if (name == "concurrency") into.limits.concurrency = t.limits.concurrency;
            if (name == "spend_cap") into.limits.spend_cap_nanos = t.limits.spend_cap_nanos;
            if (name == "spend_period") into.limits.spend_period = t.limits.spend_period;
            if (name == "expires_at") into.expires_us = t.expires_us;
        }
    });
}

/// The key, when it is this account's and this user may change it.
Result<identity::KeyRow> own_key(Call& c) {
    TRY(const int64_t id, path_id("key_", c.arg));
    TRY(auto row, c.portal.services().directory->key(KeyId{id}, c.account()));
    if (c.session->role >= identity::Role::admin) return row;
    TRY(const auto maker, c.portal.users().key_maker(KeyId{id}));
    if (maker == c.user().id) return row;
    return Error(ErrorCode::scope_denied, "A member changes only the keys she made; ask an admin of the account.");
}

std::string minted_json(const identity::MintedKey& m, std::string_view name) {
    std::string out;
    JsonWriter(out).begin_object().field("id", to_text(m.id)).field("name", name).field("key", m.key).end_object();
    return out;
}

/// The audit row, the maker's row and the kept reply of a new key, all of which need its id.
identity::Directory::WithKey behind_key(Call& c, std::string action, std::string name) {
    return [&c, action = std::move(action), name = std::move(name)](const identity::MintedKey& m) {
        store::Ops ops;
        ops.push_back(identity::Users::made_key(m.id, c.user().id));
        ops.push_back(records::audit([&c, &m, action, name] {
            return records::AuditEntry{to_text(c.user().id),
                                       action,
                                       to_text(m.id),
                                       c.account(),
                                       "{\"name\":" + json_string(name) + "}",
                                       c.peer};
        }));
        return joined(std::move(ops), c.kept(201, [&m, name] { return minted_json(m, name); }));
    };
}
}  // namespace

Result<PortalReply> list_own_keys(Call& c) {
    TRY(const Query query, Query::parse(c.query, {"after", "limit"}));
    TRY(const int64_t after, query.id("after", "key_"));
    TRY(const int64_t limit, query.integer("limit", 100, 1, 1'000));
    TRY(const auto rows, c.portal.services().directory->keys(c.account(), KeyId{after}, limit));
    PortalReply reply;
    JsonWriter w(reply.json);
    w.begin_object().key("data").begin_array();
    for (const auto& k : rows) write_key(w, k);
    w.end_array();
    std::ssize(rows) == limit ? w.field("next", to_text(rows.back().id)) : w.field_null("next");
    w.end_object();
    return reply;
}

Result<PortalReply> make_own_key(Call& c) {
    TRY(const Body body, Body::parse(c.body, Names(term_names)));
    TRY(const auto edit, terms_in(body));
    KeyTerms terms;
    edit(terms);
    identity::NewKey key;
    key.account = c.account();
    TRY(key.prefix, body.text("prefix", "sk-aig-"));
    key.name = terms.name;
    key.dialect = terms.dialect;
    key.tag = terms.tag;
    key.limits = terms.limits;
    key.models = terms.models;
    key.ip_allow = terms.ip_allow;
    key.expires_us = terms.expires_us;
    TRY(const auto minted,
        c.portal.services().directory->create_key(std::move(key), behind_key(c, "key.create", terms.name)));
    return PortalReply{201, minted_json(minted, terms.name), {}, {}, {}};
}

Result<PortalReply> change_own_key(Call& c) {
    TRY(const Body body, Body::parse(c.body, Names(term_names)));
    if (body.has("prefix")) return Error(ErrorCode::bad_param, "A key's prefix cannot change.").param("prefix");
    TRY(auto edit, terms_in(body));
    TRY(const auto before, own_key(c));
    TRY(const auto row, c.portal.services().directory->update_key(before.id, c.account(), std::move(edit),
                                                                  c.audited("key.change", to_text(before.id))));
    PortalReply reply;
    JsonWriter w(reply.json);
    write_key(w, row);
    return reply;
}

Result<PortalReply> revoke_own_key(Call& c) {
    TRY(const auto row, own_key(c));
    TRYV(c.portal.services().directory->revoke_key(row.id, c.account(), c.audited("key.revoke", to_text(row.id))));
    return PortalReply{204, {}, {}, {}, {}};
}

Result<PortalReply> rotate_own_key(Call& c) {
    TRY(const Body body, Body::parse(c.body, {"overlap_seconds"}));
    TRY(const auto overlap, body.integer("overlap_seconds", 0, max_overlap_s));
    TRY(const auto row, own_key(c));
    TRY(const auto minted,
        c.portal.services().directory->rotate_key(row.id, c.account(), overlap.value_or(default_overlap_s),
                                                  behind_key(c, "key.rotate", row.own.name)));
    return PortalReply{201, minted_json(minted, row.own.name), {}, {}, {}};
}

}  // namespace aig::api
