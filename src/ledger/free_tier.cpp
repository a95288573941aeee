#include "ledger/free_tier.h"

#include <charconv>
#include <chrono>

namespace aig::ledger {

void FreeTier::set(std::vector<FreeRule> rules) {
    any_.store(!rules.empty(), std::memory_order_relaxed);
    rules_.store(std::make_shared<const Rules>(std::move(rules)));
}

std::optional<BudgetRef> FreeTier::use(AccountId account, std::string_view model, int64_t at_us) const {
    if (!any_.load(std::memory_order_relaxed)) return {};
    const auto rules = rules_.load();
    for (const auto& rule : *rules) {
        if (rule.model != model || at_us >= rule.until_us) continue;
        return BudgetRef{subject_free, account.value, budget_period("day", at_us) + "/" + rule.model,
                         rule.requests_per_day};
    }
    return {};
}

Result<int64_t> end_of_day_us(std::string_view date) {
    const auto bad = [] { return Error(ErrorCode::bad_param, "must be a day like 2026-04-30"); };
    if (date.size() != 10 || date[4] != '-' || date[7] != '-') return bad();
    const auto number = [&](size_t at, size_t size) {
        int value = -1;
        const auto* end = date.data() + at + size;
        const auto [stop, error] = std::from_chars(date.data() + at, end, value);
        return error == std::errc{} && stop == end ? value : -1;
    };
    const int year = number(0, 4), month = number(5, 2), day = number(8, 2);
    if (year < 2000 || month < 1 || day < 1) return bad();
    const std::chrono::year_month_day ymd{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                          std::chrono::day(static_cast<unsigned>(day))};
    if (!ymd.ok()) return bad();
    const auto next = std::chrono::sys_days(ymd).time_since_epoch() + std::chrono::days(1);
    return std::chrono::duration_cast<std::chrono::microseconds>(next).count();
}

}  // namespace aig::ledger
