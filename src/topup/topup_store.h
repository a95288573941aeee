// Every SQL statement of the room, one thin function each. They keep to what SQLite and PostgreSQL both understand.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "store/db.h"
#include "topup/deposit.h"

namespace aig::topup::sql {

Result<std::optional<Deposit>> load_deposit(store::Db& db, std::string_view rail, std::string_view external_id);
Result<std::optional<Deposit>> load_deposit(store::Db& db, int64_t id);
Result<int64_t> insert_deposit(store::Db& db, const Deposit& deposit);
/// Everything but rail and external id; a credited one is not changed (0 rows).
Result<int64_t> update_deposit(store::Db& db, const Deposit& deposit);
/// The deposit that paid an order, and what of it was taken back.
struct PaidOrder {
    std::optional<Deposit> deposit;
    int64_t reversed_nanos = 0;
};
Result<PaidOrder> paid_order(store::Db& db, int64_t order);
/// Newest first, from below `before` (0 = the newest); account 0 = all, status < 0 = all.
Result<std::vector<Deposit>> list_deposits(store::Db& db, AccountId account, int status, int64_t before, int64_t limit);
/// What an account was credited since, on the word of a single source.
Result<int64_t> credited_on_one_word(store::Db& db, std::string_view rail, AccountId account, int64_t since_us);
/// Of deposits whose block lies in [from_ms, to_ms): all that were recorded as ours, and those credited.
struct Sums {
    int64_t count = 0, recorded = 0, credited = 0;
};
/// The transaction is known to have failed: some nodes list its transfers all the same.
Result<bool> failed_on_chain(store::Db& db, std::string_view rail, std::string_view tx);
Result<Sums> sums(store::Db& db, std::string_view rail, int64_t from_ms, int64_t to_ms);

Result<std::optional<Order>> load_order(store::Db& db, std::string_view public_id);
Result<std::optional<Order>> load_order(store::Db& db, int64_t id);
Result<int64_t> count_open_orders(store::Db& db, AccountId account, int64_t now_us);
Status insert_order(store::Db& db, const Order& order);
/// 0 rows: it was paid before.
Result<int64_t> mark_paid(store::Db& db, int64_t id);
Result<std::vector<Order>> list_orders(store::Db& db, AccountId account, int64_t before, int64_t limit);

struct AddressRow {
    int64_t id = 0;
    std::string rail, address;
    AccountId account;
    int64_t usable_us = 0, retired_us = 0, assigned_us = 0, listed_ms = 0, others_ms = 0, others = 0;
    std::string seal;
};
Result<std::optional<AddressRow>> load_address(store::Db& db, std::string_view rail, std::string_view address);
Result<std::vector<AddressRow>> list_addresses(store::Db& db, std::string_view rail, int64_t after, int64_t limit);
Result<std::vector<AddressRow>> assigned_addresses(store::Db& db, std::string_view rail, int64_t after, int64_t limit);
Result<std::vector<AddressRow>> addresses_of(store::Db& db, std::string_view rail, AccountId account);
/// Nobody's, in force now, by id from behind `after`.
Result<std::vector<AddressRow>> free_addresses(store::Db& db, std::string_view rail, int64_t now_us, int64_t after,
                                               int64_t limit);
struct Pool {
    int64_t total = 0, assigned = 0, free = 0;
};
Result<Pool> count_addresses(store::Db& db, std::string_view rail, int64_t now_us);
Result<int64_t> insert_address(store::Db& db, const AddressRow& row);
/// Owner, times and seal.
Status update_address(store::Db& db, const AddressRow& row);
Status save_cursor(store::Db& db, int64_t id, int64_t listed_ms, int64_t others_ms, int64_t others);

enum class SightingStatus : uint8_t { open = 0, resolved = 1, given_up = 2 };
struct Sighting {
    int64_t id = 0;
    std::string tx;
    SightingStatus status = SightingStatus::open;
    int64_t block_ms = 0, seen_us = 0, due_us = 0, attempts = 0;
    std::string reason;
};
Status insert_sighting(store::Db& db, std::string_view rail, const Sighting& sighting);
Status save_sighting(store::Db& db, const Sighting& sighting);
Result<std::vector<Sighting>> due_sightings(store::Db& db, std::string_view rail, int64_t now_us, int64_t limit);
Result<std::optional<Sighting>> load_sighting(store::Db& db, std::string_view rail, std::string_view tx);
Result<int64_t> count_open_sightings(store::Db& db, std::string_view rail);

struct ProofRow {
    std::string rail, day, faults_json = "[]";
    bool ok = false;
    int64_t transfers = 0, on_chain = 0, recorded = 0, credited = 0, at_us = 0;
};
Status save_proof(store::Db& db, const ProofRow& row);
Result<std::vector<ProofRow>> list_proofs(store::Db& db, std::string_view rail, int64_t limit);

/// All statements, for the test that prepares each on an empty database.
std::span<const char* const> statements();

}  // namespace aig::topup::sql
