// GET /portal/api/transactions, …/usage, …/statement.
#pragma once

#include "api/portal/detail/call.h"

namespace aig::api {

/// One line of the account's history.
struct Transaction {
    std::string_view type;  ///< "usage", "deposit", "coupon", "refund", "adjustment", "expiry", "payout"
    std::string id, about;
    int64_t amount_nanos = 0, at_us = 0;
    bool bonus = false;
};
/// Where a page ended in both of the lists that a history is made of.
struct HistoryCursor {
    int64_t entry = 0, started_us = 0, call = 0;
};
/// At most `limit`, newest first; `cursor` moves behind them. Empty at the end.
Result<std::vector<Transaction>> history(store::Db& db, AccountId account, HistoryCursor& cursor, int64_t limit);
void write_transaction(JsonWriter& w, const Transaction& t, std::string_view currency);

Result<PortalReply> list_transactions(Call& call);
Result<PortalReply> portal_usage(Call& call);
Result<PortalReply> portal_statement(Call& call);

}  // namespace aig::api
