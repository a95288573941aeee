// The free tier: so many calls of a model a UTC day and account cost nothing, until a day. The rules may be swapped
// while calls run; any thread. The counting is the book's (HoldRequest::free): in one transaction with the hold, so it
// is exact however many ask at once.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "ledger/budgets.h"

namespace aig::ledger {

struct FreeRule {
    std::string model;
    int64_t requests_per_day = 0;
    int64_t until_us = INT64_MAX;  ///< the first moment at which it no longer holds
};

class FreeTier {
  public:
    FreeTier() = default;
    explicit FreeTier(std::vector<FreeRule> rules) { set(std::move(rules)); }
    void set(std::vector<FreeRule> rules);
    /// What to put into HoldRequest::free; nothing for most calls.
    std::optional<BudgetRef> use(AccountId account, std::string_view model, int64_t at_us) const;

  private:
    using Rules = std::vector<FreeRule>;
    std::atomic<std::shared_ptr<const Rules>> rules_{std::make_shared<const Rules>()};
    std::atomic<bool> any_{false};  // looked at first: most deployments have none
};

/// "2026-04-30" -> the end of that UTC day; bad_param otherwise.
Result<int64_t> end_of_day_us(std::string_view date);

}  // namespace aig::ledger
