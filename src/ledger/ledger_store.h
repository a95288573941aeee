// Every SQL statement of the book (with gathered_store.h and moves_store.h), one thin function each. Nothing else in
// the room speaks SQL. The statements keep to what SQLite and PostgreSQL both understand.
#pragma once

#include <functional>
#include <optional>
#include <span>

#include "ledger/detail/vault.h"

namespace aig::ledger::sql {

Result<ChainHead> load_head(store::Db& db);
Status save_head(store::Db& db, const ChainHead& head);
/// The newest entry's id and hash; 0 and "" in an empty journal.
Result<ChainHead> newest_entry(store::Db& db);

Result<Purse> load_purse(store::Db& db, int64_t account);
Status insert_wallet(store::Db& db, int64_t account, bool bonus, std::string_view currency,
                     std::optional<int64_t> expires_us);
Status save_wallet(store::Db& db, const Wallet& wallet);

Result<Budget> load_budget(store::Db& db, const BudgetRef& ref);
Result<BudgetRef> budget_ref(store::Db& db, int64_t id);
Result<int64_t> insert_budget(store::Db& db, const BudgetRef& ref);
Status save_budget(store::Db& db, const Budget& budget);

Result<std::optional<OpenHold>> load_hold(store::Db& db, int64_t id);
Result<int64_t> count_open_holds(store::Db& db);
/// Ids of open holds of calls after `after`, ascending, at most `limit`.
Result<std::vector<int64_t>> open_call_holds(store::Db& db, int64_t after, int64_t limit);

/// What an entry says of the hold that it resolves.
struct HoldEntry {
    int64_t id = 0;
    EntryKind kind = EntryKind::usage;
    int64_t amount = 0, account = 0, wallet = 0;
};
/// In order.
Status each_entry_of(store::Db& db, int64_t hold, const std::function<void(const HoldEntry&)>& see);

/// How a hold was resolved, from the journal.
struct Resolution {
    bool found = false, voided = false;
    int64_t account = 0, charged = 0, entry = 0;
};
Result<Resolution> resolution(store::Db& db, int64_t hold);
Result<bool> ref_exists(store::Db& db, int64_t account, std::string_view ref);

// verify() reads everything through these; each gives its rows one by one.
struct StoredEntry {
    Entry entry;
    int64_t kind = 0;  ///< as stored, perhaps unknown
    std::string_view hash;
    int64_t page = 0;  ///< of entry_page; 0 = a row of its own
};
struct StoredWallet {
    int64_t account = 0;
    std::string currency;
    Wallet wallet;
};
Status each_entry(store::Db& db, const std::function<void(const StoredEntry&)>& see);
/// From behind `after` up to `last`, at most `limit`.
Status each_entry(store::Db& db, int64_t after, int64_t last, int64_t limit,
                  const std::function<void(const StoredEntry&)>& see);
Result<std::optional<StoredWallet>> find_wallet(store::Db& db, int64_t id);
Status each_wallet(store::Db& db, const std::function<void(const StoredWallet&)>& see);
Status each_budget(store::Db& db, const std::function<void(const Budget&)>& see);
/// `see` gets the error of a hold whose body cannot be read.
Status each_hold(store::Db& db, const std::function<void(int64_t id, Result<OpenHold>)>& see);

/// The entries of [from_us, to_us), without their hashes.
Status each_entry_between(store::Db& db, int64_t from_us, int64_t to_us, const std::function<void(const Entry&)>& see);

/// All statements, for the test that prepares each on an empty database.
std::span<const char* const> statements();

}  // namespace aig::ledger::sql
