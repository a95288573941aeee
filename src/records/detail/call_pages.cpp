#include "records/detail/call_pages.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "store/deferred.h"
#include "store/each_row.h"

namespace aig::records {
namespace {
constexpr int64_t hour_us = 3'600'000'000;
constexpr size_t max_calls = 256;  // a page

#define CALL_COLUMNS                                                                                                 \
    "request_id, correlation_id, account_id, key_id, sub_account_id, model, provider, upstream_model, operation, "   \
    "tag, error_code, losses, stop_reason, started_us, duration_us, first_byte_us, status, attempts, flags, input, " \
    "cached_input, cache_write, output, reasoning, cost_nanos, operator_cost_nanos"
constexpr char row_newest[] = "SELECT " CALL_COLUMNS
                              ", id FROM call WHERE account_id = ? AND started_us <= ? AND (started_us < ? OR id < ?) "
                              "AND cost_nanos >= ? ORDER BY started_us DESC, id DESC LIMIT ?";
constexpr char row_newest_sub[] =
    "SELECT " CALL_COLUMNS
    ", id FROM call WHERE account_id = ? AND started_us <= ? AND (started_us < ? OR id < ?) AND cost_nanos >= ? AND "
    "sub_account_id = ? AND sub_account_id <> 0 ORDER BY started_us DESC, id DESC LIMIT ?";
constexpr char row_last[] = "SELECT " CALL_COLUMNS ", id FROM call ORDER BY id DESC LIMIT ?";
#undef CALL_COLUMNS
constexpr char page_newest[] =
    "SELECT p.last_id, p.first_id, p.body, a.last_us, a.sub_account_id FROM call_page_account a JOIN call_page p ON "
    "p.last_id = a.page WHERE a.account_id = ? AND a.last_us < ? ORDER BY a.last_us DESC";
constexpr char page_newest_sub[] =
    "SELECT p.last_id, p.first_id, p.body, a.last_us, a.sub_account_id FROM call_page_account a JOIN call_page p ON "
    "p.last_id = a.page WHERE a.account_id = ? AND a.last_us < ? AND a.sub_account_id = ? AND a.sub_account_id <> 0 "
    "ORDER BY a.last_us DESC";
constexpr char page_last[] = "SELECT last_id, first_id, body FROM call_page ORDER BY last_id DESC";
constexpr char page_insert[] = "INSERT INTO call_page (last_id, first_id, body) VALUES (?, ?, ?)";
constexpr char owner_insert[] =
    "INSERT INTO call_page_account (account_id, last_us, page, sub_account_id) VALUES (?, ?, ?, ?)";
constexpr char last_number[] = "SELECT COALESCE((SELECT MAX(last_id) FROM call_page), (SELECT MAX(id) FROM call), 0)";
constexpr char row_forget[] = "UPDATE call SET correlation_id = '', tag = '' WHERE account_id = ?";
constexpr char pages_of_account[] = "SELECT DISTINCT page FROM call_page_account WHERE account_id = ?";
constexpr char page_by_id[] = "SELECT last_id, first_id, body FROM call_page WHERE last_id = ?";
constexpr char page_update[] = "UPDATE call_page SET body = ? WHERE last_id = ?";
constexpr const char* all_statements[] = {row_newest,  row_newest_sub,   row_last,   page_newest, page_newest_sub,
                                          page_last,   page_insert,      page_by_id, page_update, owner_insert,
                                          last_number, pages_of_account, row_forget};

enum Column : uint8_t { account_column = 2, sub_account_column = 4, started_column = 13, cost_column = 24 };

int64_t flags_of(const CallRecord& c) { return (c.streamed ? 1 : 0) | (c.estimated ? 2 : 0) | (c.lossless ? 4 : 0); }

void add_row(store::RowsWriter& w, const CallRecord& c) {
    w.text(clip(c.request_id)).text(clip(c.correlation_id));
    w.number(c.account.value).number(c.key.value).number(c.sub_account.value);
    for (const auto* text :
         {&c.model, &c.provider, &c.upstream_model, &c.operation, &c.tag, &c.error_code, &c.losses, &c.stop_reason})
        w.text(clip(*text));
    for (const int64_t v :
         {c.started_us, c.duration_us, c.first_byte_us, int64_t{c.status}, int64_t{c.attempts}, flags_of(c), c.input,
          c.cached_input, c.cache_write, c.output, c.reasoning, c.cost_nanos, c.operator_cost_nanos})
        w.number(v);
    w.end_row();
}

/// From anything that gives texts and numbers by column.
template <class Row>
CallRecord call_of(Row& row) {
    CallRecord c;
    int i = 0;
    const auto text = [&] { return std::string(row.text(i++)); };
    const auto number = [&] { return row.number(i++); };
    c.request_id = text();
    c.correlation_id = text();
    c.account.value = number();
    c.key.value = number();
    c.sub_account.value = number();
    for (auto* field :
         {&c.model, &c.provider, &c.upstream_model, &c.operation, &c.tag, &c.error_code, &c.losses, &c.stop_reason})
        *field = text();
    c.started_us = number();
    c.duration_us = number();
    c.first_byte_us = number();
    c.status = static_cast<int>(number());
    c.attempts = static_cast<int>(number());
    const int64_t flags = number();
    c.streamed = flags & 1;
    c.estimated = flags & 2;
    c.lossless = flags & 4;
    for (auto* field :
         {&c.input, &c.cached_input, &c.cache_write, &c.output, &c.reasoning, &c.cost_nanos, &c.operator_cost_nanos})
        *field = number();
    return c;
}
struct SqlRow {
    const store::Query& q;
    std::string_view text(int column) const { return q.text(column); }
    int64_t number(int column) const { return q.integer(column); }
};
struct PageRow {
    store::RowsReader& r;
    std::string_view text(int column) const { return r.text(static_cast<size_t>(column)); }
    int64_t number(int column) const { return r.number(static_cast<size_t>(column)); }
};

/// A statement's page: see(reader, id) for each of its calls.
template <class See>
Status each_call(const store::Query& page, const See& see) {
    store::RowsReader r(page.blob(2));
    int64_t id = page.integer(1);
    for (; r.next(); ++id) see(r, id);
    if (r.good() && r.columns() == 26 && id == page.integer(0) + 1) return {};
    return Error(ErrorCode::storage_unavailable, fmt::format("page {} of the request log is damaged", page.integer(0)));
}

/// The newest calls that were offered, no more than a limit: a heap with the oldest of them on top.
class Kept {
  public:
    explicit Kept(const Newest& which) : which_(which) {}
    /// Those of a page whose newest call started at `last_us`, and of those behind it, are all older.
    bool enough(int64_t last_us) const {
        return calls_.size() >= which_.limit && calls_.front().call.started_us > last_us;
    }
    void offer(store::RowsReader& r, int64_t id) {
        const int64_t started = r.number(started_column);
        if (r.number(cost_column) < which_.least_cost) return;
        if (std::tie(started, id) >= std::tie(which_.behind.started_us, which_.behind.id)) return;
        if (calls_.size() < which_.limit || is_newer(started, id, calls_.front())) {
            PageRow row{r};
            keep({id, call_of(row)});
        }
    }
    void keep(StoredCall call) {
        calls_.push_back(std::move(call));
        std::push_heap(calls_.begin(), calls_.end(), newer);
        if (calls_.size() <= which_.limit) return;
        std::pop_heap(calls_.begin(), calls_.end(), newer);
        calls_.pop_back();
    }
    std::vector<StoredCall> sorted() && {
        std::sort_heap(calls_.begin(), calls_.end(), newer);
        return std::move(calls_);
    }

  private:
    static bool is_newer(int64_t started, int64_t id, const StoredCall& b) {
        return std::tie(started, id) > std::tie(b.call.started_us, b.id);
    }
    static bool newer(const StoredCall& a, const StoredCall& b) { return is_newer(a.call.started_us, a.id, b); }
    const Newest& which_;
    std::vector<StoredCall> calls_;
};

Status newest_rows(store::Db& db, const Newest& which, Kept& kept) {
    auto q = db.query(which.sub_account ? row_newest_sub : row_newest);
    q.bind(which.account.value).bind(which.behind.started_us).bind(which.behind.started_us).bind(which.behind.id);
    q.bind(which.least_cost);
    if (which.sub_account) q.bind(which.sub_account.value);
    q.bind(static_cast<int64_t>(which.limit));
    for (;;) {
        TRY(const bool more, q.step());
        if (!more) return {};
        SqlRow row{q};
        kept.keep({q.integer(26), call_of(row)});
    }
}

Status newest_pages(store::Db& db, const Newest& which, Kept& kept) {
    auto q = db.query(which.sub_account ? page_newest_sub : page_newest);
    q.bind(which.account.value).bind(end_of_hour(which.behind.started_us));
    if (which.sub_account) q.bind(which.sub_account.value);
    for (;;) {
        TRY(const bool more, q.step());
        if (!more || kept.enough(q.integer(3))) return {};
        const int64_t sub_account = q.integer(4);  // a page with calls of several comes once for each
        TRYV(each_call(q, [&](store::RowsReader& r, int64_t id) {
            if (r.number(account_column) == which.account.value && r.number(sub_account_column) == sub_account)
                kept.offer(r, id);
        }));
    }
}

/// The page with the account's names emptied.
Status rewrite(store::Db& db, int64_t page, AccountId account) {
    store::RowsWriter w(26);
    {
        auto q = db.query(page_by_id);
        TRY(const bool found, q.bind(page).step());
        if (!found) return {};
        TRYV(each_call(q, [&](store::RowsReader& r, int64_t) {
            PageRow row{r};
            auto call = call_of(row);
            if (call.account == account) call.correlation_id.clear(), call.tag.clear();
            add_row(w, call);
        }));
    }
    TRYV(db.query(page_update).bind_blob_ref(w.body()).bind(page).run());
    return {};
}
}  // namespace

int64_t end_of_hour(int64_t us) {
    if (us > INT64_MAX - hour_us) return INT64_MAX;
    const int64_t into = us % hour_us;
    return us - (into < 0 ? into + hour_us : into) + hour_us;
}

Status CallPages::write(store::Db& db, std::vector<const CallRecord*>& calls) {
    const auto hour = [](const CallRecord* c) { return end_of_hour(c->started_us); };
    const auto by_hour = [&](const auto* a, const auto* b) { return hour(a) < hour(b); };
    if (!std::is_sorted(calls.begin(), calls.end(), by_hour)) std::stable_sort(calls.begin(), calls.end(), by_hour);
    if (!last_id_) {
        auto number = db.query(last_number);
        TRYV(number.step());
        last_id_ = number.integer(0);
    }
    for (size_t i = 0; i < calls.size();) {
        size_t n = 1;
        while (i + n < calls.size() && n < max_calls && hour(calls[i + n]) == hour(calls[i])) ++n;
        TRYV(write_page(db, Calls(calls).subspan(i, n), *last_id_ + 1));
        i += n;
        *last_id_ += static_cast<int64_t>(n);
    }
    return {};
}

Status CallPages::write_page(store::Db& db, Calls calls, int64_t first_id) {
    rows_.clear();
    owners_.clear();
    for (const auto* c : calls) {
        add_row(rows_, *c);
        own(*c);
    }
    const int64_t last_id = first_id + std::ssize(calls) - 1;
    auto q = db.query(page_insert);
    TRYV(q.bind(last_id).bind(first_id).bind_blob_ref(rows_.body()).run());
    return write_owners(db, last_id);
}

void CallPages::own(const CallRecord& c) {
    const auto it = std::find_if(owners_.begin(), owners_.end(), [&](const Owner& o) {
        return o.account == c.account.value && o.sub_account == c.sub_account.value;
    });
    if (it == owners_.end())
        owners_.push_back({c.account.value, c.sub_account.value, c.started_us});
    else
        it->last_us = std::max(it->last_us, c.started_us);
}

Status CallPages::write_owners(store::Db& db, int64_t page) {
    for (const auto& o : owners_) {
        auto q = db.query(owner_insert);
        TRYV(q.bind(o.account).bind(o.last_us).bind(page).bind(o.sub_account).run());
    }
    return {};
}

Result<std::vector<StoredCall>> newest_calls(store::Db& db, const Newest& which) {
    Kept kept(which);
    TRYV(newest_rows(db, which, kept));
    TRYV(newest_pages(db, which, kept));
    return std::move(kept).sorted();
}

Result<std::vector<StoredCall>> last_calls(store::Db& db, size_t limit) {
    std::vector<StoredCall> out;
    auto pages = db.query(page_last);
    while (out.size() < limit) {
        TRY(const bool more, pages.step());
        if (!more) break;
        const auto from = std::ssize(out);
        TRYV(each_call(pages, [&](store::RowsReader& r, int64_t id) {
            PageRow row{r};
            out.push_back({id, call_of(row)});
        }));
        std::reverse(out.begin() + from, out.end());
    }
    auto rows = db.query(row_last);
    rows.bind(static_cast<int64_t>(limit - std::min(limit, out.size())));
    for (;;) {
        TRY(const bool more, rows.step());
        if (!more) break;
        SqlRow row{rows};
        out.push_back({rows.integer(26), call_of(row)});
    }
    if (out.size() > limit) out.erase(out.begin() + static_cast<std::ptrdiff_t>(limit), out.end());
    return out;
}

Status forget_names(store::Db& db, AccountId account) {
    TRYV(store::flush_deferred(db));
    TRYV(db.query(row_forget).bind(account.value).run());
    std::vector<int64_t> pages;
    TRYV(store::each_row(std::move(db.query(pages_of_account).bind(account.value)),
                         [&](const store::Query& q) { pages.push_back(q.integer(0)); }));
    for (const int64_t page : pages) TRYV(rewrite(db, page, account));
    return {};
}

std::span<const char* const> call_page_statements() { return all_statements; }

}  // namespace aig::records
