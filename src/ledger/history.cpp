#include "ledger/history.h"

#include <algorithm>

#include "ledger/detail/canonical.h"
#include "ledger/detail/journal.h"

namespace aig::ledger {
namespace {
constexpr const char* entries_before =
    "SELECT e.id, e.kind, e.amount, e.at_us, e.ref, e.body, COALESCE(w.kind, 0) FROM entry e "
    "LEFT JOIN wallet w ON w.id = e.wallet_id "
    "WHERE e.account_id = ?1 AND e.kind <> 20 AND e.kind < 30 AND e.id < ?2 ORDER BY e.id DESC LIMIT ?3";

std::string_view shown_kind(EntryKind kind) {
    switch (kind) {
        case EntryKind::coupon:
            return "coupon";
        case EntryKind::refund:
            return "refund";
        case EntryKind::adjustment_in:
        case EntryKind::adjustment_out:
            return "adjustment";
        case EntryKind::expiry:
            return "expiry";
        case EntryKind::payout:
            return "payout";
        default:
            return "deposit";
    }
}
}  // namespace

Result<std::vector<Movement>> movements(store::Db& db, AccountId account, int64_t before, int64_t limit) {
    auto q = db.query(entries_before);
    q.bind(account.value).bind(before ? before : INT64_MAX).bind(std::clamp<int64_t>(limit, 1, 100'000));
    std::vector<Movement> out;
    while (true) {
        TRY(const bool row, q.step());
        if (!row) return out;
        const auto kind = static_cast<EntryKind>(q.integer(1));
        const int64_t amount = q.integer(2);
        out.push_back({q.integer(0), shown_kind(kind), debits_wallet(kind) ? -amount : amount, q.integer(3),
                       q.integer(6) != 0, std::string(q.text(4)), std::string(memo_of(q.blob(5)))});
    }
}

}  // namespace aig::ledger
