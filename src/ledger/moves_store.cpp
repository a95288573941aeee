#include "ledger/moves_store.h"

#include "ledger/detail/check.h"
#include "ledger/ledger_store.h"
#include "store/each_row.h"

namespace aig::ledger {
namespace sql {
namespace {
constexpr char rate_all[] = "SELECT id, currency, num, den FROM fx_rate ORDER BY id";
constexpr char rate_insert[] = "INSERT INTO fx_rate (currency, num, den, source, at_us) VALUES (?, ?, ?, ?, ?)";
constexpr char refund_sum[] = "SELECT amount FROM refund WHERE charge = ? AND wallet_id = ?";
constexpr char refund_insert[] =
    "INSERT INTO refund (charge, wallet_id, amount) VALUES (?, ?, 0) ON CONFLICT DO NOTHING";
constexpr char refund_add[] = "UPDATE refund SET amount = amount + ? WHERE charge = ? AND wallet_id = ?";
constexpr char wallet_expired[] =
    "SELECT id, account_id FROM wallet WHERE kind = 1 AND expires_us <= ? AND credits > debits AND held = 0 ORDER BY "
    "expires_us LIMIT ?";
constexpr char wallet_status[] = "UPDATE wallet SET status = ? WHERE account_id = ? AND kind = 0";
constexpr char wallet_low[] = "UPDATE wallet SET low = ? WHERE account_id = ? AND kind = 0";
constexpr char coupon_insert[] =
    "INSERT INTO coupon (code, kind, currency, amount, percent_bps, models, max_uses, max_per_account, expires_us, "
    "bonus_days, created_us, note) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
constexpr char coupon_disable[] = "UPDATE coupon SET disabled_us = ? WHERE code = ?";
constexpr char coupon_take[] =
    "UPDATE coupon SET uses = uses + 1 WHERE id = ? AND uses < max_uses AND disabled_us = 0 AND (expires_us = 0 OR "
    "expires_us > ?)";
constexpr char coupon_by_code[] =
    "SELECT id, code, kind, currency, amount, percent_bps, models, max_uses, max_per_account, uses, expires_us, "
    "bonus_days, disabled_us, created_us, note FROM coupon WHERE code = ?";
constexpr char coupon_list[] =
    "SELECT id, code, kind, currency, amount, percent_bps, models, max_uses, max_per_account, uses, expires_us, "
    "bonus_days, disabled_us, created_us, note FROM coupon WHERE id < ? ORDER BY id DESC LIMIT ?";
constexpr char use_count[] = "SELECT COUNT(*) FROM coupon_use WHERE coupon_id = ? AND account_id = ?";
constexpr char use_insert[] =
    "INSERT INTO coupon_use (coupon_id, account_id, n, entry_id, request_id, at_us) VALUES (?, ?, ?, ?, ?, ?)";
constexpr char use_list[] =
    "SELECT c.code, c.kind, c.amount, c.percent_bps, u.entry_id, u.at_us, u.request_id FROM coupon_use u JOIN coupon c "
    "ON c.id = u.coupon_id WHERE u.account_id = ? ORDER BY u.at_us DESC, c.id DESC LIMIT ? OFFSET ?";
constexpr char tag_all[] = "SELECT id, account_id, tag, period, cap FROM tag_budget ORDER BY id";
constexpr char tag_list[] = "SELECT id, account_id, tag, period, cap FROM tag_budget WHERE account_id = ? ORDER BY tag";
constexpr char tag_insert[] =
    "INSERT INTO tag_budget (account_id, tag, period, cap) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING";
constexpr char tag_update[] = "UPDATE tag_budget SET period = ?, cap = ? WHERE account_id = ? AND tag = ?";
constexpr char tag_delete[] = "DELETE FROM tag_budget WHERE account_id = ? AND tag = ?";
constexpr char tag_name[] = "SELECT tag FROM tag_budget WHERE id = ?";
constexpr char refund_all[] = "SELECT charge, wallet_id, amount FROM refund ORDER BY charge, wallet_id";
constexpr char coupon_miscounted[] =
    "SELECT c.id FROM coupon c LEFT JOIN coupon_use u ON u.coupon_id = c.id GROUP BY c.id, c.uses, c.max_uses HAVING "
    "c.uses <> COUNT(u.coupon_id) OR c.uses > c.max_uses";
constexpr char coupon_unpaid[] =
    "SELECT u.coupon_id FROM coupon_use u JOIN coupon c ON c.id = u.coupon_id LEFT JOIN entry e ON e.id = u.entry_id "
    "AND "
    "e.kind = 11 AND e.account_id = u.account_id AND e.amount = c.amount WHERE c.kind = 0 AND e.id IS NULL";

constexpr const char* statements_here[] = {
    wallet_expired, refund_all, coupon_miscounted, coupon_unpaid,  rate_all,      rate_insert,    refund_sum,
    refund_insert,  refund_add, wallet_status,     wallet_low,     coupon_insert, coupon_disable, coupon_take,
    coupon_list,    use_count,  use_insert,        use_list,       tag_all,       tag_list,       tag_insert,
    tag_update,     tag_delete, tag_name,          coupon_by_code,
};

using store::each_row;
Result<int64_t> one_number(store::Query q) {
    TRY(const bool row, q.step());
    return row ? q.integer(0) : 0;
}
std::string joined(const std::vector<std::string>& models) {
    std::string out;
    for (const auto& m : models) out.append(out.empty() ? "" : ",").append(m);
    return out;
}
std::vector<std::string> split(std::string_view text) {
    std::vector<std::string> out;
    while (!text.empty()) {
        const auto comma = text.find(',');
        out.emplace_back(text.substr(0, comma));
        text = comma == std::string_view::npos ? "" : text.substr(comma + 1);
    }
    return out;
}
Coupon coupon_of(const store::Query& q) {
    Coupon c;
    c.id = q.integer(0);
    c.code = q.text(1);
    c.kind = q.integer(2) == 1 ? CouponKind::discount : CouponKind::bonus;
    c.currency = q.text(3);
    c.amount_nanos = q.integer(4);
    c.percent_bps = q.integer(5);
    c.models = split(q.text(6));
    c.max_uses = q.integer(7);
    c.max_per_account = q.integer(8);
    c.uses = q.integer(9);
    c.expires_us = q.integer(10);
    c.bonus_days = q.integer(11);
    c.disabled = q.integer(12) != 0;
    c.created_us = q.integer(13);
    c.note = q.text(14);
    return c;
}
TagBudget tag_of(const store::Query& q) {
    return {q.integer(0), AccountId{q.integer(1)}, std::string(q.text(2)), std::string(q.text(3)), q.integer(4)};
}
}  // namespace

Result<RateTable> load_rates(store::Db& db) {
    RateTable table;
    TRYV(each_row(db.query(rate_all), [&](const store::Query& q) {
        table.set(std::string(q.text(1)), {q.integer(0), {q.integer(2), q.integer(3)}});
    }));
    return table;
}
Result<int64_t> insert_rate(store::Db& db, std::string_view currency, Ratio per_usd, std::string_view source,
                            int64_t at_us) {
    auto q = db.query(rate_insert);
    TRYV(q.bind(currency).bind(per_usd.num).bind(per_usd.den).bind(source).bind(at_us).run());
    return db.last_id();
}

Result<int64_t> refunded(store::Db& db, int64_t charge, int64_t wallet) {
    return one_number(std::move(db.query(refund_sum).bind(charge).bind(wallet)));
}
Status add_refund(store::Db& db, int64_t charge, int64_t wallet, int64_t amount) {
    TRYV(db.query(refund_insert).bind(charge).bind(wallet).run());
    TRYV(db.query(refund_add).bind(amount).bind(charge).bind(wallet).run());
    return {};
}
Result<std::vector<ChargePart>> charge_parts(store::Db& db, int64_t account, int64_t entry) {
    std::vector<ChargePart> parts;
    int64_t hold = 0;
    TRYV(each_entry(db, entry - 1, entry, 1, [&](const StoredEntry& s) {
        if (s.entry.account == account && s.entry.kind == EntryKind::usage) hold = s.entry.hold;
    }));
    if (!hold) return parts;
    TRYV(each_entry_of(db, hold, [&](const HoldEntry& e) {
        if (e.kind == EntryKind::usage) parts.push_back({e.id, e.wallet, e.amount});
    }));
    if (parts.empty() || parts.front().entry != entry) parts.clear();
    return parts;
}

Result<std::vector<std::pair<int64_t, int64_t>>> expired_bonuses(store::Db& db, int64_t at_us, int64_t limit) {
    std::vector<std::pair<int64_t, int64_t>> out;
    TRYV(each_row(std::move(db.query(wallet_expired).bind(at_us).bind(limit)),
                  [&](const store::Query& q) { out.emplace_back(q.integer(0), q.integer(1)); }));
    return out;
}
Status set_wallet_status(store::Db& db, int64_t account, bool frozen) {
    TRYV(db.query(wallet_status).bind(frozen ? 1 : 0).bind(account).run());
    return {};
}
Status set_wallet_low(store::Db& db, int64_t account, std::optional<int64_t> nanos) {
    TRYV(db.query(wallet_low).bind(nanos).bind(account).run());
    return {};
}

Result<int64_t> insert_coupon(store::Db& db, const NewCoupon& c, int64_t at_us) {
    auto q = db.query(coupon_insert);
    q.bind(c.code).bind(static_cast<int64_t>(c.kind)).bind(c.currency).bind(c.amount_nanos).bind(c.percent_bps);
    q.bind(joined(c.models)).bind(c.max_uses).bind(c.max_per_account).bind(c.expires_us).bind(c.bonus_days);
    TRYV(q.bind(at_us).bind(c.note).run());
    return db.last_id();
}
Result<int64_t> set_coupon_disabled(store::Db& db, std::string_view code, int64_t disabled_us) {
    return db.query(coupon_disable).bind(disabled_us).bind(code).run();
}
Result<int64_t> take_coupon_use(store::Db& db, int64_t coupon, int64_t at_us) {
    return db.query(coupon_take).bind(coupon).bind(at_us).run();
}
Result<int64_t> coupon_uses_of(store::Db& db, int64_t coupon, int64_t account) {
    return one_number(std::move(db.query(use_count).bind(coupon).bind(account)));
}
Status insert_coupon_use(store::Db& db, int64_t coupon, int64_t account, int64_t n, int64_t entry,
                         std::string_view request_id, int64_t at_us) {
    auto q = db.query(use_insert);
    TRYV(q.bind(coupon).bind(account).bind(n).bind(entry).bind(request_id).bind(at_us).run());
    return {};
}

Result<TagBudgets> load_tag_budgets(store::Db& db) {
    TagBudgets all;
    TRYV(each_row(db.query(tag_all), [&](const store::Query& q) {
        auto b = tag_of(q);
        std::pair key{b.account.value, b.tag};
        all.emplace(std::move(key), std::move(b));
    }));
    return all;
}
Status save_tag_budget(store::Db& db, const TagBudget& b) {
    TRYV(db.query(tag_insert).bind(b.account.value).bind(b.tag).bind(b.period).bind(b.cap_nanos).run());
    TRYV(db.query(tag_update).bind(b.period).bind(b.cap_nanos).bind(b.account.value).bind(b.tag).run());
    return {};
}
Result<int64_t> delete_tag_budget(store::Db& db, int64_t account, std::string_view tag) {
    return db.query(tag_delete).bind(account).bind(tag).run();
}
Result<std::string> tag_of_budget(store::Db& db, int64_t id) {
    auto q = db.query(tag_name);
    TRY(const bool row, q.bind(id).step());
    return row ? std::string(q.text(0)) : std::string();
}

Status check_moves(store::Db& db, const EntryCheck& entries, Faults& faults) {
    std::map<int64_t, Ratio> rates;
    TRYV(each_row(db.query(rate_all), [&](const store::Query& q) {
        rates[q.integer(0)] = {q.integer(2), q.integer(3)};
    }));
    for (const auto& [id, pinned] : entries.rates)
        if (const auto it = rates.find(id); it == rates.end() || !(it->second == pinned.per_usd))
            faults.add("a rate is what was pinned", "fx_rate", id);
    auto refunds = entries.refunds;
    TRYV(each_row(db.query(refund_all), [&](const store::Query& q) {
        const auto it = refunds.find({q.integer(0), q.integer(1)});
        if (it == refunds.end() || it->second != q.integer(2))
            faults.add("refunded = journal", "refund of entry", q.integer(0));
        if (it != refunds.end()) refunds.erase(it);
    }));
    for (const auto& [key, sum] : refunds) faults.add("refunded = journal", "refund of entry", key.first);
    TRYV(each_row(db.query(coupon_miscounted), [&](const store::Query& q) {
        faults.add("coupon uses = redemptions <= most", "coupon", q.integer(0));
    }));
    return each_row(db.query(coupon_unpaid), [&](const store::Query& q) {
        faults.add("every redemption has its entry", "coupon", q.integer(0));
    });
}

std::span<const char* const> move_statements() { return statements_here; }
}  // namespace sql

Result<Coupon> find_coupon(store::Db& db, std::string_view code) {
    auto q = db.query(sql::coupon_by_code);
    TRY(const bool row, q.bind(code).step());
    if (!row) return Error(ErrorCode::coupon_invalid, "there is no coupon with this code");
    return sql::coupon_of(q);
}
Result<std::vector<Coupon>> coupons(store::Db& db, int64_t before, int64_t limit) {
    std::vector<Coupon> out;
    auto q = db.query(sql::coupon_list);
    q.bind(before > 0 ? before : INT64_MAX).bind(limit);
    TRYV(sql::each_row(std::move(q), [&](const store::Query& row) { out.push_back(sql::coupon_of(row)); }));
    return out;
}
Result<std::vector<CouponUse>> coupon_uses(store::Db& db, AccountId account, int64_t offset, int64_t limit) {
    std::vector<CouponUse> out;
    auto q = db.query(sql::use_list);
    q.bind(account.value).bind(limit).bind(offset);
    TRYV(sql::each_row(std::move(q), [&](const store::Query& r) {
        const auto kind = r.integer(1) == 1 ? CouponKind::discount : CouponKind::bonus;
        out.push_back({std::string(r.text(0)), kind, r.integer(2), r.integer(3), r.integer(4), r.integer(5),
                       std::string(r.text(6))});
    }));
    return out;
}
Result<std::vector<TagBudget>> tag_budgets(store::Db& db, AccountId account) {
    std::vector<TagBudget> out;
    TRYV(sql::each_row(std::move(db.query(sql::tag_list).bind(account.value)),
                       [&](const store::Query& q) { out.push_back(sql::tag_of(q)); }));
    return out;
}

}  // namespace aig::ledger
