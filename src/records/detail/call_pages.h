// The request log's pages: the calls of one transaction as one row of call_page, and a small row for each account in
// it. Calls that were logged before there were pages are rows of `call`: whoever reads the log reads both.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "records/charges.h"
#include "records/records.h"
#include "store/rows.h"

namespace aig::records {

constexpr size_t max_text = 512;
/// Texts of callers and providers are cut.
inline std::string_view clip(const std::string& text) { return std::string_view(text).substr(0, max_text); }

/// Writes the calls of a transaction. Writer thread only.
class CallPages {
  public:
    /// May put them into another order.
    Status write(store::Db& db, std::vector<const CallRecord*>& calls);
    /// What is known of the database: a transaction is rolled back.
    void forget() { last_id_.reset(); }

  private:
    using Calls = std::span<const CallRecord* const>;
    struct Owner {
        int64_t account, sub_account, last_us;
    };
    Status write_page(store::Db& db, Calls calls, int64_t first_id);
    Status write_owners(store::Db& db, int64_t page);
    void own(const CallRecord& call);
    store::RowsWriter rows_{26};
    std::vector<Owner> owners_;
    std::optional<int64_t> last_id_;
};

/// Pages have the calls of one hour (UTC): those that started before `us` are in pages whose newest call started before
/// the end of the hour of us - 1.
int64_t end_of_hour(int64_t us);

/// SQL: the calls `c` of call_paged, of whatever account, that started in [?1, ?2), with ?3 = end_of_hour(?2 - 1). The
/// accounts in the log are found by skipping from one to the next, and of each only the pages of that time are read.
#define CALLS_IN_PAGES                                                                                                 \
    "call_paged c WHERE c.page IN (WITH RECURSIVE who(id) AS (SELECT MIN(account_id) FROM call_page_account UNION "    \
    "ALL "                                                                                                             \
    "SELECT (SELECT MIN(n.account_id) FROM call_page_account n WHERE n.account_id > who.id) FROM who WHERE who.id IS " \
    "NOT NULL) SELECT a.page FROM call_page_account a WHERE a.account_id IN (SELECT id FROM who WHERE id IS NOT "      \
    "NULL) "                                                                                                           \
    "AND a.last_us >= ?1 AND a.last_us < ?3) AND c.started_us >= ?1 AND c.started_us < ?2"

struct StoredCall {
    int64_t id = 0;
    CallRecord call;
};
/// Which calls, newest first: of an account, or of one of its sub-accounts.
struct Newest {
    AccountId account;
    SubAccountId sub_account;
    ChargeCursor behind{INT64_MAX, INT64_MAX};
    int64_t least_cost = 0;
    size_t limit = 0;
};
/// Reads about as many pages as it gives calls at most, and those whose calls all cost less than `least_cost`.
Result<std::vector<StoredCall>> newest_calls(store::Db& db, const Newest& which);
/// Of all accounts, in the order they were logged, the last one first.
Result<std::vector<StoredCall>> last_calls(store::Db& db, size_t limit);

std::span<const char* const> call_page_statements();

}  // namespace aig::records
