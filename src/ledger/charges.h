// How holds were resolved, read back from the journal: what each call was charged, what its wallet could not pay, what
// it cost the operator. For reports and reconciliation, on a reader; the journal is the truth that other books are
// compared with.
#pragma once

#include <functional>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "store/db.h"

namespace aig::ledger {

struct Resolved {
    std::string_view request_id;  ///< lives as long as the call of `see`
    AccountId account;
    int64_t entry = 0;  ///< its first
    int64_t at_us = 0;
    bool voided = false;
    int64_t charged_nanos = 0;  ///< taken from wallets
    int64_t overage_nanos = 0;  ///< of its cost, what they could not pay
    int64_t loss_nanos = 0;     ///< USD: what a voided call costs the operator all the same
    /// The cost before the exchange rate that was pinned, rounded up; the cost itself where there was none.
    int64_t usd_nanos = 0;
    bool exchanged = false;  ///< a rate was pinned
};

/// Every hold that was resolved in [from_us, to_us), in the journal's order. storage_unavailable when an entry cannot
/// be read: `aig ledger verify` names it.
Status each_resolved(store::Db& db, int64_t from_us, int64_t to_us, const std::function<void(const Resolved&)>& see);

/// The first entry of an account's charge for a request of ours; 0 when there is none. The request's id tells when it
/// began, so that only the entries of the days around it are read.
Result<int64_t> charge_of(store::Db& db, AccountId account, std::string_view request_id);

}  // namespace aig::ledger
