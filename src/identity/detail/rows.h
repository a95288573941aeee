// identity's tables as functions over one connection. No SQL is built from text; every value is bound.
#pragma once

#include <optional>

#include "identity/detail/key_text.h"
#include "store/db.h"

namespace aig::identity {

struct StoredKey {
    KeyRow row;
    KeyHash hash;
    bool account_blocked = false;
};

/// Lists as they are kept in a column: a JSON array of texts.
std::string texts_json(const std::vector<std::string>& texts);
std::vector<std::string> texts_of(std::string_view json);
inline std::optional<int64_t> maybe(const store::Query& q, int column) {
    if (q.is_null(column)) return {};
    return q.integer(column);
}

Result<std::optional<StoredKey>> load_key(store::Db& db, const KeyHash& hash);
Result<std::optional<StoredKey>> load_key(store::Db& db, KeyId id);
/// The newest first.
Status load_newest_keys(store::Db& db, int64_t limit, const std::function<void(StoredKey)>& each);
Result<std::vector<StoredKey>> list_keys(store::Db& db, AccountId account, KeyId after, int64_t limit);
Result<std::vector<AccountRow>> list_accounts(store::Db& db, AccountId after, int64_t limit);
Result<AccountRow> load_account(store::Db& db, AccountId id);
Result<AccountId> highest_account(store::Db& db);

Status insert_account(store::Db& db, const AccountRow& row);
Result<KeyId> highest_key(store::Db& db);
/// resource_not_found when the account, or the sub-account in it, does not exist.
Status insert_key(store::Db& db, const MintedKey& minted, const KeyHash& hash, const NewKey& key, int64_t now_us);
Status save_terms(store::Db& db, KeyId id, const KeyTerms& terms);
Status join_line(store::Db& db, KeyId id, KeyId line);
Status mark_rotated(store::Db& db, KeyId id, KeyId to);
Status mark_expiry(store::Db& db, KeyId id, int64_t expires_us);
/// at_us 0 = unfrozen.
Status mark_frozen(store::Db& db, KeyId id, int64_t at_us, std::string_view why);
Status mark_revoked(store::Db& db, KeyId id, int64_t now_us);
/// Those not revoked.
Result<std::vector<StoredKey>> keys_of_sub_account(store::Db& db, SubAccountId id);

Error no_sub_account(SubAccountId id);
Result<SubAccountId> highest_sub_account(store::Db& db);
/// One in force, of that account.
Result<SubAccountRow> load_sub_account(store::Db& db, SubAccountId id, AccountId of);
Result<std::vector<SubAccountRow>> list_sub_accounts(store::Db& db, AccountId of, std::string_view external_ref,
                                                     SubAccountId after, int64_t limit);
Status insert_sub_account(store::Db& db, const SubAccountRow& row);
Status save_sub_account(store::Db& db, const SubAccountRow& row);
Status mark_sub_account_deleted(store::Db& db, SubAccountId id, int64_t now_us);

/// Its name and address.
Status save_account(store::Db& db, const AccountRow& row);
Status mark_account(store::Db& db, AccountId id, std::string_view status);
Status mark_used(store::Db& db, KeyId id, int64_t now_us);

}  // namespace aig::identity
