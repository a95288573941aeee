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

Result<std::optional<StoredKey>> load_key(store::Db& db, const KeyHash& hash);
Result<std::optional<StoredKey>> load_key(store::Db& db, KeyId id);
/// The newest first.
Status load_newest_keys(store::Db& db, int64_t limit, const std::function<void(StoredKey)>& each);
Result<std::vector<StoredKey>> list_keys(store::Db& db, AccountId account, KeyId after, int64_t limit);
Result<std::vector<AccountRow>> list_accounts(store::Db& db, AccountId after, int64_t limit);
Result<AccountRow> load_account(store::Db& db, AccountId id);
Result<AccountId> highest_account(store::Db& db);

Status insert_account(store::Db& db, const AccountRow& row);
/// resource_not_found when the account does not exist.
Result<KeyId> insert_key(store::Db& db, const NewKey& key, std::string_view prefix, const KeyHash& hash,
                         std::string_view shown, int64_t now_us);
Status mark_revoked(store::Db& db, KeyId id, int64_t now_us);
Status mark_account(store::Db& db, AccountId id, std::string_view status);
Status mark_used(store::Db& db, KeyId id, int64_t now_us);

}  // namespace aig::identity
