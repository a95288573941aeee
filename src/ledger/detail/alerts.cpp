#include "ledger/detail/alerts.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/money.h"
#include "ledger/ledger_store.h"
#include "ledger/moves_store.h"

namespace aig::ledger {
namespace {

int64_t low_of(const Vault& vault, const Purse& purse) {
    return purse.low.value_or(vault.options().alerts.balance_low_nanos);
}

store::Event balance_event(std::string type, const Purse& purse, int64_t balance, int64_t low, int64_t at_us) {
    std::string data;
    JsonWriter w(data);
    w.begin_object().field_raw("balance_cents", cents_number(balance)).field("currency", purse.currency);
    if (type == "balance.low") w.field_raw("threshold_cents", cents_number(low));
    w.end_object();
    // Once a top-up: what was paid in only grows.
    return {std::move(type), AccountId{purse.account}, fmt::format("{}", purse.credits()), std::move(data), at_us};
}

Status tell_balance(const Vault& vault, store::Db& db, const Purse& purse, int64_t charged, int64_t at_us) {
    const int64_t low = low_of(vault, purse), after = purse.balance(at_us), before = after + charged;
    if (before > low && after <= low && low > 0)
        TRYV(store::emit(db, balance_event("balance.low", purse, after, low, at_us)));
    if (after <= 0 && before > 0) TRYV(store::emit(db, balance_event("balance.exhausted", purse, after, low, at_us)));
    return {};
}

/// Who the budget is of, for the reader of an event.
Status write_subject(JsonWriter& w, store::Db& db, const BudgetRef& ref) {
    if (ref.subject_kind == subject_key) w.field("key_id", to_text(KeyId{ref.subject}));
    if (ref.subject_kind == subject_sub_account) w.field("sub_account_id", to_text(SubAccountId{ref.subject}));
    if (ref.subject_kind == subject_tag) {
        TRY(const auto tag, sql::tag_of_budget(db, ref.subject));
        w.field("tag", tag);
    }
    return {};
}

Result<store::Event> budget_event(std::string type, store::Db& db, const Purse& purse, const BudgetRef& ref,
                                  std::string_view cap_name, int64_t threshold, int64_t spent, int64_t at_us) {
    std::string data;
    JsonWriter w(data);
    w.begin_object();
    TRYV(write_subject(w, db, ref));
    w.field("period", ref.period).field_raw(cap_name, cents_number(threshold));
    w.field_raw("spent_cents", cents_number(spent)).field("currency", purse.currency).end_object();
    auto dedupe = fmt::format("{}/{}/{}/{}", ref.subject_kind, ref.subject, ref.period, threshold);
    return store::Event{std::move(type), AccountId{purse.account}, std::move(dedupe), std::move(data), at_us};
}

int64_t part_of(int64_t cap, int64_t percent) {
    return static_cast<int64_t>(static_cast<__int128>(cap) * percent / 100);
}

Status tell_budget(const Vault& vault, store::Db& db, const Purse& purse, const Budget& budget, int64_t cap,
                   int64_t charged, int64_t at_us) {
    const int64_t before = budget.spent - charged;
    for (const int64_t percent : vault.options().alerts.budget_percents) {
        // Without a division while nothing is crossed: every charge comes through here.
        const __int128 limit = static_cast<__int128>(cap) * percent;
        if (static_cast<__int128>(budget.spent) * 100 < limit || static_cast<__int128>(before) * 100 >= limit) continue;
        const int64_t threshold = part_of(cap, percent);
        TRY(const auto ref, sql::budget_ref(db, budget.id));
        TRY(const auto told, budget_event("usage.threshold.exceeded", db, purse, ref, "threshold_cents", threshold,
                                          budget.spent, at_us));
        TRYV(store::emit(db, told));
    }
    if (before >= cap || budget.spent < cap) return {};
    TRY(const auto ref, sql::budget_ref(db, budget.id));
    if (ref.subject_kind != subject_sub_account) return {};
    TRY(const auto told,
        budget_event("subaccount.spend.exceeded", db, purse, ref, "spend_cap_cents", cap, budget.spent, at_us));
    return store::emit(db, told);
}

}  // namespace

Status tell_charged(Vault& vault, store::Db& db, const OpenHold& hold, const Purse& purse, const Budgets& budgets,
                    int64_t charged, int64_t at_us) {
    if (charged <= 0) return {};
    TRYV(tell_balance(vault, db, purse, charged, at_us));
    for (size_t i = 0; i < budgets.size(); ++i)
        if (!budgets[i]->counts)
            TRYV(tell_budget(vault, db, purse, *budgets[i], hold.body.budgets[i].cap, charged, at_us));
    return {};
}

/// Only what a top-up would cure: a rich wallet that cannot pay one huge call is not exhausted.
std::optional<store::Event> refused_for_money(const Vault& vault, Purse& purse, int64_t at_us) {
    const int64_t balance = purse.balance(at_us), low = low_of(vault, purse), credits = purse.credits();
    if (purse.told_exhausted_at == credits || (low > 0 ? balance > low : balance > credits / 20)) return {};
    purse.told_exhausted_at = credits;
    return balance_event("balance.exhausted", purse, balance, low, at_us);
}

std::optional<store::Event> refused_for_budget(store::Db& db, const Purse& purse, const BudgetRef& ref, Budget& budget,
                                               int64_t at_us) {
    if (ref.subject_kind != subject_sub_account || budget.told) return {};
    auto told = budget_event("subaccount.spend.exceeded", db, purse, ref, "spend_cap_cents", ref.cap_nanos,
                             budget.spent, at_us);
    if (!told) return {};
    budget.told = true;
    return *std::move(told);
}

}  // namespace aig::ledger
