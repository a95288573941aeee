// The journal in rows and pages: the entries of calls, gathered by transaction, are one row of entry_page; all others
// are rows of entry. Whoever reads the journal reads both, in order.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "ledger/ledger_store.h"
#include "store/rows.h"

namespace aig::ledger::sql {

/// Goes through the entries behind `after` up to `last`, in order, wherever they stand.
class EntryCursor {
  public:
    EntryCursor(store::Db& db, int64_t after, int64_t last);
    /// False behind the last one. The entry's texts are valid until the next call. storage_unavailable for a page that
    /// is damaged or has other numbers than it says.
    Result<bool> next(StoredEntry& entry);

  private:
    Status look_at_row();
    Status look_at_page();
    Status open_page();
    Result<bool> next_in_page();
    Status take_row(StoredEntry& entry);
    Status take_paged(StoredEntry& entry);
    int64_t paged_id() const { return first_ + static_cast<int64_t>(page_.row()); }
    Error damaged() const;

    const int64_t after_, last_;
    store::Query rows_, pages_;
    store::RowsReader page_{{}};
    int64_t first_ = 0, page_id_ = 0;
    enum class At : uint8_t { unknown, entry, end } row_ = At::unknown, paged_ = At::unknown;
    bool in_page_ = false;
};

/// The newest entry in a page: its id and hash; 0 and "" without one.
Result<ChainHead> newest_paged_entry(store::Db& db);
/// The entries that resolve a hold that stood in a page, in order.
Status each_paged_entry_of(store::Db& db, int64_t hold, const std::function<void(const StoredEntry&)>& see);
/// Whether each_paged_entry_of() would look for the hold's entries in this page.
Result<bool> is_looked_for_in(store::Db& db, int64_t hold, int64_t page);

/// The entries of calls that a transaction appends. Writer thread only.
class EntryPages {
  public:
    /// Of a hold that stands in a page, without a reference.
    void add(const Entry& entry, std::string_view hash);
    bool empty() const { return made_ == 0; }
    Status flush(store::Db& db);
    void drop() { made_ = 0; }

  private:
    struct Page {
        int64_t first = 0, last = 0;
        store::RowsWriter rows{8};
        std::vector<int64_t> hold_pages;
    };
    Page& page_for(int64_t entry);
    static Status write(store::Db& db, Page& page);
    std::vector<Page> pages_;  // whose memory is used again: the first made_ are this transaction's
    size_t made_ = 0;
};

std::span<const char* const> entry_page_statements();

}  // namespace aig::ledger::sql
