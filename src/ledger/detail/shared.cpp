#include "ledger/detail/shared.h"

#include "ledger/moves_store.h"

namespace aig::ledger {

Status Shared::load(store::Db& db) {
    TRY(auto table, sql::load_rates(db));
    publish(std::make_shared<const RateTable>(std::move(table)));
    TRY(auto budgets, sql::load_tag_budgets(db));
    publish(std::make_shared<const TagBudgets>(std::move(budgets)));
    return {};
}

}  // namespace aig::ledger
