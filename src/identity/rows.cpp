#include "identity/detail/rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"

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
#undef KEY_COLUMNS
constexpr const char* accounts_after =
    "SELECT id, name, email, status, created_us FROM account WHERE id > ?1 ORDER BY id LIMIT ?2";
constexpr const char* account_by_id = "SELECT id, name, email, status, created_us FROM account WHERE id = ?1";
constexpr const char* account_highest = "SELECT COALESCE(MAX(id), 0) FROM account";
constexpr const char* account_insert =
    "INSERT INTO account (id, name, email, status, created_us) VALUES (?1, ?2, ?3, ?4, ?5)";
constexpr const char* account_status = "UPDATE account SET status = ?1 WHERE id = ?2";
constexpr const char* key_insert =
    "INSERT INTO api_key (account_id, hash, shown, name, prefix, dialect, tag, models, rpm, tpm, concurrency, "
    "spend_cap_nanos,"
    " spend_period, created_us, expires_us, rpd, brake_nanos_per_minute, ip_allow, sub_account_id) VALUES"
    " (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)";
constexpr const char* sub_account_in_force =
    "SELECT 1 FROM sub_account WHERE id = ?1 AND account_id = ?2 AND deleted_us = 0";
constexpr const char* key_revoke = "UPDATE api_key SET revoked_us = ?1 WHERE id = ?2 AND revoked_us = 0";
constexpr const char* key_used = "UPDATE api_key SET last_used_us = ?1 WHERE id = ?2 AND last_used_us < ?1";

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

std::optional<int64_t> maybe(const store::Query& q, int column) {
    if (q.is_null(column)) return {};
    return q.integer(column);
}

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
    p.limits.rpm = lower(p.limits.rpm, maybe(q, 29));
    p.limits.tpm = lower(p.limits.tpm, maybe(q, 30));
    p.limits.concurrency = lower(p.limits.concurrency, maybe(q, 31));
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
    add_sub_account(q, p);
    return k;
}

AccountRow account_row(const store::Query& q) {
    return {AccountId{q.integer(0)}, std::string(q.text(1)), std::string(q.text(2)), std::string(q.text(3)),
            q.integer(4)};
}

Result<std::optional<StoredKey>> one_key(store::Query q) {
    TRY(const bool row, q.step());
    if (!row) return std::optional<StoredKey>();
    return std::optional<StoredKey>(stored_key(q));
}

Error no_account(AccountId id) {
    return Error(ErrorCode::resource_not_found, fmt::format("There is no account '{}'.", to_text(id)))
        .param("account_id");
}

Status in_force(store::Db& db, SubAccountId id, AccountId of) {
    auto q = db.query(sub_account_in_force);
    q.bind(id.value).bind(of.value);
    TRY(const bool row, q.step());
    if (row) return {};
    return Error(ErrorCode::resource_not_found, fmt::format("There is no sub-account '{}'.", to_text(id)))
        .param("sub_account_id");
}
}  // namespace

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
    std::vector<StoredKey> out;
    while (true) {
        TRY(const bool row, q.step());
        if (!row) return out;
        out.push_back(stored_key(q));
    }
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

Result<KeyId> insert_key(store::Db& db, const NewKey& key, std::string_view prefix, const KeyHash& hash,
                         std::string_view shown, int64_t now_us) {
    TRYV(load_account(db, key.account));
    if (key.sub_account) TRYV(in_force(db, key.sub_account, key.account));
    const auto hex = hash.hex(), models = texts_json(key.models), ip_allow = texts_json(key.ip_allow);
    auto q = db.query(key_insert);
    q.bind(key.account.value).bind(std::string_view(hex)).bind(shown).bind(std::string_view(key.name)).bind(prefix);
    q.bind(std::string_view(key.dialect)).bind(std::string_view(key.tag)).bind(std::string_view(models));
    q.bind(key.limits.rpm).bind(key.limits.tpm).bind(key.limits.concurrency).bind(key.limits.spend_cap_nanos);
    q.bind(std::string_view(key.limits.spend_period)).bind(now_us).bind(key.expires_us);
    q.bind(key.limits.rpd).bind(key.limits.brake_nanos_per_minute).bind(std::string_view(ip_allow));
    q.bind(key.sub_account.value);
    TRYV(q.run());
    return KeyId{db.last_id()};
}

Status mark_revoked(store::Db& db, KeyId id, int64_t now_us) {
    auto q = db.query(key_revoke);
    q.bind(now_us).bind(id.value);
    TRYV(q.run());
    return {};
}

Status mark_account(store::Db& db, AccountId id, std::string_view status) {
    auto q = db.query(account_status);
    q.bind(status).bind(id.value);
    TRY(const int64_t changed, q.run());
    if (changed == 0) return no_account(id);
    return {};
}

Status mark_used(store::Db& db, KeyId id, int64_t now_us) {
    auto q = db.query(key_used);
    q.bind(now_us).bind(id.value);
    TRYV(q.run());
    return {};
}

}  // namespace aig::identity
