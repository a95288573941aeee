#include "ledger/detail/moves.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/money.h"
#include "ledger/ledger_store.h"

namespace aig::ledger {
namespace {
constexpr size_t max_text = 500;
constexpr int64_t max_spread_bps = 5'000;
constexpr int64_t us_per_day = 86'400'000'000;

Error no_wallet() { return Error(ErrorCode::resource_not_found, "the account has no wallet"); }
Error torn() { return Error(ErrorCode::internal, "the plan of a batch does not fit the wallet"); }
Status above_zero(int64_t amount) {
    if (amount > 0) return {};
    return Error(ErrorCode::bad_param, "the amount must be above zero").param("amount");
}
std::string memo_body(std::string_view memo) {
    std::string body;
    encode_memo(body, memo);
    return body;
}
}  // namespace

Status CreateWalletOp::check(store::Db& db) {
    if (!is_currency(currency_))
        return Error(ErrorCode::bad_param, "a currency has 3 to 8 capital letters").param("currency");
    TRY(const auto* purse, vault().purse(db, account_.value));
    if (purse) return Error(ErrorCode::conflict, "the account has a wallet");
    return {};
}
Status CreateWalletOp::apply(store::Db& db) { return sql::insert_wallet(db, account_.value, false, currency_, {}); }

Status PostOp::check(store::Db& db) {
    at_us_ = vault().now_us();
    *posted_ = {};
    if (ref_.empty() || ref_.size() > max_text || memo_.size() > max_text)
        return Error(ErrorCode::bad_param, "the reference must have 1 to 500 bytes, the memo at most 500").param("ref");
    TRY(purse_, vault().purse(db, account_.value));
    if (!purse_) return no_wallet();
    posted_->wallet = purse_->view(at_us_);
    TRY(posted_->before, sql::ref_exists(db, account_.value, ref_));
    if (posted_->before) return {};
    return plan(db);
}

Status PostOp::apply(store::Db& db) {
    if (posted_->before) return {};
    posted_->entry = posted_->amount_nanos = 0;
    TRYV(post(db));
    TRY(const auto* purse, vault().purse(db, account_.value));
    posted_->wallet = purse->view(at_us_);
    return {};
}

Status PostOp::append(store::Db& db, EntryKind kind, int64_t wallet, int64_t amount, std::string_view body) {
    Entry e{0, kind, account_.value, wallet, amount, 0, at_us_, {}, body};
    if (!posted_->entry) e.ref = ref_;
    TRY(const int64_t id, vault().journal().append(db, e));
    if (!posted_->entry) posted_->entry = id;
    return {};
}

Status PostOp::pay_in(store::Db& db, EntryKind kind, Wallet& wallet, int64_t amount, std::string_view body) {
    wallet.credits += amount;
    vault().touch(wallet);
    posted_->amount_nanos += amount;
    return append(db, kind, wallet.id, amount, body);
}

Status PostOp::room_for(int64_t amount) const {
    int64_t sum = amount;
    for (const auto& w : purse_->wallets)
        if (__builtin_add_overflow(sum, w.credits, &sum))
            return Error(ErrorCode::bad_param, "the balance would not fit").param("amount");
    return {};
}

Result<Wallet*> PostOp::new_bonus(store::Db& db, std::optional<int64_t> expires_us) {
    TRYV(sql::insert_wallet(db, account_.value, true, purse_->currency, expires_us));
    const int64_t id = db.last_id();
    TRYV(vault().forget(db, account_.value));
    TRY(purse_, vault().purse(db, account_.value));
    auto* wallet = purse_ ? purse_->find(id) : nullptr;
    if (!wallet) return torn();
    return wallet;
}

Status CreditOp::plan(store::Db&) {
    TRYV(above_zero(amount_));
    return room_for(amount_);
}
Status CreditOp::post(store::Db& db) {
    TRY(purse_, vault().purse(db, account_.value));
    Wallet* wallet = &purse_->main();
    if (kind_ == EntryKind::coupon) {
        TRY(wallet, new_bonus(db, expires_us_ ? std::optional(expires_us_) : std::nullopt));
    }
    return pay_in(db, kind_, *wallet, amount_, memo_body(memo_));
}

Status DepositOp::plan(store::Db&) {
    TRYV(above_zero(deposit_.amount_nanos));
    if (deposit_.currency.empty() || deposit_.currency == purse_->currency) return room_for(deposit_.amount_nanos);
    if (deposit_.spread_bps < 0 || deposit_.spread_bps > max_spread_bps)
        return Error(ErrorCode::bad_param, "the spread must be 0 to 5,000 basis points").param("spread_bps");
    const auto rates = vault().shared().rates.load();
    TRY(const Rate from, rates->needed(deposit_.currency));
    TRY(const Rate to, rates->needed(purse_->currency));
    fx_ = {memo_, deposit_.currency, {from.id, from.per_usd}, {to.id, to.per_usd}, deposit_.spread_bps};
    TRY(changed_, change(deposit_.amount_nanos, fx_));
    TRYV(above_zero(changed_.net));
    return room_for(changed_.net);
}
Status DepositOp::post(store::Db& db) {
    if (fx_.currency.empty())
        return pay_in(db, EntryKind::deposit, purse_->main(), deposit_.amount_nanos, memo_body(memo_));
    std::string body;
    encode(body, fx_);
    TRYV(append(db, EntryKind::fx_deposit, 0, deposit_.amount_nanos, body));
    body.clear();
    encode_follower(body, posted_->entry);
    TRYV(pay_in(db, EntryKind::fx_in, purse_->main(), changed_.net, body));
    if (!changed_.spread) return {};
    return append(db, EntryKind::fx_spread, 0, changed_.spread, body);
}

Status RefundOp::plan(store::Db& db) {
    if (refund_.amount_nanos < 0) return above_zero(refund_.amount_nanos);
    TRY(auto charge, sql::charge_parts(db, account_.value, refund_.charge));
    if (charge.empty()) return Error(ErrorCode::resource_not_found, "this account has no such charge");
    int64_t left = 0;
    for (auto& part : charge) {
        TRY(const int64_t before, sql::refunded(db, refund_.charge, part.wallet));
        part.amount -= before;
        left += part.amount;
    }
    int64_t amount = refund_.amount_nanos ? refund_.amount_nanos : left;
    if (!left || amount > left)
        return Error(ErrorCode::conflict, fmt::format("{} of this charge can still be refunded", dollars(left)))
            .reason("refunded")
            .details_json(fmt::format(R"("available":"{}")", dollars(left)));
    parts_.clear();
    for (auto it = charge.rbegin(); it != charge.rend() && amount; ++it) {
        const int64_t part = std::min(amount, it->amount);
        if (part) parts_.push_back({it->wallet, part});
        amount -= part;
    }
    return room_for(refund_.amount_nanos ? refund_.amount_nanos : left);
}
Status RefundOp::post(store::Db& db) {
    std::string body;
    encode(body, RefundBody{refund_.charge, memo_});
    for (const auto& p : parts_) {
        auto* wallet = purse_->find(p.wallet);
        if (!wallet) return torn();
        TRYV(sql::add_refund(db, refund_.charge, p.wallet, p.amount));
        TRYV(pay_in(db, EntryKind::refund, *wallet, p.amount, body));
    }
    return {};
}

Status AdjustOp::plan(store::Db&) {
    if (amount_ == 0 || amount_ == INT64_MIN)
        return Error(ErrorCode::bad_param, "the amount must not be zero").param("amount");
    if (amount_ > 0) return room_for(amount_);
    const int64_t available = purse_->available(at_us_);
    if (available >= -amount_) return {};
    return Error(ErrorCode::no_money, fmt::format("only {} {} is available", dollars(available), purse_->currency))
        .details_json(fmt::format(R"("required":"{}","available":"{}")", dollars(-amount_), dollars(available)));
}
/// Out of the main wallet first: what a bonus gave is taken back last.
Status AdjustOp::post(store::Db& db) {
    const std::string body = memo_body(memo_);
    if (amount_ > 0) return pay_in(db, EntryKind::adjustment_in, purse_->main(), amount_, body);
    int64_t left = -amount_;
    for (auto it = purse_->wallets.rbegin(); it != purse_->wallets.rend() && left; ++it) {
        const bool reachable = !it->bonus || it->spendable(at_us_);
        const int64_t part = reachable ? std::min(left, it->available()) : 0;
        if (!part) continue;
        it->debits += part;
        vault().touch(*it);
        left -= part;
        posted_->amount_nanos -= part;
        TRYV(append(db, EntryKind::adjustment_out, it->id, part, body));
    }
    return left ? Status(torn()) : Status{};
}

namespace {
/// Looks, on the writer, which bonuses are over; what is still held of one is left until it is settled.
class ExpireOp : public BookOp {
  public:
    using BookOp::BookOp;
    Status check(store::Db& db) override {
        at_us_ = vault().now_us();
        over_.clear();
        TRY(const auto rows, sql::expired_bonuses(db, at_us_, max_expired_at_once));
        for (const auto& [wallet, account] : rows) {
            TRY(auto* purse, vault().purse(db, account));
            auto* w = purse ? purse->find(wallet) : nullptr;
            if (w && w->expires_us <= at_us_ && w->held == 0 && w->available() > 0) over_.emplace_back(account, w);
        }
        return {};
    }
    Status apply(store::Db& db) override {
        const std::string body = memo_body("expired");
        for (const auto& [account, w] : over_) {
            const int64_t amount = w->available();
            w->debits += amount;
            vault().touch(*w);
            Entry e{0, EntryKind::expiry, account, w->id, amount, 0, at_us_, {}, body};
            TRYV(vault().journal().append(db, e));
        }
        return {};
    }
    bool writes() const override { return !over_.empty(); }

  private:
    static constexpr int64_t max_expired_at_once = 200;
    std::vector<std::pair<int64_t, Wallet*>> over_;
    int64_t at_us_ = 0;
};
}  // namespace
std::unique_ptr<store::Op> expire_bonuses_op(std::shared_ptr<Vault> vault) {
    return std::make_unique<ExpireOp>(std::move(vault));
}

Status LossOp::plan(store::Db&) { return above_zero(amount_); }
Status LossOp::post(store::Db& db) {
    posted_->amount_nanos = amount_;
    return append(db, EntryKind::loss, 0, amount_, memo_body(memo_));
}

Status RedeemOp::check(store::Db& db) {
    TRY(coupon_, offered_coupon(db, account_, code_, vault().now_us()));
    if (coupon_.kind != CouponKind::bonus)
        return Error(ErrorCode::coupon_invalid, "this coupon takes a percentage off a call; it cannot be redeemed");
    TRY(n_, sql::coupon_uses_of(db, coupon_.id, account_.value));
    ref_ = fmt::format("coupon/{}/{}", coupon_.id, ++n_);
    memo_ = coupon_.code;
    return PostOp::check(db);
}
Status RedeemOp::plan(store::Db&) {
    if (coupon_.currency != purse_->currency)
        return Error(ErrorCode::coupon_invalid,
                     fmt::format("this coupon is in {}, the wallet in {}", coupon_.currency, purse_->currency));
    return room_for(coupon_.amount_nanos);
}
Status RedeemOp::post(store::Db& db) {
    TRY(const int64_t taken, sql::take_coupon_use(db, coupon_.id, at_us_));
    if (taken != 1) return Error(ErrorCode::coupon_invalid, "this coupon is used up");
    const auto expires = coupon_.bonus_days ? std::optional(at_us_ + coupon_.bonus_days * us_per_day) : std::nullopt;
    TRY(auto* wallet, new_bonus(db, expires));
    TRYV(pay_in(db, EntryKind::coupon, *wallet, coupon_.amount_nanos, memo_body(memo_)));
    return sql::insert_coupon_use(db, coupon_.id, account_.value, n_, posted_->entry, "", at_us_);
}

}  // namespace aig::ledger
