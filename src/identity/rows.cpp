#include "identity/detail/rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"
#include "identity/detail/valid.h"

namespace aig::identity {
namespace {
// The sub-account's limits and the wallet's currency come along: authenticating reads nothing further.
#define KEY_COLUMNS                                                                                                \
    "SELECT k.id, k.account_id, k.hash, k.shown, k.name, k.prefix, k.dialect, k.tag, k.models, k.rpm, k.tpm,"      \
    " k.concurrency, k.spend_cap_nanos, k.spend_period, k.created_us, k.expires_us, k.revoked_us, k.last_used_us," \
    " a.status, k.rpd, k.brake_nanos_per_minute, k.ip_allow, k.frozen_us, k.frozen_why, k.line, k.rotated_to,"     \
    " COALESCE(w.currency, 'USD'), COALESCE(s.id, 0), s.spend_cap_nanos, s.rpm, s.tpm, s.concurrency,"             \
    " COALESCE(s.tag, ''), COALESCE(s.models, '[]')"                                                               \
    " FROM api_key k JOIN account a ON a.id = k.account_id"                                                        \
    " LEFT JOIN wallet w ON w.account_id = k.account_id AND w.kind = 0"                                            \
    " LEFT JOIN sub_account s ON s.id = k.sub_account_id "
constexpr const char* key_by_hash = KEY_COLUMNS "WHERE k.hash = ?1";
constexpr const char* key_by_id = KEY_COLUMNS "WHERE k.id = ?1";
constexpr const char* keys_newest = KEY_COLUMNS "ORDER BY k.id DESC LIMIT ?1";
constexpr const char* keys_of = KEY_COLUMNS "WHERE k.account_id = ?1 AND k.id > ?2 ORDER BY k.id LIMIT ?3";
constexpr const char* keys_all = KEY_COLUMNS "WHERE k.id > ?1 ORDER BY k.id LIMIT ?2";
constexpr const char* keys_in_sub_account =
    KEY_COLUMNS "WHERE k.sub_account_id = ?1 AND k.revoked_us = 0 ORDER BY k.id";
#undef KEY_COLUMNS
constexpr const char* accounts_after =
    "SELECT id, name, email, status, created_us, erased_us FROM account WHERE id > ?1 ORDER BY id LIMIT ?2";
constexpr const char* account_by_id =
    "SELECT id, name, email, status, created_us, erased_us FROM account WHERE id = ?1";
constexpr const char* account_highest = "SELECT COALESCE(MAX(id), 0) FROM account";
constexpr const char* account_insert =
    "INSERT INTO account (id, name, email, status, created_us) VALUES (?1, ?2, ?3, ?4, ?5)";
constexpr const char* account_save = "UPDATE account SET name = ?1, email = ?2 WHERE id = ?3 AND erased_us = 0";
constexpr const char* account_status = "UPDATE account SET status = ?1 WHERE id = ?2 AND erased_us = 0";
constexpr const char* key_highest = "SELECT COALESCE(MAX(id), 0) FROM api_key";
constexpr const char* key_insert =
    "INSERT INTO api_key (id, account_id, sub_account_id, hash, shown, prefix, created_us, name, dialect, tag, models,"
    " rpm, tpm, concurrency, spend_cap_nanos, spend_period, expires_us, rpd, brake_nanos_per_minute, ip_allow) VALUES"
    " (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)";
constexpr const char* key_update =
    "UPDATE api_key SET name = ?2, dialect = ?3, tag = ?4, models = ?5, rpm = ?6, tpm = ?7, concurrency = ?8,"
    " spend_cap_nanos = ?9, spend_period = ?10, expires_us = ?11, rpd = ?12, brake_nanos_per_minute = ?13,"
    " ip_allow = ?14 WHERE id = ?1";
constexpr const char* key_line = "UPDATE api_key SET line = ?1 WHERE id = ?2";
constexpr const char* key_rotated = "UPDATE api_key SET rotated_to = ?1 WHERE id = ?2";
constexpr const char* key_expiry = "UPDATE api_key SET expires_us = ?1 WHERE id = ?2";
constexpr const char* key_frozen = "UPDATE api_key SET frozen_us = ?1, frozen_why = ?2 WHERE id = ?3";
constexpr const char* key_revoke = "UPDATE api_key SET revoked_us = ?1 WHERE id = ?2 AND revoked_us = 0";
constexpr const char* key_used = "UPDATE api_key SET last_used_us = ?1 WHERE id = ?2 AND last_used_us < ?1";

std::optional<int64_t> lower(std::optional<int64_t> a, std::optional<int64_t> b) {
    return a && b ? std::min(*a, *b) : a ? a : b;
}

/// What both allow. Lists that have nothing in common allow nothing: one name that no model has.
std::vector<std::string> both_allow(std::vector<std::string> a, const std::vector<std::string>& b) {
    if (a.empty()) return b;
    if (b.empty()) return a;
    std::erase_if(a, [&](const auto& m) { return std::find(b.begin(), b.end(), m) == b.end(); });
    if (a.empty()) a.emplace_back();
    return a;
}

/// The columns from the sub-account, 28 to 33: the key can do less than its sub-account, never more.
void add_sub_account(const store::Query& q, Principal& p) {
    p.sub_account = SubAccountId{q.integer(27)};
    if (!p.sub_account) return;
    p.sub_cap_nanos = maybe(q, 28);
    p.sub_period = "month";
    p.sub_rpm = maybe(q, 29), p.sub_tpm = maybe(q, 30), p.sub_concurrency = maybe(q, 31);
    p.limits.rpm = lower(p.limits.rpm, p.sub_rpm);
    p.limits.tpm = lower(p.limits.tpm, p.sub_tpm);
    p.limits.concurrency = lower(p.limits.concurrency, p.sub_concurrency);
    if (p.tag.empty()) p.tag = q.text(32);
    p.models = both_allow(std::move(p.models), texts_of(q.text(33)));
}

StoredKey stored_key(const store::Query& q) {
    StoredKey k;
    auto& p = k.row.principal;
    k.row.id = p.key = KeyId{q.integer(0)};
    p.account = AccountId{q.integer(1)};
    k.hash = KeyHash::from_hex(q.text(2));
    k.row.shown = q.text(3);
    p.key_name = q.text(4);
    p.prefix = q.text(5);
    p.dialect = q.text(6);
    p.tag = q.text(7);
    p.models = texts_of(q.text(8));
    p.limits = {maybe(q, 9),  maybe(q, 10), maybe(q, 11), maybe(q, 12), std::string(q.text(13)),
                maybe(q, 19), maybe(q, 20)};
    k.row.created_us = q.integer(14);
    p.expires_us = q.integer(15);
    k.row.revoked_us = q.integer(16);
    k.row.last_used_us = q.integer(17);
    k.account_blocked = q.text(18) != "active";
    p.ip_allow = texts_of(q.text(21));
    for (const auto& text : p.ip_allow)
        // What cannot be read admits nobody: a block no address is in.
        p.ip_blocks.push_back(parse_ip_block(text).value_or(IpBlock{{}, 128}));
    k.row.frozen_us = q.integer(22);
    k.row.frozen_why = q.text(23);
    p.line = KeyId{q.integer(24) ? q.integer(24) : q.integer(0)};
    k.row.rotated_to = KeyId{q.integer(25)};
    p.currency = q.text(26);
    k.row.own = {p.key_name, p.dialect, p.tag, p.limits, p.models, p.ip_allow, p.expires_us};
    add_sub_account(q, p);
    return k;
}

AccountRow account_row(const store::Query& q) {
    return {AccountId{q.integer(0)}, std::string(q.text(1)), std::string(q.text(2)),
            std::string(q.text(3)),  q.integer(4),           q.integer(5)};
}

Result<std::optional<StoredKey>> one_key(store::Query q) {
    TRY(const bool row, q.step());
    if (!row) return std::optional<StoredKey>();
    return std::optional<StoredKey>(stored_key(q));
}

void bind_terms(store::Query& q, const KeyTerms& t) {
    q.bind(std::string_view(t.name)).bind(std::string_view(t.dialect)).bind(std::string_view(t.tag));
    q.bind(std::string_view(texts_json(t.models))).bind(t.limits.rpm).bind(t.limits.tpm).bind(t.limits.concurrency);
    q.bind(t.limits.spend_cap_nanos).bind(std::string_view(t.limits.spend_period)).bind(t.expires_us);
    q.bind(t.limits.rpd).bind(t.limits.brake_nanos_per_minute).bind(std::string_view(texts_json(t.ip_allow)));
}

Status set(store::Query q, int64_t value, KeyId id) {
    q.bind(value).bind(id.value);
    TRYV(q.run());
    return {};
}

Result<std::vector<StoredKey>> all_rows(store::Query q) {
    std::vector<StoredKey> out;
    while (true) {
        TRY(const bool row, q.step());
        if (!row) return out;
        out.push_back(stored_key(q));
    }
}

Error no_account(AccountId id) {
    return Error(ErrorCode::resource_not_found, fmt::format("There is no account '{}'.", to_text(id)))
        .param("account_id");
}

}  // namespace

std::string texts_json(const std::vector<std::string>& texts) {
    std::string out;
    JsonWriter w(out);
    w.begin_array();
    for (const auto& t : texts) w.string(t);
    w.end_array();
    return out;
}

std::vector<std::string> texts_of(std::string_view json) {
    std::vector<std::string> out;
    if (auto doc = JsonDoc::parse(json))
        for (const JsonRef m : doc->root()) out.emplace_back(m.text());
    return out;
}

Result<std::optional<StoredKey>> load_key(store::Db& db, const KeyHash& hash) {
    auto q = db.query(key_by_hash);
    const auto hex = hash.hex();
    q.bind(hex);
    return one_key(std::move(q));
}

Result<std::optional<StoredKey>> load_key(store::Db& db, KeyId id) {
    auto q = db.query(key_by_id);
    q.bind(id.value);
    return one_key(std::move(q));
}

Status load_newest_keys(store::Db& db, int64_t limit, const std::function<void(StoredKey)>& each) {
    auto q = db.query(keys_newest);
    q.bind(limit);
    while (true) {
        TRY(const bool row, q.step());
        if (!row) return {};
        each(stored_key(q));
    }
}

Result<std::vector<StoredKey>> list_keys(store::Db& db, AccountId account, KeyId after, int64_t limit) {
    auto q = db.query(account ? keys_of : keys_all);
    if (account) q.bind(account.value);
    q.bind(after.value).bind(limit);
    return all_rows(std::move(q));
}

Result<std::vector<StoredKey>> keys_of_sub_account(store::Db& db, SubAccountId id) {
    auto q = db.query(keys_in_sub_account);
    q.bind(id.value);
    return all_rows(std::move(q));
}

Result<std::vector<AccountRow>> list_accounts(store::Db& db, AccountId after, int64_t limit) {
    auto q = db.query(accounts_after);
    q.bind(after.value).bind(limit);
    std::vector<AccountRow> out;
    while (true) {
        TRY(const bool row, q.step());
        if (!row) return out;
        out.push_back(account_row(q));
    }
}

Result<AccountRow> load_account(store::Db& db, AccountId id) {
    auto q = db.query(account_by_id);
    q.bind(id.value);
    TRY(const bool row, q.step());
    if (!row) return no_account(id);
    return account_row(q);
}

Result<AccountId> highest_account(store::Db& db) {
    auto q = db.query(account_highest);
    TRYV(q.step());
    return AccountId{q.integer(0)};
}

Status insert_account(store::Db& db, const AccountRow& row) {
    auto q = db.query(account_insert);
    q.bind(row.id.value)
        .bind(std::string_view(row.name))
        .bind(std::string_view(row.email))
        .bind(std::string_view(row.status))
        .bind(row.created_us);
    TRYV(q.run());
    return {};
}

Result<KeyId> highest_key(store::Db& db) {
    auto q = db.query(key_highest);
    TRYV(q.step());
    return KeyId{q.integer(0)};
}

Status insert_key(store::Db& db, const MintedKey& minted, const KeyHash& hash, const NewKey& key, int64_t now_us) {
    TRY(const auto account, load_account(db, key.account));
    if (account.erased_us) return no_account(key.account);
    if (key.sub_account) TRYV(load_sub_account(db, key.sub_account, key.account));
    const auto hex = hash.hex(), shown = shown_key(minted.key);
    auto q = db.query(key_insert);
    q.bind(minted.id.value).bind(key.account.value).bind(key.sub_account.value).bind(std::string_view(hex));
    q.bind(std::string_view(shown)).bind(key_prefix(minted.key)).bind(now_us);
    bind_terms(q, terms_of(key));
    TRYV(q.run());
    return {};
}

Status save_terms(store::Db& db, KeyId id, const KeyTerms& terms) {
    auto q = db.query(key_update);
    q.bind(id.value);
    bind_terms(q, terms);
    TRYV(q.run());
    return {};
}

Status join_line(store::Db& db, KeyId id, KeyId line) { return set(db.query(key_line), line.value, id); }
Status mark_rotated(store::Db& db, KeyId id, KeyId to) { return set(db.query(key_rotated), to.value, id); }
Status mark_expiry(store::Db& db, KeyId id, int64_t expires_us) { return set(db.query(key_expiry), expires_us, id); }

Status mark_frozen(store::Db& db, KeyId id, int64_t at_us, std::string_view why) {
    auto q = db.query(key_frozen);
    q.bind(at_us).bind(why).bind(id.value);
    TRYV(q.run());
    return {};
}

Status mark_revoked(store::Db& db, KeyId id, int64_t now_us) { return set(db.query(key_revoke), now_us, id); }

Status save_account(store::Db& db, const AccountRow& row) {
    auto q = db.query(account_save);
    TRYV(q.bind(std::string_view(row.name)).bind(std::string_view(row.email)).bind(row.id.value).run());
    return {};
}

Status mark_account(store::Db& db, AccountId id, std::string_view status) {
    auto q = db.query(account_status);
    q.bind(status).bind(id.value);
    TRY(const int64_t changed, q.run());
    if (changed == 0) return no_account(id);
    return {};
}

Status mark_used(store::Db& db, KeyId id, int64_t now_us) { return set(db.query(key_used), now_us, id); }

}  // namespace aig::identity
