// What the writer thread owns in memory: wallets' and budgets' counters and the open holds, read from disk on first
// use, written back once a commit however often they changed. After a rollback everything is forgotten and read again.
// Bounded: when more than a quarter of a million accounts or budgets are in memory, all are forgotten between two
// transactions.
//
// Writer thread only, but for open_count() and shared().
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "ledger/book.h"
#include "ledger/detail/brakes.h"
#include "ledger/detail/canonical.h"
#include "ledger/detail/journal.h"
#include "ledger/detail/shared.h"

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
    std::optional<int64_t> low;      ///< its own threshold of balance.low
    int64_t told_exhausted_at = -1;  ///< credits when a refusal was last told as balance.exhausted
    Wallet& main() { return wallets.back(); }
    Wallet* find(int64_t wallet);
    int64_t available(int64_t at_us) const;
    int64_t balance(int64_t at_us) const;
    /// Ever paid in; grows with every top-up, so it names what happened since the last one.
    int64_t credits() const;
    WalletView view(int64_t at_us) const;
};

struct Budget {
    int64_t id = 0;  ///< 0 = not on disk yet
    int64_t spent = 0, held = 0;
    bool dirty = false;
    bool counts = false;  ///< calls (subject_free), not money
    bool told = false;    ///< a refusal for its cap has been told
    int64_t units(int64_t nanos) const { return counts ? 1 : nanos; }
};

/// Those that a call counts in, few as a rule.
using Budgets = Few<Budget*, 4>;

struct OpenHold {
    int64_t id = 0, account = 0, amount = 0;
    Owner owner = Owner::call;
    int64_t created_us = 0;
    HoldBody body;
    int64_t page = 0;            ///< of hold_page that it stands in; 0 = it is a row of open_hold
    int64_t key = 0, brake = 0;  ///< whose spending is watched; not kept over a restart, for calls are not either
};

class Vault {
  public:
    explicit Vault(BookOptions options = {}) : options_(std::move(options)) {}
    const BookOptions& options() const { return options_; }
    int64_t now_us() const { return options_.now_us(); }
    Brakes& brakes() { return brakes_; }
    Shared& shared() { return shared_; }

    Status load(store::Db& db);
    /// Null when the account has no wallet.
    Result<Purse*> purse(store::Db& db, int64_t account);
    /// A new one has id 0 until store_budget().
    Result<Budget*> budget(store::Db& db, const BudgetRef& ref);
    Result<Budget*> budget(store::Db& db, int64_t id);
    Status store_budget(store::Db& db, const BudgetRef& ref, Budget& budget);
    /// Null when there is none: resolved, or never was.
    Result<OpenHold*> open_hold(store::Db& db, int64_t id);
    /// A new one, to be filled where it stands.
    OpenHold& add(int64_t id);
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
    /// Empty, for a body that is being written; the next call's has the same memory.
    std::string& scratch() {
        scratch_.clear();
        return scratch_;
    }
    int64_t open_count() const { return open_count_.load(std::memory_order_relaxed); }

  private:
    Status flush_wallets(store::Db& db);
    Status flush_budgets(store::Db& db);

    BookOptions options_;
    Brakes brakes_;
    Shared shared_;
    Journal journal_;
    std::unordered_map<int64_t, Purse> purses_;
    std::unordered_map<std::string, Budget> budgets_;  // by kind, subject and period
    std::unordered_map<int64_t, Budget*> budgets_by_id_;
    std::unordered_map<int64_t, OpenHold> holds_;
    std::vector<Wallet*> dirty_wallets_;
    std::vector<Budget*> dirty_budgets_;
    std::string key_, scratch_;  // whose memory is used again
    std::atomic<int64_t> open_count_{0};
};

}  // namespace aig::ledger
