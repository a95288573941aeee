// The SQL of what money does beside calls: rates, refunds, coupons, budgets of tags. One thin function a
// statement, as in ledger_store.h.
#pragma once

#include <span>

#include "ledger/book.h"

namespace aig::ledger {
class EntryCheck;
struct Faults;
}  // namespace aig::ledger
namespace aig::ledger::sql {

Result<RateTable> load_rates(store::Db& db);
Result<int64_t> insert_rate(store::Db& db, std::string_view currency, Ratio per_usd, std::string_view source,
                            int64_t at_us);

/// What was given back of a charge so far, by wallet.
Result<int64_t> refunded(store::Db& db, int64_t charge, int64_t wallet);
Status add_refund(store::Db& db, int64_t charge, int64_t wallet, int64_t amount);

/// What a charge took, one part a wallet, in the order it took them; empty when `entry` is not the first entry of a
/// charge of this account.
struct ChargePart {
    int64_t entry = 0, wallet = 0, amount = 0;
};
Result<std::vector<ChargePart>> charge_parts(store::Db& db, int64_t account, int64_t entry);

/// Bonus wallets past their time with something left and nothing held: wallet and account.
Result<std::vector<std::pair<int64_t, int64_t>>> expired_bonuses(store::Db& db, int64_t at_us, int64_t limit);
Status set_wallet_status(store::Db& db, int64_t account, bool frozen);
Status set_wallet_low(store::Db& db, int64_t account, std::optional<int64_t> nanos);

Result<int64_t> insert_coupon(store::Db& db, const NewCoupon& coupon, int64_t at_us);
Result<int64_t> set_coupon_disabled(store::Db& db, std::string_view code, int64_t disabled_us);
/// Zero rows changed: it is used up, disabled or expired.
Result<int64_t> take_coupon_use(store::Db& db, int64_t coupon, int64_t at_us);
Result<int64_t> coupon_uses_of(store::Db& db, int64_t coupon, int64_t account);
Status insert_coupon_use(store::Db& db, int64_t coupon, int64_t account, int64_t n, int64_t entry,
                         std::string_view request_id, int64_t at_us);

Result<TagBudgets> load_tag_budgets(store::Db& db);
Status save_tag_budget(store::Db& db, const TagBudget& budget);
Result<int64_t> delete_tag_budget(store::Db& db, int64_t account, std::string_view tag);
Result<std::string> tag_of_budget(store::Db& db, int64_t id);

/// What verify compares of these tables: rates pinned in the journal, refunds, coupons.
Status check_moves(store::Db& db, const EntryCheck& entries, Faults& faults);

std::span<const char* const> move_statements();

}  // namespace aig::ledger::sql
