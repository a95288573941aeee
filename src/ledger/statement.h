// A day's statement of an account: what it had, what moved, what it has, and the chain's hash at the end of the day,
// signed with the node's Ed25519 key. Who keeps a statement can show later that the books of that day were others.
//
// A UTC day is closed once it has ended: its entries are those up to its last one, whatever the clock did since.
// Blocking; not on a loop, but for close_ended_days() any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "store/store.h"

namespace aig::ledger {

/// The node's signing key: data_dir/node.key, 0600, made when missing.
class NodeKey {
  public:
    static Result<NodeKey> open(const std::string& path);
    std::string sign(std::string_view text) const;
    const std::string& public_key() const { return public_; }  ///< 32 bytes

  private:
    std::string secret_, public_;
};
bool signature_fits(std::string_view text, std::string_view signature, std::string_view public_key);

struct Statement {
    AccountId account;
    int64_t day = 0;        ///< days since 1970, UTC
    std::string body;       ///< the signed text: one JSON object
    std::string signature;  ///< 64 bytes
    std::string node_key;   ///< the public key that checks it
};

/// What of an account's day the ledger does not know and its usage.daily.summary says all the same: finished JSON
/// members.
using DayDetail = std::function<Result<std::string>(store::Db& db, AccountId account, int64_t day)>;

/// Closes every day that has ended: one statement an account whose money moved on it, and its usage.daily.summary.
/// Gives the number of days closed. Called by one thread at a time.
Result<int64_t> close_ended_days(store::Store& store, const NodeKey& key, int64_t now_us, const DayDetail& detail = {});

/// The account's statement of a day; of one on which nothing moved, resource_not_found.
Result<Statement> statement(store::Db& db, AccountId account, int64_t day);
/// Newest first, from before `before` (0 = the newest).
Result<std::vector<Statement>> statements(store::Db& db, AccountId account, int64_t before, int64_t limit);
/// Made again from the entries and compared, and its signature checked: what is wrong with it, "" when nothing is.
Result<std::string> check_statement(store::Db& db, const Statement& statement);
/// For verify: closed days against the chain, statements against their signatures and each other.
Status check_statements(store::Db& db, std::vector<std::string>& faults);

/// "2026-11-21" <-> days since 1970.
Result<int64_t> day_number(std::string_view date);
std::string day_text(int64_t day);

}  // namespace aig::ledger
