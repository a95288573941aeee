// When an account is told: events of thresholds, written in the transaction that crosses them. While none is crossed
// they cost a few comparisons and no statement. Writer thread only.
#pragma once

#include <optional>
#include <vector>

#include "ledger/detail/vault.h"
#include "store/outbox.h"

namespace aig::ledger {

/// After a charge: balance.low, balance.exhausted, usage.threshold.exceeded, subaccount.spend.exceeded.
Status tell_charged(Vault& vault, store::Db& db, const OpenHold& hold, const Purse& purse, const Budgets& budgets,
                    int64_t charged, int64_t at_us);

/// A refusal writes nothing; what it gives is committed on its own, once a top-up or period.
std::optional<store::Event> refused_for_money(const Vault& vault, Purse& purse, int64_t at_us);
std::optional<store::Event> refused_for_budget(store::Db& db, const Purse& purse, const BudgetRef& ref, Budget& budget,
                                               int64_t at_us);

}  // namespace aig::ledger
