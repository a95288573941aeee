// Re-checks the books by reading them once, in one snapshot. Sums are kept in 128 bits: a damaged row must not overflow
// the check.
#include <fmt/format.h>

#include <map>
#include <set>

#include "ledger/ledger_store.h"

namespace aig::ledger {
namespace {
using Wide = __int128;
constexpr size_t max_faults = 100;

class Check {
  public:
    VerifyReport run(store::Db& db) {
        auto head = sql::load_head(db);
        if (head)
            head_ = *std::move(head);
        else
            note(head.error());
        note(sql::each_entry(db, [this](const auto& e) { entry(e); }));
        close_charge();
        note(sql::each_hold(db, [this](int64_t id, Result<OpenHold> h) { open_hold(id, std::move(h)); }));
        note(sql::each_wallet(db, [this](const auto& w) { wallet(w); }));
        for (const auto& [id, sums] : wallets_)
            if (!sums.seen) fault("journal names a missing wallet", "wallet", id);
        note(sql::each_budget(db, [this](const auto& b) { budget(b); }));
        for (const auto& [id, sums] : budgets_)
            if (!sums.seen) fault("journal names a missing budget", "budget", id);
        if (balance_ != money_in_ - money_out_) fault("money in - money out = sum of wallets", "all wallets", 0);
        chain_end();
        report_.ok = report_.faults.empty();
        return std::move(report_);
    }

  private:
    struct Sums {
        Wide credits = 0, debits = 0, held = 0;
        bool seen = false;
    };
    /// The usage entries and overage of one settled hold, which follow one another.
    struct Charge {
        int64_t hold = 0, first = 0, cost = 0;
        Wide taken = 0, overage = 0;
        std::vector<int64_t> budgets;
    };

    void fault(std::string_view invariant, std::string_view row, int64_t id) {
        if (report_.faults.size() < max_faults) report_.faults.push_back(fmt::format("{}: {} {}", invariant, row, id));
    }
    void note(Status s) {
        if (!s) report_.faults.push_back("reading failed: " + s.error().message());
    }

    void entry(const sql::StoredEntry& s) {
        const Entry& e = s.entry;
        ++report_.entries;
        if (e.id != last_entry_ + 1) fault("entries are numbered without a gap", "entry", e.id);
        if (bytes_of(hasher_.hash(last_hash_, e)) != s.hash) fault("hash chain unbroken", "entry", e.id);
        last_entry_ = e.id;
        last_hash_.assign(s.hash);
        if (!known_kind(s.kind)) return fault("entries have a known kind", "entry", e.id);
        if (e.amount < 0) fault("amounts are not negative", "entry", e.id);
        move(e);
        if (e.kind == EntryKind::usage) return usage(e);
        if (e.kind == EntryKind::overage) return overage(e);
        close_charge();
        if (e.kind == EntryKind::void_) {
            if (e.amount != 0) fault("a void moves nothing", "entry", e.id);
            resolve(e);
        }
    }

    void move(const Entry& e) {
        if (credits_wallet(e.kind)) wallets_[e.wallet].credits += e.amount, money_in_ += e.amount;
        if (debits_wallet(e.kind)) wallets_[e.wallet].debits += e.amount, money_out_ += e.amount;
        if (e.kind >= EntryKind::overage && e.wallet != 0) fault("a memo moves no wallet", "entry", e.id);
    }

    void resolve(const Entry& e) {
        if (!resolved_.insert(e.hold, head_.hold)) fault("each hold is resolved at most once", "entry", e.id);
    }

    void usage(const Entry& e) {
        if (charge_.hold == e.hold && charge_.hold) {
            charge_.taken += e.amount;
            return follower(e);
        }
        close_charge();
        resolve(e);
        charge_ = {e.hold, e.id, 0, e.amount, 0, {}};
        auto body = decode_usage(e.body);
        if (!body) return fault("usage bodies can be read", "entry", e.id);
        charge_.cost = body->cost;
        charge_.budgets = std::move(body->budgets);
        const auto priced = charge_nanos(body->lines, body->ratio);
        if (!priced || *priced != body->cost) fault("every charge re-priced gives its cost", "entry", e.id);
    }
    void overage(const Entry& e) {
        if (charge_.hold != e.hold || !charge_.hold) return fault("overage follows its charge", "entry", e.id);
        charge_.overage += e.amount;
        follower(e);
    }
    void follower(const Entry& e) {
        const auto first = decode_follower(e.body);
        if (!first || *first != charge_.first) fault("parts of a charge name its first entry", "entry", e.id);
    }
    void close_charge() {
        if (!charge_.hold) return;
        if (charge_.taken + charge_.overage != charge_.cost) fault("charged + overage = cost", "entry", charge_.first);
        for (const int64_t b : charge_.budgets) budgets_[b].debits += charge_.taken;
        charge_ = {};
    }

    void open_hold(int64_t id, Result<OpenHold> hold) {
        ++report_.open_holds;
        if (id > head_.hold) fault("holds are numbered up to the head's", "hold", id);
        if (resolved_.contains(id)) fault("an open hold has no resolution", "hold", id);
        if (!hold) return fault("holds can be read", "hold", id);
        Wide parts = 0;
        for (const auto& p : hold->body.parts) {
            parts += p.amount;
            wallets_[p.wallet].held += p.amount;
            if (p.amount < 0) fault("held parts are not negative", "hold", id);
        }
        if (parts != hold->amount) fault("a hold's parts add up to it", "hold", id);
        for (const auto& b : hold->body.budgets) budgets_[b.budget].held += hold->amount;
    }

    void wallet(const sql::StoredWallet& s) {
        const Wallet& w = s.wallet;
        ++report_.wallets;
        auto& sums = wallets_[w.id];
        sums.seen = true;
        if (sums.credits != w.credits || sums.debits != w.debits) fault("wallet counters = journal", "wallet", w.id);
        if (sums.held != w.held) fault("held = sum of open holds", "wallet", w.id);
        const Wide balance = Wide{w.credits} - w.debits;
        if (balance - w.held < 0) fault("available is not negative", "wallet", w.id);
        balance_ += balance;
    }
    void budget(const Budget& b) {
        auto& sums = budgets_[b.id];
        sums.seen = true;
        if (sums.debits != b.spent) fault("budget spent = journal", "budget", b.id);
        if (sums.held != b.held) fault("budget held = sum of open holds", "budget", b.id);
    }

    void chain_end() {
        if (head_.entry != last_entry_ || head_.hash != last_hash_)
            fault("the chain ends where its head says", "entry", head_.entry);
        if (resolved_.size() + report_.open_holds != head_.hold)
            fault("every hold is open or resolved", "holds up to", head_.hold);
    }

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

    VerifyReport report_;
    EntryHasher hasher_;
    std::string last_hash_;
    ChainHead head_;
    int64_t last_entry_ = 0;
    Wide money_in_ = 0, money_out_ = 0, balance_ = 0;
    std::map<int64_t, Sums> wallets_, budgets_;
    IdSet resolved_;
    Charge charge_;
};
}  // namespace

Result<VerifyReport> Book::verify(store::Store& store) {
    VerifyReport report;
    TRYV(store.read_now([&](store::Db& db) -> Status {
        TRYV(db.script("BEGIN"));
        report = Check().run(db);
        return db.script("COMMIT");
    }));
    return report;
}

}  // namespace aig::ledger
