#include "ledger/budgets.h"

#include "base/time.h"

namespace aig::ledger {

std::string budget_period(std::string_view period, int64_t at_us) {
    if (period == "day") return utc_day(at_us);
    if (period == "month") return utc_month(at_us);
    return {};
}
bool is_budget_period(std::string_view period) { return period.empty() || period == "day" || period == "month"; }

}  // namespace aig::ledger
