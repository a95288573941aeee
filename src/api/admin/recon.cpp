#include "api/admin/detail/recon.h"

#include <unordered_map>

#include "ledger/charges.h"
#include "records/margin.h"

namespace aig::api {
namespace {
constexpr int64_t day_us = 86'400'000'000;
constexpr size_t max_calls = 5'000'000, max_listed = 1'000;

/// What the journal has of one request.
struct Booked {
    int64_t nanos = 0;
    bool twice = false, seen = false, in_range = false;
};
}  // namespace

Result<Recon> reconcile_log(store::Db& db, int64_t from_us, int64_t to_us) {
    std::unordered_map<std::string, Booked> booked;
    Recon out;
    bool too_many = false;
    const auto differ = [&](std::string_view id, std::string what, int64_t log, int64_t ledger) {
        if (++out.differences <= static_cast<int64_t>(max_listed))
            out.listed.push_back({std::string(id), std::move(what), log, ledger});
    };
    // A call is settled when it ends: later than it started, but not by a day. So the journal is read a day further,
    // and the log a day earlier.
    TRYV(ledger::each_resolved(db, from_us, to_us + day_us, [&](const ledger::Resolved& r) {
        too_many |= booked.size() >= max_calls;
        if (too_many) return;
        auto [at, made] = booked.try_emplace(std::string(r.request_id));
        at->second.twice = !made;
        at->second.nanos += r.charged_nanos + r.overage_nanos;
        at->second.in_range = r.at_us < to_us;
        out.resolved += at->second.in_range;
    }));
    if (too_many)
        return Error(ErrorCode::bad_param, "These days have too many calls to compare at once: choose fewer.")
            .param("from");
    TRYV(records::each_cost(db, from_us - day_us, to_us, [&](const records::LoggedCost& c) {
        const bool in_range = c.started_us >= from_us;
        out.calls += in_range;
        const auto at = booked.find(std::string(c.request_id));
        if (at == booked.end()) {
            if (in_range && c.cost_nanos != 0) differ(c.request_id, "not in the ledger", c.cost_nanos, 0);
            return;
        }
        auto& b = at->second;
        b.seen = true;
        if (b.twice) return differ(c.request_id, "charged twice", c.cost_nanos, b.nanos);
        if (b.nanos != c.cost_nanos) differ(c.request_id, "other amount", c.cost_nanos, b.nanos);
    }));
    for (const auto& [id, b] : booked)
        if (!b.seen && b.in_range && b.nanos != 0) differ(id, "not in the log", 0, b.nanos);
    return out;
}

}  // namespace aig::api
