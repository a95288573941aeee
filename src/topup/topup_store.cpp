#include "topup/topup_store.h"

#include <array>

namespace aig::topup::sql {
namespace {
#define DEPOSIT_COLUMNS                                                                                      \
    "rail, external_id, account_id, status, currency, amount, told, credited, credited_currency, order_id, " \
    "address, token, tx, block_hash, block, block_ms, witnesses, reason, seen_us, settled_us"
constexpr char deposit_by_name[] = "SELECT id, " DEPOSIT_COLUMNS " FROM deposit WHERE rail = ? AND external_id = ?";
constexpr char deposit_by_id[] = "SELECT id, " DEPOSIT_COLUMNS " FROM deposit WHERE id = ?";
constexpr char deposit_insert[] =
    "INSERT INTO deposit (" DEPOSIT_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr char deposit_update[] =
    "UPDATE deposit SET account_id = ?, status = ?, currency = ?, amount = ?, told = ?, credited = ?, "
    "credited_currency = ?, order_id = ?, address = ?, token = ?, tx = ?, block_hash = ?, block = ?, block_ms = ?, "
    "witnesses = ?, reason = ?, settled_us = ? WHERE rail = ? AND external_id = ? AND status <> 1 AND status <> 9";
constexpr char deposit_of_order[] = "SELECT id, " DEPOSIT_COLUMNS " FROM deposit WHERE order_id = ? AND status = 1";
constexpr char deposit_reversed[] = "SELECT COALESCE(SUM(amount), 0) FROM deposit WHERE order_id = ? AND status = 9";
constexpr char deposit_of[] =
    "SELECT id, " DEPOSIT_COLUMNS
    " FROM deposit WHERE account_id = ? AND id < ? AND (? < 0 OR status = ?) ORDER BY id DESC LIMIT ?";
constexpr char deposit_all[] =
    "SELECT id, " DEPOSIT_COLUMNS " FROM deposit WHERE id < ? AND (? < 0 OR status = ?) ORDER BY id DESC LIMIT ?";
#undef DEPOSIT_COLUMNS
constexpr char deposit_one_word[] =
    "SELECT COALESCE(SUM(amount), 0) FROM deposit WHERE rail = ? AND account_id = ? AND status = 1 AND witnesses < 2 "
    "AND settled_us > ?";
constexpr char deposit_sums[] =
    "SELECT COUNT(*), COALESCE(SUM(amount), 0), COALESCE(SUM(CASE WHEN status = 1 THEN amount ELSE 0 END), 0) "
    "FROM deposit WHERE rail = ? AND block_ms >= ? AND block_ms < ? AND status NOT IN (3, 4, 5)";

// External ids are "<transaction>:<log index>": ';' comes after ':'.
constexpr char deposit_failed[] =
    "SELECT COUNT(*) FROM deposit WHERE rail = ? AND external_id >= ? AND external_id < ? AND status = 4";

#define ORDER_COLUMNS "public_id, account_id, rail, currency, amount, status, created_us, expires_us"
constexpr char order_by_name[] = "SELECT id, " ORDER_COLUMNS " FROM topup_order WHERE public_id = ?";
constexpr char order_by_id[] = "SELECT id, " ORDER_COLUMNS " FROM topup_order WHERE id = ?";
constexpr char order_of[] =
    "SELECT id, " ORDER_COLUMNS " FROM topup_order WHERE account_id = ? AND id < ? ORDER BY id DESC LIMIT ?";
constexpr char order_insert[] = "INSERT INTO topup_order (" ORDER_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
#undef ORDER_COLUMNS
constexpr char order_open[] = "SELECT COUNT(*) FROM topup_order WHERE account_id = ? AND status = 0 AND expires_us > ?";
constexpr char order_paid[] = "UPDATE topup_order SET status = 1 WHERE id = ? AND status = 0";

#define ADDRESS_COLUMNS \
    "rail, address, account_id, usable_us, retired_us, assigned_us, listed_ms, others_ms, others, seal"
constexpr char address_one[] = "SELECT id, " ADDRESS_COLUMNS " FROM topup_address WHERE rail = ? AND address = ?";
constexpr char address_all[] =
    "SELECT id, " ADDRESS_COLUMNS " FROM topup_address WHERE rail = ? AND id > ? ORDER BY id LIMIT ?";
constexpr char address_assigned[] =
    "SELECT id, " ADDRESS_COLUMNS
    " FROM topup_address WHERE rail = ? AND account_id <> 0 AND id > ? ORDER BY id LIMIT ?";
constexpr char address_of[] = "SELECT id, " ADDRESS_COLUMNS
                              " FROM topup_address WHERE rail = ? AND account_id = ? AND account_id <> 0 "
                              "ORDER BY id";
constexpr char address_free[] =
    "SELECT id, " ADDRESS_COLUMNS
    " FROM topup_address WHERE rail = ? AND account_id = 0 AND usable_us <= ? AND (retired_us = 0 OR retired_us > ?) "
    "AND id > ? ORDER BY id LIMIT ?";
constexpr char address_insert[] =
    "INSERT INTO topup_address (" ADDRESS_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
#undef ADDRESS_COLUMNS
constexpr char address_count[] =
    "SELECT COUNT(*), COALESCE(SUM(CASE WHEN account_id <> 0 THEN 1 ELSE 0 END), 0), "
    "COALESCE(SUM(CASE WHEN account_id = 0 AND usable_us <= ? AND (retired_us = 0 OR retired_us > ?) THEN 1 ELSE 0 "
    "END), 0) FROM topup_address WHERE rail = ?";
constexpr char address_update[] =
    "UPDATE topup_address SET account_id = ?, usable_us = ?, retired_us = ?, assigned_us = ?, seal = ? WHERE id = ?";
constexpr char address_cursor[] = "UPDATE topup_address SET listed_ms = ?, others_ms = ?, others = ? WHERE id = ?";

#define SIGHTING_COLUMNS "tx, status, block_ms, seen_us, due_us, attempts, reason"
constexpr char sighting_insert[] = "INSERT INTO topup_sighting (rail, " SIGHTING_COLUMNS
                                   ") VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (rail, tx) DO NOTHING";
constexpr char sighting_save[] =
    "UPDATE topup_sighting SET status = ?, due_us = ?, attempts = ?, reason = ? WHERE id = ?";
constexpr char sighting_due[] = "SELECT id, " SIGHTING_COLUMNS
                                " FROM topup_sighting WHERE rail = ? AND status = 0 AND due_us <= ? "
                                "ORDER BY due_us, id LIMIT ?";
constexpr char sighting_one[] = "SELECT id, " SIGHTING_COLUMNS " FROM topup_sighting WHERE rail = ? AND tx = ?";
#undef SIGHTING_COLUMNS
constexpr char sighting_open[] = "SELECT COUNT(*) FROM topup_sighting WHERE rail = ? AND status = 0";

#define PROOF_COLUMNS "rail, day, ok, transfers, on_chain, recorded, credited, faults, at_us"
constexpr char proof_save[] =
    "INSERT INTO topup_proof (" PROOF_COLUMNS
    ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (rail, day) DO UPDATE SET ok = excluded.ok, transfers = "
    "excluded.transfers, on_chain = excluded.on_chain, recorded = excluded.recorded, credited = excluded.credited, "
    "faults = excluded.faults, at_us = excluded.at_us";
constexpr char proof_list[] = "SELECT " PROOF_COLUMNS " FROM topup_proof WHERE rail = ? ORDER BY day DESC LIMIT ?";
#undef PROOF_COLUMNS

constexpr std::array all_statements{
    deposit_by_name, deposit_by_id,    deposit_insert,   deposit_update, deposit_of_order, deposit_reversed,
    deposit_of,      deposit_all,      deposit_one_word, deposit_sums,   deposit_failed,   order_by_name,
    order_by_id,     order_of,         order_insert,     order_open,     order_paid,       address_one,
    address_all,     address_assigned, address_of,       address_free,   address_insert,   address_count,
    address_update,  address_cursor,   sighting_insert,  sighting_save,  sighting_due,     sighting_one,
    sighting_open,   proof_save,       proof_list};

Deposit deposit_row(const store::Query& q) {
    Deposit d;
    int i = 0;
    d.id = q.integer(i++);
    d.rail = q.text(i++);
    d.external_id = q.text(i++);
    d.account.value = q.integer(i++);
    d.status = static_cast<DepositStatus>(q.integer(i++));
    d.currency = q.text(i++);
    d.amount_nanos = q.integer(i++);
    d.told = q.text(i++);
    d.credited_nanos = q.integer(i++);
    d.credited_currency = q.text(i++);
    d.order = q.integer(i++);
    for (auto* text : {&d.address, &d.token, &d.tx, &d.block_hash}) *text = q.text(i++);
    d.block = q.integer(i++);
    d.block_ms = q.integer(i++);
    d.witnesses = q.integer(i++);
    d.reason = q.text(i++);
    d.seen_us = q.integer(i++);
    d.settled_us = q.integer(i++);
    return d;
}
Order order_row(const store::Query& q) {
    Order o;
    o.id = q.integer(0);
    o.public_id = q.text(1);
    o.account.value = q.integer(2);
    o.rail = q.text(3);
    o.currency = q.text(4);
    o.amount_nanos = q.integer(5);
    o.paid = q.integer(6) == 1;
    o.created_us = q.integer(7);
    o.expires_us = q.integer(8);
    return o;
}
AddressRow address_row(const store::Query& q) {
    AddressRow a;
    a.id = q.integer(0);
    a.rail = q.text(1);
    a.address = q.text(2);
    a.account.value = q.integer(3);
    a.usable_us = q.integer(4);
    a.retired_us = q.integer(5);
    a.assigned_us = q.integer(6);
    a.listed_ms = q.integer(7);
    a.others_ms = q.integer(8);
    a.others = q.integer(9);
    a.seal = q.blob(10);
    return a;
}
Sighting sighting_row(const store::Query& q) {
    Sighting s;
    s.id = q.integer(0);
    s.tx = q.text(1);
    s.status = static_cast<SightingStatus>(q.integer(2));
    s.block_ms = q.integer(3);
    s.seen_us = q.integer(4);
    s.due_us = q.integer(5);
    s.attempts = q.integer(6);
    s.reason = q.text(7);
    return s;
}

template <class Row>
auto one(store::Query q, Row row) -> Result<std::optional<decltype(row(q))>> {
    TRY(const bool found, q.step());
    if (!found) return std::optional<decltype(row(q))>{};
    return std::optional(row(q));
}
template <class Row>
auto many(store::Query q, Row row) -> Result<std::vector<decltype(row(q))>> {
    std::vector<decltype(row(q))> rows;
    for (;;) {
        TRY(const bool found, q.step());
        if (!found) return rows;
        rows.push_back(row(q));
    }
}
Result<int64_t> number(store::Query q) {
    TRYV(q.step());
    return q.integer(0);
}
Status done(store::Query& q) {
    TRYV(q.run());
    return {};
}
int64_t below(int64_t before) { return before ? before : INT64_MAX; }
}  // namespace

Result<std::optional<Deposit>> load_deposit(store::Db& db, std::string_view rail, std::string_view external_id) {
    return one(std::move(db.query(deposit_by_name).bind(rail).bind(external_id)), deposit_row);
}
Result<std::optional<Deposit>> load_deposit(store::Db& db, int64_t id) {
    return one(std::move(db.query(deposit_by_id).bind(id)), deposit_row);
}
Result<int64_t> insert_deposit(store::Db& db, const Deposit& d) {
    auto q = db.query(deposit_insert);
    q.bind(d.rail).bind(d.external_id).bind(d.account.value).bind(static_cast<int64_t>(d.status)).bind(d.currency);
    q.bind(d.amount_nanos).bind(d.told).bind(d.credited_nanos).bind(d.credited_currency).bind(d.order);
    for (const auto* text : {&d.address, &d.token, &d.tx, &d.block_hash}) q.bind(*text);
    q.bind(d.block).bind(d.block_ms).bind(d.witnesses).bind(d.reason).bind(d.seen_us).bind(d.settled_us);
    TRYV(q.run());
    return db.last_id();
}
Result<int64_t> update_deposit(store::Db& db, const Deposit& d) {
    auto q = db.query(deposit_update);
    q.bind(d.account.value).bind(static_cast<int64_t>(d.status)).bind(d.currency).bind(d.amount_nanos).bind(d.told);
    q.bind(d.credited_nanos).bind(d.credited_currency).bind(d.order);
    for (const auto* text : {&d.address, &d.token, &d.tx, &d.block_hash}) q.bind(*text);
    q.bind(d.block).bind(d.block_ms).bind(d.witnesses).bind(d.reason).bind(d.settled_us);
    q.bind(d.rail).bind(d.external_id);
    return q.run();
}
Result<PaidOrder> paid_order(store::Db& db, int64_t order) {
    PaidOrder paid;
    TRY(paid.deposit, one(std::move(db.query(deposit_of_order).bind(order)), deposit_row));
    TRY(paid.reversed_nanos, number(std::move(db.query(deposit_reversed).bind(order))));
    return paid;
}
Result<std::vector<Deposit>> list_deposits(store::Db& db, AccountId account, int status, int64_t before,
                                           int64_t limit) {
    auto q = db.query(account ? deposit_of : deposit_all);
    if (account) q.bind(account.value);
    q.bind(below(before)).bind(status).bind(status).bind(limit);
    return many(std::move(q), deposit_row);
}
Result<int64_t> credited_on_one_word(store::Db& db, std::string_view rail, AccountId account, int64_t since_us) {
    return number(std::move(db.query(deposit_one_word).bind(rail).bind(account.value).bind(since_us)));
}
Result<bool> failed_on_chain(store::Db& db, std::string_view rail, std::string_view tx) {
    const std::string from = std::string(tx) + ':', to = std::string(tx) + ';';
    auto q = db.query(deposit_failed);
    q.bind(rail).bind(from).bind(to);
    TRY(const bool row, q.step());
    return row && q.integer(0) > 0;
}

Result<Sums> sums(store::Db& db, std::string_view rail, int64_t from_ms, int64_t to_ms) {
    auto q = db.query(deposit_sums);
    q.bind(rail).bind(from_ms).bind(to_ms);
    TRYV(q.step());
    return Sums{q.integer(0), q.integer(1), q.integer(2)};
}

Result<std::optional<Order>> load_order(store::Db& db, std::string_view public_id) {
    return one(std::move(db.query(order_by_name).bind(public_id)), order_row);
}
Result<std::optional<Order>> load_order(store::Db& db, int64_t id) {
    return one(std::move(db.query(order_by_id).bind(id)), order_row);
}
Result<int64_t> count_open_orders(store::Db& db, AccountId account, int64_t now_us) {
    return number(std::move(db.query(order_open).bind(account.value).bind(now_us)));
}
Status insert_order(store::Db& db, const Order& o) {
    auto q = db.query(order_insert);
    q.bind(o.public_id).bind(o.account.value).bind(o.rail).bind(o.currency).bind(o.amount_nanos).bind(o.paid ? 1 : 0);
    q.bind(o.created_us).bind(o.expires_us);
    return done(q);
}
Result<int64_t> mark_paid(store::Db& db, int64_t id) { return db.query(order_paid).bind(id).run(); }
Result<std::vector<Order>> list_orders(store::Db& db, AccountId account, int64_t before, int64_t limit) {
    return many(std::move(db.query(order_of).bind(account.value).bind(below(before)).bind(limit)), order_row);
}

Result<std::optional<AddressRow>> load_address(store::Db& db, std::string_view rail, std::string_view address) {
    return one(std::move(db.query(address_one).bind(rail).bind(address)), address_row);
}
Result<std::vector<AddressRow>> list_addresses(store::Db& db, std::string_view rail, int64_t after, int64_t limit) {
    return many(std::move(db.query(address_all).bind(rail).bind(after).bind(limit)), address_row);
}
Result<std::vector<AddressRow>> assigned_addresses(store::Db& db, std::string_view rail, int64_t after, int64_t limit) {
    return many(std::move(db.query(address_assigned).bind(rail).bind(after).bind(limit)), address_row);
}
Result<std::vector<AddressRow>> addresses_of(store::Db& db, std::string_view rail, AccountId account) {
    return many(std::move(db.query(address_of).bind(rail).bind(account.value)), address_row);
}
Result<std::vector<AddressRow>> free_addresses(store::Db& db, std::string_view rail, int64_t now_us, int64_t after,
                                               int64_t limit) {
    auto q = db.query(address_free);
    q.bind(rail).bind(now_us).bind(now_us).bind(after).bind(limit);
    return many(std::move(q), address_row);
}
Result<Pool> count_addresses(store::Db& db, std::string_view rail, int64_t now_us) {
    auto q = db.query(address_count);
    q.bind(now_us).bind(now_us).bind(rail);
    TRYV(q.step());
    return Pool{q.integer(0), q.integer(1), q.integer(2)};
}
Result<int64_t> insert_address(store::Db& db, const AddressRow& a) {
    auto q = db.query(address_insert);
    q.bind(a.rail).bind(a.address).bind(a.account.value).bind(a.usable_us).bind(a.retired_us).bind(a.assigned_us);
    q.bind(a.listed_ms).bind(a.others_ms).bind(a.others).bind_blob(a.seal);
    TRYV(q.run());
    return db.last_id();
}
Status update_address(store::Db& db, const AddressRow& a) {
    auto q = db.query(address_update);
    q.bind(a.account.value).bind(a.usable_us).bind(a.retired_us).bind(a.assigned_us).bind_blob(a.seal).bind(a.id);
    return done(q);
}
Status save_cursor(store::Db& db, int64_t id, int64_t listed_ms, int64_t others_ms, int64_t others) {
    auto q = db.query(address_cursor);
    q.bind(listed_ms).bind(others_ms).bind(others).bind(id);
    return done(q);
}

Status insert_sighting(store::Db& db, std::string_view rail, const Sighting& s) {
    auto q = db.query(sighting_insert);
    q.bind(rail).bind(s.tx).bind(static_cast<int64_t>(s.status)).bind(s.block_ms).bind(s.seen_us).bind(s.due_us);
    q.bind(s.attempts).bind(s.reason);
    return done(q);
}
Status save_sighting(store::Db& db, const Sighting& s) {
    auto q = db.query(sighting_save);
    q.bind(static_cast<int64_t>(s.status)).bind(s.due_us).bind(s.attempts).bind(s.reason).bind(s.id);
    return done(q);
}
Result<std::vector<Sighting>> due_sightings(store::Db& db, std::string_view rail, int64_t now_us, int64_t limit) {
    return many(std::move(db.query(sighting_due).bind(rail).bind(now_us).bind(limit)), sighting_row);
}
Result<std::optional<Sighting>> load_sighting(store::Db& db, std::string_view rail, std::string_view tx) {
    return one(std::move(db.query(sighting_one).bind(rail).bind(tx)), sighting_row);
}
Result<int64_t> count_open_sightings(store::Db& db, std::string_view rail) {
    return number(std::move(db.query(sighting_open).bind(rail)));
}

Status save_proof(store::Db& db, const ProofRow& p) {
    auto q = db.query(proof_save);
    q.bind(p.rail).bind(p.day).bind(p.ok ? 1 : 0).bind(p.transfers).bind(p.on_chain).bind(p.recorded);
    q.bind(p.credited).bind(p.faults_json).bind(p.at_us);
    return done(q);
}
Result<std::vector<ProofRow>> list_proofs(store::Db& db, std::string_view rail, int64_t limit) {
    return many(std::move(db.query(proof_list).bind(rail).bind(limit)), [](const store::Query& q) {
        ProofRow p;
        p.rail = q.text(0);
        p.day = q.text(1);
        p.ok = q.integer(2) == 1;
        p.transfers = q.integer(3);
        p.on_chain = q.integer(4);
        p.recorded = q.integer(5);
        p.credited = q.integer(6);
        p.faults_json = q.text(7);
        p.at_us = q.integer(8);
        return p;
    });
}

std::span<const char* const> statements() { return all_statements; }

}  // namespace aig::topup::sql
