// What the writer thread owns in memory: wallets' and budgets' counters and the open holds, read from disk on first
// use, written back once a commit however often they changed. After a rollback everything is forgotten and read again.
// Bounded: when more than a quarter of a million accounts or budgets are in memory, all are forgotten between two
// transactions.
//
// Writer thread only, but for open_count().
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "ledger/book.h"
#include "ledger/detail/canonical.h"
#include "ledger/detail/journal.h"

namespace aig::ledger {

struct Wallet {
    int64_t id = 0;
    bool bonus = false, active = true, dirty = false;
    int64_t expires_us = INT64_MAX;
    int64_t credits = 0, debits = 0, held = 0;
    int64_t available() const { return credits - debits - held; }
    bool spendable(int64_t at_us) const { return active && at_us < expires_us; }
};

/// An account's wallets in the order they are spent: bonuses by expiry, then main.
struct Purse {
    int64_t account = 0;
    std::string currency;
    std::vector<Wallet> wallets;
    Wallet& main() { return wallets.back(); }
    Wallet* find(int64_t wallet);
    int64_t available(int64_t at_us) const;
    WalletView view(int64_t at_us) const;
};

struct Budget {
    int64_t id = 0;  ///< 0 = not on disk yet
    int64_t spent = 0, held = 0;
    bool dirty = false;
};

struct OpenHold {
    int64_t id = 0, account = 0, amount = 0;
    Owner owner = Owner::call;
    int64_t created_us = 0;
    HoldBody body;
};

class Vault {
  public:
    Status load(store::Db& db);
    /// Null when the account has no wallet.
    Result<Purse*> purse(store::Db& db, int64_t account);
    /// A new one has id 0 until store_budget().
    Result<Budget*> budget(store::Db& db, const BudgetRef& ref);
    Result<Budget*> budget(store::Db& db, int64_t id);
    Status store_budget(store::Db& db, const BudgetRef& ref, Budget& budget);
    /// Null when there is none: resolved, or never was.
    Result<OpenHold*> open_hold(store::Db& db, int64_t id);
    OpenHold& add(OpenHold hold);
    void remove(int64_t hold);
    /// The account's wallets have changed on disk: read them again.
    Status forget(store::Db& db, int64_t account);

    /// Changed in memory, to be written by flush().
    void touch(Wallet& wallet);
    void touch(Budget& budget);
    Status flush(store::Db& db);
    /// Forgets everything unchanged when there is too much of it. Ends all pointers given out.
    void trim();

    Journal& journal() { return journal_; }
    int64_t open_count() const { return open_count_.load(std::memory_order_relaxed); }

  private:
    Status flush_wallets(store::Db& db);
    Status flush_budgets(store::Db& db);

    Journal journal_;
    std::unordered_map<int64_t, Purse> purses_;
    std::unordered_map<std::string, Budget> budgets_;
    std::unordered_map<int64_t, Budget*> budgets_by_id_;
    std::unordered_map<int64_t, OpenHold> holds_;
    std::vector<Wallet*> dirty_wallets_;
    std::vector<Budget*> dirty_budgets_;
    std::atomic<int64_t> open_count_{0};
};

}  // namespace aig::ledger
