// Spend caps of tags, kept per account, and the names of budget periods. TagBudgets is immutable and shared: any
// thread; a call whose account has none pays one look-up in an empty map.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "store/db.h"

namespace aig::ledger {

/// Whose budget a BudgetRef is.
constexpr uint8_t subject_key = 1, subject_sub_account = 2, subject_tag = 3;
/// Counts calls instead of money: the free tier's, of an account.
constexpr uint8_t subject_free = 4;

/// A spend cap that a hold must fit into as well: key, sub-account or tag, for one period ("2026-11", "" = for ever).
struct BudgetRef {
    uint8_t subject_kind = 0;
    int64_t subject = 0;
    std::string period{};
    int64_t cap_nanos = 0;
};

/// "day" -> "2026-11-21", "month" -> "2026-11", "" -> "": the period a call of that moment counts in.
std::string budget_period(std::string_view period, int64_t at_us);
bool is_budget_period(std::string_view period);

struct TagBudget {
    int64_t id = 0;  ///< the subject of its BudgetRef
    AccountId account;
    std::string tag, period;  ///< period: "day" | "month" | ""
    int64_t cap_nanos = 0;
    /// The budget a call of that moment must fit into.
    BudgetRef at(int64_t at_us) const { return {subject_tag, id, budget_period(period, at_us), cap_nanos}; }
};
using TagBudgets = std::map<std::pair<int64_t, std::string>, TagBudget>;  ///< by account and tag
using TagBudgetsPtr = std::shared_ptr<const TagBudgets>;

/// The account's, by tag.
Result<std::vector<TagBudget>> tag_budgets(store::Db& db, AccountId account);

}  // namespace aig::ledger
