// The request log: one row a finished call, without prompts or answers; written in the same transaction as the charge.
// Reports and balances' "today / this month" read it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "store/store.h"

namespace aig::records {

struct CallRecord {
    std::string request_id, correlation_id;
    AccountId account;
    KeyId key;
    SubAccountId sub_account;  ///< 0 = the account itself
    std::string model, provider, upstream_model, operation, tag, error_code, losses, stop_reason;
    int64_t started_us = 0, duration_us = 0, first_byte_us = 0;  ///< first_byte 0 = none
    int status = 0, attempts = 0;
    bool streamed = false, estimated = false, lossless = false;
    int64_t input = 0, cached_input = 0, cache_write = 0, output = 0, reasoning = 0;
    int64_t cost_nanos = 0;           ///< in the wallet's currency
    int64_t operator_cost_nanos = 0;  ///< USD, what the provider takes for it; 0 where targets have no cost
};

/// Composed into the batch of the settlement or the release.
std::unique_ptr<store::Op> record(std::unique_ptr<CallRecord> call);
inline std::unique_ptr<store::Op> record(CallRecord call) {
    return record(std::make_unique<CallRecord>(std::move(call)));
}

/// The newest calls of an account (0 = all accounts), or of one of its sub-accounts, newest first.
Result<std::vector<CallRecord>> recent(store::Db& db, AccountId account, int64_t limit, SubAccountId sub_account = {});
struct Spend {
    int64_t cost_nanos = 0, calls = 0, input = 0, output = 0;
};
/// Sums over [from_us, to_us) of an account, and of one key when given.
Result<Spend> spend(store::Db& db, AccountId account, KeyId key, int64_t from_us, int64_t to_us);

/// Empties what an account's calls were named by: correlation ids and tags. On the writer.
Status forget_names(store::Db& db, AccountId account);

}  // namespace aig::records
