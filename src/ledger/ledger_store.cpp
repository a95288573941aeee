#include "ledger/ledger_store.h"

#include <fmt/format.h>

#include <algorithm>

#include "ledger/entry_pages.h"
#include "ledger/gathered_store.h"
#include "ledger/hold_pages.h"
#include "ledger/statement_store.h"
#include "store/each_row.h"

namespace aig::ledger::sql {
namespace {
constexpr char head_load[] = "SELECT entry_id, hold_id, hash FROM chain_head WHERE node = 0";
constexpr char head_save[] = "UPDATE chain_head SET entry_id = ?, hold_id = ?, hash = ? WHERE node = 0";
constexpr char entry_newest[] = "SELECT id, hash FROM entry ORDER BY id DESC LIMIT 1";
constexpr char entry_of_hold[] =
    "SELECT id, kind, amount, account_id, wallet_id FROM entry WHERE hold_id = ? ORDER BY id";
constexpr char entry_by_ref[] = "SELECT 1 FROM entry WHERE account_id = ? AND ref = ?";
constexpr char wallet_load[] =
    "SELECT id, kind, status, currency, expires_us, credits, debits, held, low FROM wallet WHERE account_id = ? "
    "ORDER BY kind DESC, expires_us IS NULL, expires_us, id";
constexpr char wallet_insert[] = "INSERT INTO wallet (account_id, kind, currency, expires_us) VALUES (?, ?, ?, ?)";
constexpr char wallet_save[] = "UPDATE wallet SET credits = ?, debits = ?, held = ? WHERE id = ?";
constexpr char wallet_all[] = "SELECT id, account_id, credits, debits, held, currency FROM wallet ORDER BY id";
constexpr char wallet_by_id[] = "SELECT id, account_id, credits, debits, held, currency FROM wallet WHERE id = ?";
constexpr char budget_load[] =
    "SELECT id, spent, held FROM budget WHERE subject_kind = ? AND subject = ? AND period = ?";
constexpr char budget_by_id[] = "SELECT subject_kind, subject, period FROM budget WHERE id = ?";
constexpr char budget_insert[] = "INSERT INTO budget (subject_kind, subject, period) VALUES (?, ?, ?)";
constexpr char budget_save[] = "UPDATE budget SET spent = ?, held = ? WHERE id = ?";
constexpr char budget_all[] = "SELECT id, spent, held, subject_kind FROM budget ORDER BY id";
constexpr char hold_load[] = "SELECT id, account_id, owner, amount, created_us, body FROM open_hold WHERE id = ?";
constexpr char hold_count[] = "SELECT COUNT(*) FROM open_hold";
constexpr char hold_calls[] = "SELECT id FROM open_hold WHERE owner = 0 AND id > ? ORDER BY id LIMIT ?";
constexpr char hold_all[] = "SELECT id, account_id, owner, amount, created_us, body FROM open_hold ORDER BY id";

constexpr const char* all_statements[] = {head_load,   head_save,     entry_newest,  entry_of_hold, entry_by_ref,
                                          wallet_load, wallet_insert, wallet_save,   wallet_all,    wallet_by_id,
                                          budget_load, budget_by_id,  budget_insert, budget_save,   budget_all,
                                          hold_load,   hold_count,    hold_calls,    hold_all};

Error missing(std::string_view what, int64_t id) {
    return Error(ErrorCode::internal, fmt::format("{} {} is not in the database", what, id));
}
Status one_row(Result<int64_t> changed, std::string_view what, int64_t id) {
    TRY(const int64_t n, std::move(changed));
    if (n != 1) return missing(what, id);
    return {};
}
OpenHold hold_of(const store::Query& q) {
    OpenHold h;
    h.id = q.integer(0);
    h.account = q.integer(1);
    h.owner = q.integer(2) == 1 ? Owner::job : Owner::call;
    h.amount = q.integer(3);
    h.created_us = q.integer(4);
    return h;
}
StoredWallet stored_wallet(const store::Query& q) {
    StoredWallet s;
    s.wallet.id = q.integer(0);
    s.account = q.integer(1);
    s.wallet.credits = q.integer(2);
    s.wallet.debits = q.integer(3);
    s.wallet.held = q.integer(4);
    s.currency = q.text(5);
    return s;
}
using store::each_row;
}  // namespace

Result<ChainHead> load_head(store::Db& db) {
    auto q = db.query(head_load);
    TRY(const bool row, q.step());
    if (!row) return missing("the chain of node", 0);
    return ChainHead{q.integer(0), q.integer(1), std::string(q.blob(2))};
}
Status save_head(store::Db& db, const ChainHead& head) {
    auto q = db.query(head_save);
    q.bind(head.entry).bind(head.hold).bind_blob_ref(head.hash);
    return one_row(q.run(), "the chain of node", 0);
}
Result<ChainHead> newest_entry(store::Db& db) {
    auto q = db.query(entry_newest);
    TRY(const bool row, q.step());
    TRY(auto paged, newest_paged_entry(db));
    if (!row || q.integer(0) < paged.entry) return paged;
    return ChainHead{q.integer(0), 0, std::string(q.blob(1))};
}
Result<Purse> load_purse(store::Db& db, int64_t account) {
    Purse purse;
    purse.account = account;
    bool has_main = false;
    TRYV(each_row(std::move(db.query(wallet_load).bind(account)), [&](const store::Query& q) {
        Wallet w;
        w.id = q.integer(0);
        w.bonus = q.integer(1) != 0;
        w.active = q.integer(2) == 0;
        purse.currency = q.text(3);
        if (!q.is_null(4)) w.expires_us = q.integer(4);
        w.credits = q.integer(5);
        w.debits = q.integer(6);
        w.held = q.integer(7);
        if (!w.bonus && !q.is_null(8)) purse.low = q.integer(8);
        has_main |= !w.bonus;
        purse.wallets.push_back(w);
    }));
    if (!has_main) purse.wallets.clear();
    return purse;
}
Status insert_wallet(store::Db& db, int64_t account, bool bonus, std::string_view currency,
                     std::optional<int64_t> expires_us) {
    auto q = db.query(wallet_insert);
    q.bind(account).bind(bonus ? 1 : 0).bind(currency).bind(expires_us);
    TRYV(q.run());
    return {};
}
Status save_wallet(store::Db& db, const Wallet& w) {
    auto q = db.query(wallet_save);
    q.bind(w.credits).bind(w.debits).bind(w.held).bind(w.id);
    return one_row(q.run(), "wallet", w.id);
}

Result<Budget> load_budget(store::Db& db, const BudgetRef& ref) {
    auto q = db.query(budget_load);
    q.bind(ref.subject_kind).bind(ref.subject).bind(ref.period);
    TRY(const bool row, q.step());
    if (!row) return Budget{};
    return Budget{q.integer(0), q.integer(1), q.integer(2), false};
}
Result<BudgetRef> budget_ref(store::Db& db, int64_t id) {
    auto q = db.query(budget_by_id);
    q.bind(id);
    TRY(const bool row, q.step());
    if (!row) return missing("budget", id);
    return BudgetRef{static_cast<uint8_t>(q.integer(0)), q.integer(1), std::string(q.text(2)), 0};
}
Result<int64_t> insert_budget(store::Db& db, const BudgetRef& ref) {
    auto q = db.query(budget_insert);
    q.bind(ref.subject_kind).bind(ref.subject).bind(ref.period);
    TRYV(q.run());
    return db.last_id();
}
Status save_budget(store::Db& db, const Budget& b) {
    auto q = db.query(budget_save);
    q.bind(b.spent).bind(b.held).bind(b.id);
    return one_row(q.run(), "budget", b.id);
}

Result<std::optional<OpenHold>> load_hold(store::Db& db, int64_t id) {
    TRYV(see_all_rows(db));
    auto q = db.query(hold_load);
    q.bind(id);
    TRY(const bool row, q.step());
    if (!row) return load_paged_hold(db, id);
    auto h = hold_of(q);
    TRY(h.body, decode_hold(q.blob(5)));
    return std::optional(std::move(h));
}
Result<int64_t> count_open_holds(store::Db& db) {
    TRYV(see_all_rows(db));
    auto q = db.query(hold_count);
    TRYV(q.step());
    TRY(const int64_t paged, count_paged_holds(db));
    return q.integer(0) + paged;
}
Result<std::vector<int64_t>> open_call_holds(store::Db& db, int64_t after, int64_t limit) {
    TRY(auto ids, paged_holds_behind(db, after, limit));
    TRYV(each_row(std::move(db.query(hold_calls).bind(after).bind(limit)),
                  [&](const store::Query& q) { ids.push_back(q.integer(0)); }));
    std::sort(ids.begin(), ids.end());
    if (std::ssize(ids) > limit) ids.resize(static_cast<size_t>(limit));
    return ids;
}
Status each_entry_of(store::Db& db, int64_t hold, const std::function<void(const HoldEntry&)>& see) {
    TRYV(see_all_rows(db));
    TRYV(each_row(std::move(db.query(entry_of_hold).bind(hold)), [&](const store::Query& q) {
        see({q.integer(0), static_cast<EntryKind>(q.integer(1)), q.integer(2), q.integer(3), q.integer(4)});
    }));
    return each_paged_entry_of(db, hold, [&](const StoredEntry& s) {
        see({s.entry.id, s.entry.kind, s.entry.amount, s.entry.account, s.entry.wallet});
    });
}
Result<Resolution> resolution(store::Db& db, int64_t hold) {
    Resolution r;
    TRYV(each_entry_of(db, hold, [&](const HoldEntry& e) {
        if (!r.found) r.entry = e.id;
        r.found = true;
        r.account = e.account;
        r.voided |= e.kind == EntryKind::void_;
        if (e.kind == EntryKind::usage) r.charged += e.amount;
    }));
    return r;
}
Result<bool> ref_exists(store::Db& db, int64_t account, std::string_view ref) {
    auto q = db.query(entry_by_ref);
    return q.bind(account).bind(ref).step();
}

Status each_entry(store::Db& db, const std::function<void(const StoredEntry&)>& see) {
    return each_entry(db, INT64_MIN, INT64_MAX, INT64_MAX, see);
}
Status each_entry(store::Db& db, int64_t after, int64_t last, int64_t limit,
                  const std::function<void(const StoredEntry&)>& see) {
    TRYV(see_all_rows(db));
    EntryCursor entries(db, after, last);
    for (StoredEntry s; limit > 0; --limit) {
        TRY(const bool more, entries.next(s));
        if (!more) return {};
        see(s);
    }
    return {};
}
Status each_entry_between(store::Db& db, int64_t from_us, int64_t to_us, const std::function<void(const Entry&)>& see) {
    TRY(const auto ranges, entry_ranges(db, from_us, to_us));
    for (const auto& r : ranges)
        TRYV(each_entry(db, r.first - 1, r.last, INT64_MAX, [&](const StoredEntry& s) {
            if (s.entry.at_us >= from_us && s.entry.at_us < to_us) see(s.entry);
        }));
    return {};
}
Status each_wallet(store::Db& db, const std::function<void(const StoredWallet&)>& see) {
    return each_row(db.query(wallet_all), [&](const store::Query& q) { see(stored_wallet(q)); });
}
Result<std::optional<StoredWallet>> find_wallet(store::Db& db, int64_t id) {
    auto q = db.query(wallet_by_id);
    TRY(const bool row, q.bind(id).step());
    return row ? std::optional(stored_wallet(q)) : std::nullopt;
}
Status each_budget(store::Db& db, const std::function<void(const Budget&)>& see) {
    return each_row(db.query(budget_all), [&](const store::Query& q) {
        see({q.integer(0), q.integer(1), q.integer(2), false, q.integer(3) == subject_free});
    });
}
Status each_hold(store::Db& db, const std::function<void(int64_t, Result<OpenHold>)>& see) {
    TRYV(see_all_rows(db));
    TRYV(each_paged_hold(db, see));
    return each_row(db.query(hold_all), [&](const store::Query& q) {
        auto body = decode_hold(q.blob(5));
        if (!body) return see(q.integer(0), std::move(body).error());
        auto h = hold_of(q);
        h.body = *std::move(body);
        see(h.id, std::move(h));
    });
}

std::span<const char* const> statements() { return all_statements; }

}  // namespace aig::ledger::sql
