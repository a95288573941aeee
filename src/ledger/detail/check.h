// Follows the journal entry by entry and says what cannot be true: the chain, kinds, charges priced again, refunds,
// changes of currency. Keeps what the entries add up to, for comparing with the counters. Sums have 128 bits: a damaged
// row must not overflow the check. One thread; reads nothing but what it is given, and refunded charges.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "ledger/ledger_store.h"

namespace aig::ledger {

using Wide = __int128;

/// Each names the invariant and the row. Bounded.
struct Faults {
    std::vector<std::string> all;
    void add(std::string_view invariant, std::string_view row, int64_t id);
    void add(const Status& failed);
};

class EntryCheck {
  public:
    EntryCheck(Faults& faults, store::Db* db) : faults_(faults), db_(db) {}
    /// Goes on behind an entry whose hash is known; otherwise from the first.
    void start_behind(int64_t entry, std::string hash) {
        last_entry_ = entry;
        last_hash_ = std::move(hash);
    }
    /// The connection to look charges up on may differ from step to step.
    void read_from(store::Db& db) { db_ = &db; }
    void entry(const sql::StoredEntry& stored);
    /// The journal ends here: whatever is open must be whole.
    void end();

    struct Sums {
        Wide credits = 0, debits = 0;
        int64_t account = 0;
    };
    std::map<int64_t, Sums> wallets;
    std::map<int64_t, Wide> spent;         ///< by budget: money, or calls where it counts them
    Wide charged = 0, overage_booked = 0;  ///< by all charges, in whatever currency
    std::map<int64_t, PinnedRate> rates;
    std::map<std::pair<int64_t, int64_t>, Wide> refunds;  ///< by charge and wallet
    /// Called for each resolution.
    std::function<void(int64_t hold, int64_t entry)> resolved;

    int64_t entries() const { return entries_; }
    int64_t last_entry() const { return last_entry_; }
    const std::string& last_hash() const { return last_hash_; }

  private:
    /// The usage entries and overage of one settled hold, which follow one another.
    struct Charge {
        int64_t hold = 0, first = 0, cost = 0;
        bool free = false;
        Wide taken = 0, overage = 0;
        BudgetIds budgets;
    };
    /// A deposit in another currency, and what must follow it.
    struct Exchange {
        int64_t first = 0;
        Changed left;
    };
    void move(const Entry& e);
    void usage(const Entry& e);
    void overage(const Entry& e);
    void follower(const Entry& e);
    void refund(const Entry& e);
    void exchange(const Entry& e);
    void exchanged(const Entry& e);
    void pin(const PinnedRate& rate, const Entry& e);
    void close();

    Faults& faults_;
    store::Db* db_;
    EntryHasher hasher_;
    std::string last_hash_;
    int64_t last_entry_ = 0, entries_ = 0;
    Charge charge_;
    Exchange exchange_;
};

}  // namespace aig::ledger
