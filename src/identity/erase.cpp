// What is forgotten when an account is erased. The row of an account, a key or a user stays, without what tells who it
// was: calls and money refer to it.
#include "identity/detail/stored_directory.h"

#include "base/time.h"

namespace aig::identity {
namespace {
// ?1 is the account, ?2 the time.
constexpr const char* forget_account =
    "UPDATE account SET name = 'erased', email = '', status = 'blocked', erased_us = ?2 WHERE id = ?1 AND erased_us = "
    "0";
constexpr const char* forget_keys =
    "UPDATE api_key SET name = '', tag = '', ip_allow = '[]', revoked_us = CASE WHEN revoked_us = 0 THEN ?2 ELSE"
    " revoked_us END WHERE account_id = ?1";
constexpr const char* forget_sub_accounts =
    "UPDATE sub_account SET name = 'erased', external_ref = '', metadata = '{}', tag = '', deleted_us = CASE WHEN"
    " deleted_us = 0 THEN ?2 ELSE deleted_us END WHERE account_id = ?1";
// A user of this account alone goes with it; the address is free again.
constexpr const char* forget_users =
    "UPDATE portal_user SET email = 'erased', email_key = 'erased ' || id, password = '', status = 'blocked',"
    " verified_us = 0 WHERE id IN (SELECT user_id FROM membership WHERE account_id = ?1) AND is_operator = 0"
    " AND NOT EXISTS (SELECT 1 FROM membership o WHERE o.user_id = portal_user.id AND o.account_id <> ?1)";
constexpr const char* forget_their_tokens =
    "DELETE FROM mail_token WHERE account_id = ?1 OR user_id IN (SELECT u.id FROM portal_user u JOIN membership m"
    " ON m.user_id = u.id WHERE m.account_id = ?1 AND u.email = 'erased')";
constexpr const char* forget_sessions =
    "DELETE FROM portal_session WHERE account_id = ?1 OR user_id IN (SELECT u.id FROM portal_user u JOIN membership m"
    " ON m.user_id = u.id WHERE m.account_id = ?1 AND u.email = 'erased')";
constexpr const char* forget_members = "DELETE FROM membership WHERE account_id = ?1";
constexpr const char* forget_webhook_secrets = "DELETE FROM webhook_secret WHERE account_id = ?1";
constexpr const char* keys_in_account = "SELECT id FROM api_key WHERE account_id = ?1 ORDER BY id";

Status forget(store::Db& db, const char* sql, AccountId account) {
    auto q = db.query(sql);
    q.bind(account.value);
    TRYV(q.run());
    return {};
}

Status forget_at(store::Db& db, const char* sql, AccountId account, int64_t now_us) {
    auto q = db.query(sql);
    q.bind(account.value).bind(now_us);
    TRYV(q.run());
    return {};
}

Result<std::vector<StoredKey>> all_keys_of(store::Db& db, AccountId account) {
    auto q = db.query(keys_in_account);
    q.bind(account.value);
    std::vector<StoredKey> out;
    while (true) {
        TRY(const bool row, q.step());
        if (!row) return out;
        TRY(auto stored, load_key(db, KeyId{q.integer(0)}));
        out.push_back(*std::move(stored));
    }
}

Status erase(store::Db& db, AccountId account, int64_t now_us) {
    TRY(const auto row, load_account(db, account));
    if (row.erased_us) return Error(ErrorCode::conflict, "This account was erased already.");
    TRYV(forget_at(db, forget_account, account, now_us));
    TRYV(forget_at(db, forget_keys, account, now_us));
    TRYV(forget_at(db, forget_sub_accounts, account, now_us));
    TRYV(forget(db, forget_users, account));
    TRYV(forget(db, forget_their_tokens, account));
    TRYV(forget(db, forget_sessions, account));
    TRYV(forget(db, forget_members, account));
    return forget(db, forget_webhook_secrets, account);
}
}  // namespace

Status StoredDirectory::erase_account(AccountId account, store::Ops with) {
    const Change change = [account, now = now_us()](store::Db& db, std::vector<StoredKey>& changed) -> Status {
        TRYV(erase(db, account, now));
        TRY(changed, all_keys_of(db, account));
        return {};
    };
    TRYV(store_.commit_now(batch(change, std::move(with))));
    memory_->accounts.set(account, true);
    return {};
}

}  // namespace aig::identity
