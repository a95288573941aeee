#include "ledger/statement_store.h"

#include <algorithm>

#include "ledger/ledger_store.h"
#include "store/each_row.h"

namespace aig::ledger {
namespace sql {
namespace {
constexpr char day_last[] = "SELECT day, first_entry, last_entry, hash FROM ledger_day ORDER BY day DESC LIMIT 1";
constexpr char day_one[] = "SELECT day, first_entry, last_entry, hash FROM ledger_day WHERE day = ?";
constexpr char day_insert[] =
    "INSERT INTO ledger_day (day, first_entry, last_entry, hash, closed_us, from_us, to_us) "
    "VALUES (?, ?, ?, ?, ?, ?, ?)";
constexpr char day_ranges[] =
    "SELECT first_entry, last_entry FROM ledger_day WHERE last_entry >= first_entry AND to_us >= ? AND from_us < ? "
    "ORDER BY day";
constexpr char day_all[] = "SELECT day, first_entry, last_entry, hash, from_us, to_us FROM ledger_day ORDER BY day";
constexpr char day_gap[] =
    "SELECT d.day FROM ledger_day d JOIN ledger_day b ON b.day = d.day - 1 WHERE d.first_entry <> b.last_entry + 1 "
    "ORDER "
    "BY d.day";
constexpr char statement_insert[] =
    "INSERT INTO statement (account_id, day, body, signature, node_key) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
constexpr char statement_all[] =
    "SELECT account_id, day, body, signature, node_key FROM statement ORDER BY account_id, day";
constexpr char statement_one[] =
    "SELECT account_id, day, body, signature, node_key FROM statement WHERE account_id = ? AND day = ?";
constexpr char statement_list[] =
    "SELECT account_id, day, body, signature, node_key FROM statement WHERE account_id = ? AND day < ? ORDER BY day "
    "DESC "
    "LIMIT ?";
constexpr const char* statements_here[] = {day_last,   day_one,          day_insert,    day_all,       day_gap,
                                           day_ranges, statement_insert, statement_all, statement_one, statement_list};

using store::each_row;
Result<std::optional<ClosedDay>> day_of(store::Query q) {
    TRY(const bool row, q.step());
    if (!row) return std::optional<ClosedDay>();
    return std::optional(ClosedDay{q.integer(0), q.integer(1), q.integer(2), std::string(q.blob(3))});
}
Statement statement_of(const store::Query& q) {
    return {AccountId{q.integer(0)}, q.integer(1), std::string(q.text(2)), std::string(q.blob(3)),
            std::string(q.blob(4))};
}

/// Whether a closed day's hash is that of its last entry, and its times hold all of its entries.
Result<bool> fits_the_chain(store::Db& db, const store::Query& day) {
    const int64_t first = day.integer(1), last = day.integer(2), from_us = day.integer(4), to_us = day.integer(5);
    if (last <= 0) return true;
    bool hash = false, times = true;
    // An empty day ends where the one before did: its last entry is before its first.
    TRYV(each_entry(db, std::min(first, last) - 1, last, INT64_MAX, [&](const StoredEntry& s) {
        if (s.entry.id >= first) times &= s.entry.at_us >= from_us && s.entry.at_us <= to_us;
        if (s.entry.id == last) hash = s.hash == day.blob(3);
    }));
    return hash && times;
}
}  // namespace

Result<std::optional<ClosedDay>> last_day(store::Db& db) { return day_of(db.query(day_last)); }
Result<std::optional<ClosedDay>> closed_day(store::Db& db, int64_t day) {
    return day_of(std::move(db.query(day_one).bind(day)));
}
Status insert_day(store::Db& db, const ClosedDay& day, int64_t closed_us) {
    auto q = db.query(day_insert);
    q.bind(day.day).bind(day.first).bind(day.last).bind_blob(day.hash).bind(closed_us);
    TRYV(q.bind(std::min(day.from_us, day.to_us)).bind(day.to_us).run());
    return {};
}
Result<int64_t> first_entry_us(store::Db& db) {
    int64_t at_us = 0;
    TRYV(each_entry(db, 0, INT64_MAX, 1, [&](const StoredEntry& s) { at_us = s.entry.at_us; }));
    return at_us;
}
Status insert_statement(store::Db& db, const Statement& s) {
    auto q = db.query(statement_insert);
    q.bind(s.account.value).bind(s.day).bind(s.body).bind_blob(s.signature).bind_blob(s.node_key);
    TRYV(q.run());
    return {};
}
Status each_misplaced_day(store::Db& db, const std::function<void(int64_t)>& see) {
    Status read;
    TRYV(each_row(db.query(day_all), [&](const store::Query& q) {
        auto fits = read ? fits_the_chain(db, q) : true;
        if (!fits)
            read = std::move(fits).error();
        else if (!*fits)
            see(q.integer(0));
    }));
    TRYV(read);
    return each_row(db.query(day_gap), [&](const store::Query& q) { see(q.integer(0)); });
}
Result<std::vector<EntryRange>> entry_ranges(store::Db& db, int64_t from_us, int64_t to_us) {
    std::vector<EntryRange> out;
    TRYV(each_row(std::move(db.query(day_ranges).bind(from_us).bind(to_us)), [&](const store::Query& q) {
        out.push_back({q.integer(0), q.integer(1)});
    }));
    TRY(const auto closed, last_day(db));
    out.push_back({closed ? closed->last + 1 : 0, INT64_MAX});
    return out;
}
Status each_statement(store::Db& db, const std::function<void(const Statement&)>& see) {
    return each_row(db.query(statement_all), [&](const store::Query& q) { see(statement_of(q)); });
}
std::span<const char* const> statement_statements() { return statements_here; }
}  // namespace sql

Result<Statement> statement(store::Db& db, AccountId account, int64_t day) {
    auto q = db.query(sql::statement_one);
    TRY(const bool row, q.bind(account.value).bind(day).step());
    if (!row) return Error(ErrorCode::resource_not_found, "there is no statement of this account and day");
    return sql::statement_of(q);
}
Result<std::vector<Statement>> statements(store::Db& db, AccountId account, int64_t before, int64_t limit) {
    std::vector<Statement> out;
    auto q = db.query(sql::statement_list);
    q.bind(account.value).bind(before > 0 ? before : INT64_MAX).bind(limit);
    TRYV(sql::each_row(std::move(q), [&](const store::Query& r) { out.push_back(sql::statement_of(r)); }));
    return out;
}

}  // namespace aig::ledger
