#include "records/charges.h"

#include <algorithm>

#include "records/detail/call_pages.h"

namespace aig::records {

Result<std::vector<Charged>> charges(store::Db& db, AccountId account, ChargeCursor behind, int64_t limit) {
    Newest which{account, {}};
    if (behind.started_us) which.behind = behind;
    which.least_cost = 1;
    which.limit = static_cast<size_t>(std::clamp<int64_t>(limit, 1, 100'000));
    TRY(auto calls, newest_calls(db, which));
    std::vector<Charged> out;
    for (auto& [id, c] : calls)
        out.push_back(
            {{c.started_us, id}, c.key, std::move(c.request_id), std::move(c.model), std::move(c.tag), c.cost_nanos});
    return out;
}

}  // namespace aig::records
