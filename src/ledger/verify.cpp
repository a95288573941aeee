// Re-checks the books by reading them once, in one snapshot: what the entries add up to against every counter.
#include <fmt/format.h>

#include <map>
#include <set>

#include "ledger/detail/check.h"
#include "ledger/entry_pages.h"
#include "ledger/moves_store.h"
#include "ledger/statement.h"

namespace aig::ledger {
namespace {

/// Hold ids are dense: a bit each.
class IdSet {
  public:
    bool insert(int64_t id, int64_t last) {
        if (id <= 0 || id > last || id > max_id) return false;
        if (static_cast<size_t>(id) >= bits_.size()) bits_.resize(static_cast<size_t>(id) * 2 + 64);
        if (bits_[static_cast<size_t>(id)]) return false;
        ++count_;
        return bits_[static_cast<size_t>(id)] = true;
    }
    bool contains(int64_t id) const {
        return id > 0 && static_cast<size_t>(id) < bits_.size() && bits_[static_cast<size_t>(id)];
    }
    int64_t size() const { return count_; }

  private:
    static constexpr int64_t max_id = int64_t{1} << 36;  // a damaged id must not take all memory
    std::vector<bool> bits_;
    int64_t count_ = 0;
};

class Check {
  public:
    explicit Check(store::Db& db) : db_(db), entries_(faults_, &db) {
        entries_.resolved = [this](int64_t hold, int64_t entry) {
            if (!resolved_.insert(hold, head_.hold)) faults_.add("each hold is resolved at most once", "entry", entry);
        };
    }
    VerifyReport run() {
        if (auto head = sql::load_head(db_))
            head_ = *std::move(head);
        else
            faults_.add(Status(head.error()));
        faults_.add(sql::each_entry(db_, [this](const auto& e) {
            entries_.entry(e);
            look_up(e);
        }));
        entries_.end();
        faults_.add(sql::each_budget(db_, [this](const auto& b) { budgets_.emplace(b.id, b); }));
        faults_.add(sql::each_hold(db_, [this](int64_t id, Result<OpenHold> h) { open_hold(id, std::move(h)); }));
        faults_.add(sql::each_wallet(db_, [this](const auto& w) { wallet(w); }));
        missing();
        budgets();
        chain_end();
        faults_.add(sql::check_moves(db_, entries_, faults_));
        faults_.add(check_statements(db_, faults_.all));
        report_.entries = entries_.entries();
        report_.faults = std::move(faults_.all);
        report_.ok = report_.faults.empty();
        return std::move(report_);
    }

  private:
    /// A later settlement of the same hold must find the first one.
    void look_up(const sql::StoredEntry& s) {
        if (!s.page) return;
        const auto found = sql::is_looked_for_in(db_, s.entry.hold, s.page);
        if (!found) return faults_.add(Status(found.error()));
        if (!*found) faults_.add("a resolution is found by its hold", "entry", s.entry.id);
    }
    void open_hold(int64_t id, Result<OpenHold> hold) {
        ++report_.open_holds;
        if (id <= 0 || id > head_.hold) faults_.add("holds are numbered up to the head's", "hold", id);
        if (resolved_.contains(id)) faults_.add("an open hold has no resolution", "hold", id);
        if (!hold) return faults_.add("holds can be read", "hold", id);
        Wide parts = 0;
        for (const auto& p : hold->body.parts) {
            parts += p.amount;
            held_[p.wallet] += p.amount;
            if (p.amount < 0) faults_.add("held parts are not negative", "hold", id);
        }
        if (parts != hold->amount) faults_.add("a hold's parts add up to it", "hold", id);
        for (const auto& b : hold->body.budgets) {
            const auto it = budgets_.find(b.budget);
            budget_held_[b.budget] += it == budgets_.end() ? hold->amount : it->second.units(hold->amount);
        }
    }

    void wallet(const sql::StoredWallet& s) {
        const Wallet& w = s.wallet;
        ++report_.wallets;
        seen_.insert(w.id);
        const auto sums = entries_.wallets[w.id];
        if (sums.credits != w.credits || sums.debits != w.debits)
            faults_.add("wallet counters = journal", "wallet", w.id);
        if (held_[w.id] != w.held) faults_.add("held = sum of open holds", "wallet", w.id);
        if (sums.account && sums.account != s.account) faults_.add("a wallet is one account's", "wallet", w.id);
        const Wide balance = Wide{w.credits} - w.debits;
        if (balance - w.held < 0) faults_.add("available is not negative", "wallet", w.id);
        const auto [it, fresh] = currency_.emplace(s.account, s.currency);
        if (!fresh && it->second != s.currency) faults_.add("an account has one currency", "wallet", w.id);
        balances_[s.currency] += balance - (sums.credits - sums.debits);
    }

    void missing() {
        for (const auto& [id, sums] : entries_.wallets)
            if (!seen_.contains(id) && (sums.credits || sums.debits))
                faults_.add("journal names a missing wallet", "wallet", id);
        for (const auto& [id, held] : held_)
            if (!seen_.contains(id) && held) faults_.add("holds name a missing wallet", "wallet", id);
        for (const auto& [currency, difference] : balances_)
            if (difference != 0) faults_.add("money in - money out = sum of wallets", currency, 0);
    }

    void budgets() {
        for (const auto& [id, b] : budgets_) {
            if (entries_.spent[id] != b.spent) faults_.add("budget spent = journal", "budget", id);
            if (budget_held_[id] != b.held) faults_.add("budget held = sum of open holds", "budget", id);
        }
        for (const auto& [id, spent] : entries_.spent)
            if (!budgets_.contains(id)) faults_.add("journal names a missing budget", "budget", id);
        for (const auto& [id, held] : budget_held_)
            if (!budgets_.contains(id)) faults_.add("holds name a missing budget", "budget", id);
    }

    void chain_end() {
        if (head_.entry != entries_.last_entry() || head_.hash != entries_.last_hash())
            faults_.add("the chain ends where its head says", "entry", head_.entry);
        if (resolved_.size() + report_.open_holds != head_.hold)
            faults_.add("every hold is open or resolved", "holds up to", head_.hold);
    }

    store::Db& db_;
    Faults faults_;
    EntryCheck entries_;
    VerifyReport report_;
    ChainHead head_;
    std::map<int64_t, Wide> held_, budget_held_;
    std::map<int64_t, Budget> budgets_;
    std::map<int64_t, std::string> currency_;
    std::map<std::string, Wide> balances_;
    std::set<int64_t> seen_;
    IdSet resolved_;
};
}  // namespace

Result<VerifyReport> Book::verify(store::Store& store) {
    VerifyReport report;
    TRYV(store.read_now([&](store::Db& db) -> Status {
        TRYV(db.script("BEGIN"));
        report = Check(db).run();
        return db.script("COMMIT");
    }));
    return report;
}

}  // namespace aig::ledger
