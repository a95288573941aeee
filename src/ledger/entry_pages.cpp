#include "ledger/entry_pages.h"

#include <fmt/format.h>

#include <algorithm>

#include "ledger/gathered_store.h"

namespace aig::ledger::sql {
namespace {
constexpr size_t most_entries = 256;  // a page
constexpr size_t columns = 8;

constexpr char row_all[] =
    "SELECT id, kind, account_id, wallet_id, amount, hold_id, at_us, ref, body, hash FROM entry WHERE id > ? AND id <= "
    "? ORDER BY id";
constexpr char page_all[] = "SELECT last_id, first_id, body FROM entry_page WHERE last_id > ? ORDER BY last_id";
constexpr char page_newest[] = "SELECT last_id, first_id, body FROM entry_page ORDER BY last_id DESC LIMIT 1";
constexpr char page_insert[] = "INSERT INTO entry_page (last_id, first_id, body) VALUES (?, ?, ?)";
constexpr char page_resolves[] = "INSERT INTO resolved_in (hold_page, entry_page) VALUES (?, ?)";
constexpr char pages_of_hold[] =
    "SELECT p.last_id, p.first_id FROM resolved_in r JOIN entry_page p ON p.last_id = r.entry_page WHERE r.hold_page = "
    "(SELECT MAX(hold_page) FROM resolved_in WHERE hold_page <= ?) ORDER BY r.entry_page";
constexpr char looked_for[] =
    "SELECT 1 FROM resolved_in WHERE hold_page = (SELECT MAX(hold_page) FROM resolved_in WHERE hold_page <= ?) AND "
    "entry_page = ?";
constexpr const char* all_statements[] = {row_all,       page_all,      page_newest, page_insert,
                                          page_resolves, pages_of_hold, looked_for};

void entry_of(const store::Query& q, StoredEntry& s) {
    s.kind = q.integer(1);
    s.page = 0;
    Entry& e = s.entry;
    e.id = q.integer(0);
    e.kind = static_cast<EntryKind>(s.kind);
    e.account = q.integer(2);
    e.wallet = q.integer(3);
    e.amount = q.integer(4);
    e.hold = q.integer(5);
    e.at_us = q.integer(6);
    e.ref.reset();
    if (!q.is_null(7)) e.ref = q.text(7);
    e.body = q.blob(8);
    s.hash = q.blob(9);
}
}  // namespace

EntryCursor::EntryCursor(store::Db& db, int64_t after, int64_t last)
    : after_(after), last_(last), rows_(db.query(row_all)), pages_(db.query(page_all)) {
    rows_.bind(after).bind(last);
    pages_.bind(after);
}

Error EntryCursor::damaged() const {
    return Error(ErrorCode::storage_unavailable, fmt::format("entry page {} is damaged", page_id_));
}

Result<bool> EntryCursor::next(StoredEntry& entry) {
    if (row_ == At::unknown) TRYV(look_at_row());
    if (paged_ == At::unknown) TRYV(look_at_page());
    if (row_ == At::end && paged_ == At::end) return false;
    const bool row = paged_ == At::end || (row_ == At::entry && rows_.integer(0) <= paged_id());
    TRYV(row ? take_row(entry) : take_paged(entry));
    return true;
}

Status EntryCursor::look_at_row() {
    TRY(const bool more, rows_.step());
    row_ = more ? At::entry : At::end;
    return {};
}

/// To the next entry in a page that is asked for.
Status EntryCursor::look_at_page() {
    for (;;) {
        if (in_page_) {
            TRY(in_page_, next_in_page());
        } else {
            TRY(const bool more, pages_.step());
            if (!more || pages_.integer(1) > last_) return paged_ = At::end, Status{};
            TRYV(open_page());
            continue;
        }
        if (!in_page_ || paged_id() <= after_) continue;
        paged_ = paged_id() <= last_ ? At::entry : At::end;
        return {};
    }
}

Status EntryCursor::open_page() {
    page_id_ = pages_.integer(0);
    first_ = pages_.integer(1);
    page_ = store::RowsReader(pages_.blob(2));
    const bool fits = first_ > 0 && first_ <= page_id_ && page_.good() && page_.columns() == columns &&
                      page_id_ - first_ + 1 == static_cast<int64_t>(page_.rows());
    if (!fits) return damaged();
    in_page_ = true;
    return {};
}

Result<bool> EntryCursor::next_in_page() {
    const bool more = page_.next();
    if (!page_.good()) return damaged();
    return more;
}

Status EntryCursor::take_row(StoredEntry& s) {
    entry_of(rows_, s);
    row_ = At::unknown;
    return {};
}

Status EntryCursor::take_paged(StoredEntry& s) {
    s.kind = page_.number(0);
    s.page = page_id_;
    Entry& e = s.entry;
    e.id = paged_id();
    e.kind = static_cast<EntryKind>(s.kind);
    e.account = page_.number(1);
    e.wallet = page_.number(2);
    e.amount = page_.number(3);
    e.hold = page_.number(4);
    e.at_us = page_.number(5);
    e.ref.reset();
    e.body = page_.blob(6);
    s.hash = page_.blob(7);
    paged_ = At::unknown;
    if (!page_.good()) return damaged();
    return {};
}

Result<ChainHead> newest_paged_entry(store::Db& db) {
    auto q = db.query(page_newest);
    TRY(const bool found, q.step());
    if (!found) return ChainHead{};
    const int64_t last = q.integer(0);
    EntryCursor entries(db, last - 1, last);
    StoredEntry s;
    TRY(const bool there, entries.next(s));
    return there ? ChainHead{s.entry.id, 0, std::string(s.hash)} : ChainHead{};
}

Status each_paged_entry_of(store::Db& db, int64_t hold, const std::function<void(const StoredEntry&)>& see) {
    auto pages = db.query(pages_of_hold);
    pages.bind(hold);
    for (;;) {
        TRY(const bool more, pages.step());
        if (!more) return {};
        const int64_t page = pages.integer(0);
        EntryCursor entries(db, pages.integer(1) - 1, page);
        for (StoredEntry s;;) {
            TRY(const bool there, entries.next(s));
            if (!there) break;
            if (s.page == page && s.entry.hold == hold) see(s);
        }
    }
}

Result<bool> is_looked_for_in(store::Db& db, int64_t hold, int64_t page) {
    return db.query(looked_for).bind(hold).bind(page).step();
}

EntryPages::Page& EntryPages::page_for(int64_t entry) {
    if (made_ > 0) {
        auto& last = pages_[made_ - 1];
        if (entry == last.last + 1 && last.rows.rows() < most_entries) return last;
    }
    if (made_ == pages_.size()) pages_.emplace_back();
    auto& page = pages_[made_++];
    page.first = entry;
    page.rows.clear();
    page.hold_pages.clear();
    return page;
}

void EntryPages::add(const Entry& e, std::string_view hash) {
    auto& page = page_for(e.id);
    page.last = e.id;
    page.rows.number(static_cast<int64_t>(e.kind)).number(e.account).number(e.wallet).number(e.amount);
    page.rows.number(e.hold).number(e.at_us).blob(e.body).blob(hash);
    page.rows.end_row();
    if (std::find(page.hold_pages.rbegin(), page.hold_pages.rend(), e.hold_page) == page.hold_pages.rend())
        page.hold_pages.push_back(e.hold_page);
}

Status EntryPages::flush(store::Db& db) {
    for (size_t i = 0; i < made_; ++i) TRYV(write(db, pages_[i]));
    made_ = 0;
    return {};
}

Status EntryPages::write(store::Db& db, Page& page) {
    {
        auto q = db.query(page_insert);
        TRYV(q.bind(page.last).bind(page.first).bind_blob_ref(page.rows.body()).run());
    }
    for (const int64_t hold_page : page.hold_pages) {
        auto q = db.query(page_resolves);
        TRYV(q.bind(hold_page).bind(page.last).run());
    }
    return {};
}

std::span<const char* const> entry_page_statements() { return all_statements; }

}  // namespace aig::ledger::sql
