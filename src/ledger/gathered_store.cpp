#include "ledger/gathered_store.h"

#include <algorithm>

#include "ledger/entry_pages.h"
#include "ledger/hold_pages.h"
#include "store/deferred.h"

namespace aig::ledger::sql {
namespace {
constexpr size_t at_once = 8;
#define EIGHT(row) row ", " row ", " row ", " row ", " row ", " row ", " row ", " row
#define ENTRY_INSERT \
    "INSERT INTO entry (id, kind, account_id, wallet_id, amount, hold_id, at_us, ref, body, hash) VALUES "
#define ENTRY_ROW "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
constexpr char entry_insert[] = ENTRY_INSERT ENTRY_ROW;
constexpr char entry_insert_8[] = ENTRY_INSERT EIGHT(ENTRY_ROW);
#define HOLD_INSERT "INSERT INTO open_hold (id, account_id, owner, amount, created_us, body) VALUES "
#define HOLD_ROW "(?, ?, ?, ?, ?, ?)"
constexpr char hold_insert[] = HOLD_INSERT HOLD_ROW;
constexpr char hold_insert_8[] = HOLD_INSERT EIGHT(HOLD_ROW);
constexpr char hold_delete[] = "DELETE FROM open_hold WHERE id = ?";
constexpr char hold_delete_8[] = "DELETE FROM open_hold WHERE id IN (" EIGHT("?") ")";
#undef EIGHT
#undef ENTRY_INSERT
#undef ENTRY_ROW
#undef HOLD_INSERT
#undef HOLD_ROW
constexpr char hold_update[] = "UPDATE open_hold SET amount = ?, body = ? WHERE id = ?";
constexpr const char* all_statements[] = {entry_insert, entry_insert_8, hold_insert, hold_insert_8,
                                          hold_delete,  hold_delete_8,  hold_update};

void bind_entry(store::Query& q, const Entry& e, std::string_view hash) {
    q.bind(e.id).bind(static_cast<int64_t>(e.kind)).bind(e.account).bind(e.wallet).bind(e.amount);
    e.hold ? q.bind(e.hold) : q.bind_null();
    q.bind(e.at_us);
    e.ref ? q.bind_ref(*e.ref) : q.bind_null();
    q.bind_blob_ref(e.body).bind_blob_ref(hash);
}

class Gathered final : public store::Deferred {
  public:
    /// Bytes that go into a row stand behind one another in bytes_, which moves while it grows.
    struct Slice {
        size_t at = 0, size = 0;
    };
    struct EntryRow {
        Entry entry;
        Slice body, hash;
    };
    struct HoldRow {
        int64_t id, account, owner, amount, created_us;
        Slice body;
    };

    void add(const Entry& e, std::string_view hash) {
        if (e.hold_page) return entry_pages_.add(e, hash);
        entries_.push_back({e, keep(e.body), keep(hash)});
        entries_.back().entry.body = {};
    }
    void add(OpenHold& h, std::string_view body) {
        if (h.owner == Owner::call)
            h.page = pages_.add(h, body);
        else
            add_row(h, body);
    }
    void resolved(const OpenHold& h) {
        if (h.page) return pages_.clear(h.page, h.id);
        const auto it = row_of(h.id);
        if (it == holds_.end())
            gone_.push_back(h.id);  // held by an earlier transaction
        else
            holds_.erase(it);
    }
    Status extended(store::Db& db, OpenHold& h, std::string_view body) {
        if (h.page) {
            pages_.clear(std::exchange(h.page, 0), h.id);
            add_row(h, body);
            return {};
        }
        if (const auto it = row_of(h.id); it != holds_.end()) {
            it->amount = h.amount;
            it->body = keep(body);
            return {};
        }
        return update(db, h, body);
    }

    Status flush(store::Db& db) override {
        if (bytes_.empty() && gone_.empty() && pages_.empty() && entry_pages_.empty()) return {};
        TRYV(entry_pages_.flush(db));
        TRYV(in_groups(entries_.size(), db, entry_insert, entry_insert_8, [&](store::Query& q, size_t i) {
            Entry e = entries_[i].entry;
            e.body = text(entries_[i].body);
            bind_entry(q, e, text(entries_[i].hash));
        }));
        TRYV(in_groups(holds_.size(), db, hold_insert, hold_insert_8, [&](store::Query& q, size_t i) {
            const HoldRow& h = holds_[i];
            q.bind(h.id).bind(h.account).bind(h.owner).bind(h.amount).bind(h.created_us).bind_blob_ref(text(h.body));
        }));
        TRYV(in_groups(gone_.size(), db, hold_delete, hold_delete_8,
                       [&](store::Query& q, size_t i) { q.bind(gone_[i]); }));
        TRYV(pages_.flush(db));
        forget();
        return {};
    }
    void drop() override {
        forget();
        entry_pages_.drop();
        pages_.drop();
    }

  private:
    void forget() {
        entries_.clear();
        holds_.clear();
        gone_.clear();
        bytes_.clear();
    }
    void add_row(const OpenHold& h, std::string_view body) {
        holds_.push_back({h.id, h.account, static_cast<int64_t>(h.owner), h.amount, h.created_us, keep(body)});
    }
    std::vector<HoldRow>::iterator row_of(int64_t hold) {
        return std::find_if(holds_.begin(), holds_.end(), [&](const HoldRow& h) { return h.id == hold; });
    }
    static Status update(store::Db& db, const OpenHold& h, std::string_view body) {
        auto q = db.query(hold_update);
        TRY(const int64_t changed, q.bind(h.amount).bind_blob_ref(body).bind(h.id).run());
        if (changed != 1) return Error(ErrorCode::internal, "a hold that is extended is not in the database");
        return {};
    }
    Slice keep(std::string_view s) {
        bytes_ += s;
        return {bytes_.size() - s.size(), s.size()};
    }
    std::string_view text(Slice s) const { return std::string_view(bytes_).substr(s.at, s.size); }

    /// Each statement changes as many rows as it names: a hold that is not there is resolved a second time.
    template <class Bind>
    static Status in_groups(size_t rows, store::Db& db, const char* one, const char* eight, const Bind& bind_row) {
        for (size_t i = 0; i < rows;) {
            const size_t n = rows - i >= at_once ? at_once : 1;
            auto q = db.query(n == 1 ? one : eight);
            for (size_t k = 0; k < n; ++k) bind_row(q, i + k);
            TRY(const int64_t changed, q.run());
            if (changed != static_cast<int64_t>(n))
                return Error(ErrorCode::internal, "a hold that was resolved is not in the database");
            i += n;
        }
        return {};
    }

    std::vector<EntryRow> entries_;
    std::vector<HoldRow> holds_;
    std::vector<int64_t> gone_;
    std::string bytes_;
    EntryPages entry_pages_;
    HoldPages pages_;
};
Gathered& gathered() { return store::deferred<Gathered>(); }
}  // namespace

Status gather_entry(store::Db& db, const Entry& e, std::string_view hash) {
    if (!e.ref) return gathered().add(e, hash), Status{};
    auto q = db.query(entry_insert);
    bind_entry(q, e, hash);
    TRYV(q.run());
    return {};
}
void gather_hold(OpenHold& hold, std::string_view body) { gathered().add(hold, body); }
Status gather_extended(store::Db& db, OpenHold& hold, std::string_view body) {
    return gathered().extended(db, hold, body);
}
void gather_resolved(const OpenHold& hold) { gathered().resolved(hold); }
Status see_all_rows(store::Db& db) { return store::flush_deferred(db); }

std::span<const char* const> gathered_statements() { return all_statements; }

}  // namespace aig::ledger::sql
