#include "ledger/detail/vault.h"

#include <cstring>

#include "ledger/ledger_store.h"

namespace aig::ledger {
namespace {
constexpr size_t max_in_memory = 250'000;
}  // namespace

Wallet* Purse::find(int64_t wallet) {
    for (auto& w : wallets)
        if (w.id == wallet) return &w;
    return nullptr;
}
int64_t Purse::available(int64_t at_us) const {
    int64_t sum = 0;
    for (const auto& w : wallets)
        if (w.spendable(at_us)) sum += w.available();
    return sum;
}
int64_t Purse::balance(int64_t at_us) const {
    int64_t sum = 0;
    for (const auto& w : wallets)
        if (!w.bonus || w.spendable(at_us)) sum += w.credits - w.debits;
    return sum;
}
int64_t Purse::credits() const {
    int64_t sum = 0;
    for (const auto& w : wallets) sum += w.credits;
    return sum;
}
WalletView Purse::view(int64_t at_us) const {
    WalletView v;
    v.currency = currency;
    for (const auto& w : wallets) {
        if (w.bonus && !w.spendable(at_us)) continue;
        v.credits_nanos += w.credits;
        v.debits_nanos += w.debits;
        v.held_nanos += w.held;
        if (w.bonus) v.bonus_nanos += w.available();
    }
    v.frozen = !wallets.empty() && !wallets.back().active;
    v.balance_nanos = v.credits_nanos - v.debits_nanos;
    v.available_nanos = v.balance_nanos - v.held_nanos;
    return v;
}

Status Vault::load(store::Db& db) {
    purses_.clear();
    budgets_.clear();
    budgets_by_id_.clear();
    holds_.clear();
    dirty_wallets_.clear();
    dirty_budgets_.clear();
    TRYV(journal_.load(db));
    brakes_.undo();
    TRY(const int64_t open, sql::count_open_holds(db));
    open_count_ = open;
    return {};
}

Result<Purse*> Vault::purse(store::Db& db, int64_t account) {
    if (const auto it = purses_.find(account); it != purses_.end()) return &it->second;
    TRY(auto loaded, sql::load_purse(db, account));
    if (loaded.wallets.empty()) return static_cast<Purse*>(nullptr);
    return &purses_.emplace(account, std::move(loaded)).first->second;
}

Status Vault::forget(store::Db& db, int64_t account) {
    TRYV(flush_wallets(db));
    purses_.erase(account);
    return {};
}

Result<Budget*> Vault::budget(store::Db& db, const BudgetRef& ref) {
    char subject[sizeof ref.subject];
    std::memcpy(subject, &ref.subject, sizeof subject);
    key_.assign(1, static_cast<char>(ref.subject_kind)).append(subject, sizeof subject).append(ref.period);
    if (const auto it = budgets_.find(key_); it != budgets_.end()) return &it->second;
    TRY(auto loaded, sql::load_budget(db, ref));
    loaded.counts = ref.subject_kind == subject_free;
    auto* b = &budgets_.emplace(key_, loaded).first->second;
    if (b->id) budgets_by_id_.emplace(b->id, b);
    return b;
}
Result<Budget*> Vault::budget(store::Db& db, int64_t id) {
    if (const auto it = budgets_by_id_.find(id); it != budgets_by_id_.end()) return it->second;
    TRY(const auto ref, sql::budget_ref(db, id));
    return budget(db, ref);
}
Status Vault::store_budget(store::Db& db, const BudgetRef& ref, Budget& b) {
    if (b.id) return {};
    TRY(b.id, sql::insert_budget(db, ref));
    budgets_by_id_.emplace(b.id, &b);
    return {};
}

Result<OpenHold*> Vault::open_hold(store::Db& db, int64_t id) {
    if (const auto it = holds_.find(id); it != holds_.end()) return &it->second;
    TRY(auto loaded, sql::load_hold(db, id));
    if (!loaded) return static_cast<OpenHold*>(nullptr);
    return &holds_.emplace(id, std::move(*loaded)).first->second;
}
OpenHold& Vault::add(int64_t id) {
    open_count_.fetch_add(1, std::memory_order_relaxed);
    OpenHold& hold = holds_[id];
    hold.id = id;
    return hold;
}
void Vault::remove(int64_t hold) {
    open_count_.fetch_sub(1, std::memory_order_relaxed);
    holds_.erase(hold);
}

void Vault::touch(Wallet& wallet) {
    if (!std::exchange(wallet.dirty, true)) dirty_wallets_.push_back(&wallet);
}
void Vault::touch(Budget& budget) {
    if (!std::exchange(budget.dirty, true)) dirty_budgets_.push_back(&budget);
}

Status Vault::flush_wallets(store::Db& db) {
    for (auto* w : dirty_wallets_) {
        w->dirty = false;
        TRYV(sql::save_wallet(db, *w));
    }
    dirty_wallets_.clear();
    return {};
}
Status Vault::flush_budgets(store::Db& db) {
    for (auto* b : dirty_budgets_) {
        b->dirty = false;
        TRYV(sql::save_budget(db, *b));
    }
    dirty_budgets_.clear();
    return {};
}

Status Vault::flush(store::Db& db) {
    TRYV(flush_wallets(db));
    TRYV(flush_budgets(db));
    return journal_.flush(db);
}

void Vault::trim() {
    if (purses_.size() > max_in_memory && dirty_wallets_.empty()) purses_.clear();
    if (budgets_.size() > max_in_memory && dirty_budgets_.empty()) {
        budgets_by_id_.clear();
        budgets_.clear();
    }
}

}  // namespace aig::ledger
