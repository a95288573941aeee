// Holds of calls in pages: those of one transaction are one row of hold_page, and resolving them clears bits of it. A
// hold that is extended leaves its page and becomes a row of open_hold; the holds of jobs always are rows.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "ledger/detail/vault.h"
#include "store/rows.h"

namespace aig::ledger::sql {

/// Null when there is no page with it, or its bit is clear.
Result<std::optional<OpenHold>> load_paged_hold(store::Db& db, int64_t id);
Result<int64_t> count_paged_holds(store::Db& db);
/// Ids of open holds after `after`, ascending, at most `limit`.
Result<std::vector<int64_t>> paged_holds_behind(store::Db& db, int64_t after, int64_t limit);
/// `see` gets the error of a hold that cannot be read.
Status each_paged_hold(store::Db& db, const std::function<void(int64_t id, Result<OpenHold>)>& see);

/// What a transaction changes in pages. Writer thread only.
class HoldPages {
  public:
    /// Gives the page it stands in: the number of its first hold.
    int64_t add(const OpenHold& hold, std::string_view body);
    /// Its hold is resolved, or leaves for a row. That it was open is seen when it is written.
    void clear(int64_t page, int64_t hold);
    bool empty() const { return made_ == 0 && changes_.empty(); }
    Status flush(store::Db& db);
    /// What was gathered, and what is known of the database.
    void drop();

  private:
    struct Page {
        int64_t first = 0, count = 0;
        uint64_t open = 0;
        store::RowsWriter rows{4};
    };
    struct Change {
        int64_t page;
        uint64_t bits;
    };
    Page& page_for(int64_t hold);
    Status write(store::Db& db, Page& page);
    Status change(store::Db& db, const Change& change);
    Result<uint64_t> open_of(store::Db& db, int64_t page);

    std::vector<Page> pages_;  // whose memory is used again: the first made_ are this transaction's
    size_t made_ = 0;
    std::vector<Change> changes_;
    std::unordered_map<int64_t, uint64_t> open_;  // as in the database
    bool twice_ = false;
};

std::span<const char* const> hold_page_statements();

}  // namespace aig::ledger::sql
