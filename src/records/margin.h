// What the deployment earned: per day, model, provider or account what callers were charged, what it cost the operator,
// and the difference. Sums of the request log, exact; what wallets could not pay and what failed calls cost comes from
// the journal, by request id. Reads the log of the range from end to end: on a reader.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "store/db.h"

namespace aig::records {

/// By what the sums are split; what is not chosen is "" or 0 in every row.
struct MarginBy {
    bool day = true, model = true, provider = false, account = false;
};

/// What the journal says about a call beyond its record.
struct Beyond {
    int64_t overage_nanos = 0, loss_nanos = 0;
    std::optional<int64_t> usd_nanos;  ///< its cost before the exchange rate, when the wallet is not in USD
};
using BeyondByRequest = std::unordered_map<std::string, Beyond>;

struct MarginRow {
    int64_t day = -1;  ///< days since 1970, UTC, of the calls' start; -1 = all
    std::string model, provider, currency;
    AccountId account;
    int64_t calls = 0, failed = 0;
    int64_t charged_nanos = 0, overage_nanos = 0;  ///< in `currency`: what was paid, and what of the price was not
    int64_t charged_usd_nanos = 0;                 ///< what was paid, before the exchange rate
    int64_t operator_cost_nanos = 0;               ///< USD, of all calls, where targets have a cost
    int64_t operator_loss_nanos = 0;               ///< of that, for calls nobody paid
    int64_t without_rate = 0;  ///< calls in another currency whose USD amount is not known: not in charged_usd
    int64_t margin_nanos() const { return charged_usd_nanos - operator_cost_nanos; }
};

/// Of the calls that started in [from_us, to_us), in the order of the chosen members; bad_param when there would be
/// more than `most` rows.
Result<std::vector<MarginRow>> margin(store::Db& db, int64_t from_us, int64_t to_us, MarginBy by,
                                      const BeyondByRequest& beyond, size_t most);

/// The request log's own word on each call that started in [from_us, to_us).
struct LoggedCost {
    std::string_view request_id;  ///< lives as long as the call of `see`
    int64_t started_us = 0, cost_nanos = 0;
};
Status each_cost(store::Db& db, int64_t from_us, int64_t to_us, const std::function<void(const LoggedCost&)>& see);

}  // namespace aig::records
