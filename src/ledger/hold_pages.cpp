#include "ledger/hold_pages.h"

#include <fmt/format.h>

#include <bit>

#include "store/each_row.h"

namespace aig::ledger::sql {
namespace {
constexpr int64_t holds_a_page = 64;

constexpr char page_insert[] = "INSERT INTO hold_page (first_id, open, body) VALUES (?, ?, ?)";
constexpr char page_clear[] = "UPDATE hold_page SET open = ? WHERE first_id = ? AND open = ?";
constexpr char page_delete[] = "DELETE FROM hold_page WHERE first_id = ? AND open = ?";
constexpr char page_open[] = "SELECT open FROM hold_page WHERE first_id = ?";
constexpr char page_of_hold[] =
    "SELECT first_id, open, body FROM hold_page WHERE first_id <= ? ORDER BY first_id DESC LIMIT 1";
constexpr char page_bits[] = "SELECT first_id, open FROM hold_page WHERE first_id > ? ORDER BY first_id";
constexpr char page_all[] = "SELECT first_id, open, body FROM hold_page ORDER BY first_id";
constexpr const char* all_statements[] = {page_insert,  page_clear, page_delete, page_open,
                                          page_of_hold, page_bits,  page_all};

uint64_t bit_of(int64_t page, int64_t hold) {
    const int64_t at = hold - page;
    return at >= 0 && at < holds_a_page ? uint64_t{1} << at : 0;
}
Error unreadable(int64_t page) {
    return Error(ErrorCode::storage_unavailable, fmt::format("hold page {} is damaged", page));
}

Result<OpenHold> hold_of(store::RowsReader& r, int64_t page) {
    OpenHold h;
    h.id = page + static_cast<int64_t>(r.row());
    h.page = page;
    h.account = r.number(0);
    h.amount = r.number(1);
    h.created_us = r.number(2);
    const auto body = r.blob(3);
    if (!r.good() || h.amount < 0) return unreadable(page);
    TRY(h.body, decode_hold(body));
    return h;
}

/// A page's rows; every open bit must have one.
Result<store::RowsReader> rows_of(int64_t page, uint64_t open, std::string_view body) {
    store::RowsReader r(body);
    const auto rows = static_cast<int64_t>(r.rows());
    if (!r.good() || r.columns() != 4 || rows > holds_a_page || std::bit_width(open) > static_cast<unsigned>(rows))
        return unreadable(page);
    return r;
}
}  // namespace

Result<std::optional<OpenHold>> load_paged_hold(store::Db& db, int64_t id) {
    auto q = db.query(page_of_hold);
    TRY(const bool found, q.bind(id).step());
    if (!found) return std::optional<OpenHold>{};
    const int64_t page = q.integer(0);
    const auto open = static_cast<uint64_t>(q.integer(1));
    if (!(open & bit_of(page, id))) return std::optional<OpenHold>{};
    TRY(auto rows, rows_of(page, open, q.blob(2)));
    while (rows.next())
        if (page + static_cast<int64_t>(rows.row()) == id) {
            TRY(auto hold, hold_of(rows, page));
            return std::optional(std::move(hold));
        }
    return unreadable(page);
}

Result<int64_t> count_paged_holds(store::Db& db) {
    int64_t n = 0;
    TRYV(store::each_row(std::move(db.query(page_bits).bind(INT64_MIN)),
                         [&](const store::Query& q) { n += std::popcount(static_cast<uint64_t>(q.integer(1))); }));
    return n;
}

Result<std::vector<int64_t>> paged_holds_behind(store::Db& db, int64_t after, int64_t limit) {
    std::vector<int64_t> ids;
    auto q = db.query(page_bits);
    q.bind(after - holds_a_page);
    while (std::ssize(ids) < limit) {
        TRY(const bool more, q.step());
        if (!more) break;
        const auto open = static_cast<uint64_t>(q.integer(1));
        for (int64_t i = 0; i < holds_a_page; ++i)
            if (const int64_t id = q.integer(0) + i; (open >> i & 1) && id > after && std::ssize(ids) < limit)
                ids.push_back(id);
    }
    return ids;
}

Status each_paged_hold(store::Db& db, const std::function<void(int64_t, Result<OpenHold>)>& see) {
    return store::each_row(db.query(page_all), [&](const store::Query& q) {
        const int64_t page = q.integer(0);
        auto open = static_cast<uint64_t>(q.integer(1));
        auto rows = rows_of(page, open, q.blob(2));
        while (rows && rows->next())
            if (const auto bit = bit_of(page, page + static_cast<int64_t>(rows->row())); open & bit) {
                see(page + static_cast<int64_t>(rows->row()), hold_of(*rows, page));
                open &= ~bit;
            }
        if (open || !rows || !rows->good()) see(page, unreadable(page));
    });
}

HoldPages::Page& HoldPages::page_for(int64_t hold) {
    if (made_ > 0) {
        auto& last = pages_[made_ - 1];
        if (last.count < holds_a_page && hold == last.first + last.count) return last;
    }
    if (made_ == pages_.size()) pages_.emplace_back();
    auto& page = pages_[made_++];
    page.first = hold;
    page.count = 0;
    page.open = 0;
    page.rows.clear();
    return page;
}

int64_t HoldPages::add(const OpenHold& h, std::string_view body) {
    auto& page = page_for(h.id);
    ++page.count;
    page.open |= bit_of(page.first, h.id);
    page.rows.number(h.account).number(h.amount).number(h.created_us).blob(body);
    page.rows.end_row();
    return page.first;
}

void HoldPages::clear(int64_t page, int64_t hold) {
    const auto bit = bit_of(page, hold);
    for (size_t i = made_; i-- > 0 && pages_[i].first >= page;)
        if (pages_[i].first == page) {
            twice_ |= !(pages_[i].open & bit);
            pages_[i].open &= ~bit;
            return;
        }
    for (auto& c : changes_)
        if (c.page == page) {
            twice_ |= (c.bits & bit) != 0;
            c.bits |= bit;
            return;
        }
    changes_.push_back({page, bit});
}

Status HoldPages::flush(store::Db& db) {
    if (twice_) return Error(ErrorCode::internal, "a hold is resolved twice in one transaction");
    for (size_t i = 0; i < made_; ++i) TRYV(write(db, pages_[i]));
    made_ = 0;
    for (const auto& c : changes_) TRYV(change(db, c));
    changes_.clear();
    return {};
}

Status HoldPages::write(store::Db& db, Page& page) {
    if (!page.open) return {};  // all came and went in this transaction
    auto q = db.query(page_insert);
    TRYV(q.bind(page.first).bind(static_cast<int64_t>(page.open)).bind_blob_ref(page.rows.body()).run());
    open_[page.first] = page.open;
    return {};
}

/// The statement changes its row only if it is as we know it: a hold that is resolved already is not resolved again.
Status HoldPages::change(store::Db& db, const Change& c) {
    TRY(const uint64_t before, open_of(db, c.page));
    const uint64_t after = before & ~c.bits;
    auto q = db.query(after ? page_clear : page_delete);
    if (after) q.bind(static_cast<int64_t>(after));
    TRY(const int64_t changed, q.bind(c.page).bind(static_cast<int64_t>(before)).run());
    if (changed != 1 || (before & c.bits) != c.bits)
        return Error(ErrorCode::internal, "a hold that was resolved is not in the database");
    if (after)
        open_[c.page] = after;
    else
        open_.erase(c.page);
    return {};
}

Result<uint64_t> HoldPages::open_of(store::Db& db, int64_t page) {
    if (const auto it = open_.find(page); it != open_.end()) return it->second;
    auto q = db.query(page_open);
    TRY(const bool found, q.bind(page).step());
    return found ? static_cast<uint64_t>(q.integer(0)) : 0;
}

void HoldPages::drop() {
    made_ = 0;
    changes_.clear();
    open_.clear();
    twice_ = false;
}

std::span<const char* const> hold_page_statements() { return all_statements; }

}  // namespace aig::ledger::sql
