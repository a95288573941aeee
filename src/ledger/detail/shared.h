// What the writer publishes for any thread to read: exchange rates and budgets of tags. Whole snapshots, swapped when
// their change is durable.
#pragma once

#include <atomic>
#include <memory>

#include "ledger/budgets.h"
#include "ledger/rates.h"

namespace aig::ledger {

struct Shared {
    std::atomic<RatesPtr> rates{std::make_shared<RateTable>()};
    std::atomic<TagBudgetsPtr> tags{std::make_shared<TagBudgets>()};
    std::atomic<bool> any_tags{false};  ///< looked at first: most deployments have none

    void publish(RatesPtr table) { rates.store(std::move(table)); }
    void publish(TagBudgetsPtr table) {
        any_tags.store(!table->empty(), std::memory_order_relaxed);
        tags.store(std::move(table));
    }
    Status load(store::Db& db);
};

}  // namespace aig::ledger
