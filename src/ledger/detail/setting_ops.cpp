#include <fmt/format.h>

#include <algorithm>

#include "base/money.h"
#include "ledger/detail/moves.h"

namespace aig::ledger {
namespace {
constexpr size_t max_tag = 128, max_note = 500, max_models = 100, max_tag_budgets = 1'000;
constexpr int64_t max_term = 1'000'000'000'000'000, max_uses = 1'000'000'000, max_bonus_days = 36'500;

Error out_of_range(std::string_view what) {
    return Error(ErrorCode::bad_param, fmt::format("'{}' is out of range", what)).param(std::string(what));
}

class UseCouponOp : public BookOp {
  public:
    UseCouponOp(std::shared_ptr<Vault> vault, AccountId account, std::string code, std::string request_id)
        : BookOp(std::move(vault)), account_(account), code_(std::move(code)), request_id_(std::move(request_id)) {}
    Status check(store::Db& db) override {
        at_us_ = vault().now_us();
        TRY(coupon_, offered_coupon(db, account_, code_, at_us_));
        if (coupon_.kind != CouponKind::discount)
            return Error(ErrorCode::coupon_invalid, "this coupon is money: redeem it into the wallet");
        TRY(n_, sql::coupon_uses_of(db, coupon_.id, account_.value));
        return {};
    }
    Status apply(store::Db& db) override {
        TRY(const int64_t taken, sql::take_coupon_use(db, coupon_.id, at_us_));
        if (taken != 1) return Error(ErrorCode::coupon_invalid, "this coupon is used up");
        return sql::insert_coupon_use(db, coupon_.id, account_.value, n_ + 1, 0, request_id_, at_us_);
    }

  private:
    AccountId account_;
    std::string code_, request_id_;
    Coupon coupon_;
    int64_t n_ = 0, at_us_ = 0;
};

class CreateCouponOp : public BookOp {
  public:
    CreateCouponOp(std::shared_ptr<Vault> vault, NewCoupon coupon, CouponPtr made)
        : BookOp(std::move(vault)), coupon_(std::move(coupon)), made_(std::move(made)) {}
    Status check(store::Db& db) override {
        TRY(coupon_.code, coupon_code(coupon_.code));
        TRYV(in_range());
        if (find_coupon(db, coupon_.code)) return Error(ErrorCode::conflict, "there is a coupon with this code");
        return {};
    }
    Status apply(store::Db& db) override {
        TRYV(sql::insert_coupon(db, coupon_, vault().now_us()));
        if (!made_) return {};
        TRY(*made_, find_coupon(db, coupon_.code));
        return {};
    }

  private:
    Status in_range() {
        const auto& c = coupon_;
        const bool bonus = c.kind == CouponKind::bonus;
        if (bonus ? c.amount_nanos <= 0 : c.amount_nanos != 0) return out_of_range("amount");
        if (bonus ? c.percent_bps != 0 : c.percent_bps < 1 || c.percent_bps > 9'999) return out_of_range("percent");
        if (bonus && !is_currency(c.currency)) return out_of_range("currency");
        if (c.max_uses < 1 || c.max_uses > max_uses) return out_of_range("max_uses");
        if (c.max_per_account < 1 || c.max_per_account > max_uses) return out_of_range("max_per_account");
        if (c.expires_us < 0) return out_of_range("expires_at");
        if (c.bonus_days < 0 || c.bonus_days > max_bonus_days) return out_of_range("bonus_days");
        if (c.note.size() > max_note) return out_of_range("note");
        if (c.models.size() > max_models) return out_of_range("models");
        for (const auto& m : c.models)
            if (m.empty() || m.size() > 200 || m.find(',') != std::string::npos) return out_of_range("models");
        if (!bonus) coupon_.currency.clear();
        return {};
    }
    NewCoupon coupon_;
    CouponPtr made_;
};

class DisableCouponOp : public BookOp {
  public:
    DisableCouponOp(std::shared_ptr<Vault> vault, std::string code, bool disabled)
        : BookOp(std::move(vault)), code_(std::move(code)), disabled_(disabled) {}
    Status check(store::Db& db) override {
        TRY(code_, coupon_code(code_));
        if (auto found = find_coupon(db, code_); !found)
            return Error(ErrorCode::resource_not_found, "there is no coupon with this code");
        return {};
    }
    Status apply(store::Db& db) override {
        TRYV(sql::set_coupon_disabled(db, code_, disabled_ ? vault().now_us() : 0));
        return {};
    }

  private:
    std::string code_;
    bool disabled_;
};

/// Changes something of an account's main wallet, on disk and in memory.
class WalletSettingOp : public BookOp {
  public:
    WalletSettingOp(std::shared_ptr<Vault> vault, AccountId account) : BookOp(std::move(vault)), account_(account) {}
    Status check(store::Db& db) override {
        TRY(purse_, vault().purse(db, account_.value));
        if (!purse_) return Error(ErrorCode::resource_not_found, "the account has no wallet");
        return {};
    }

  protected:
    AccountId account_;
    Purse* purse_ = nullptr;
};
class FreezeWalletOp : public WalletSettingOp {
  public:
    FreezeWalletOp(std::shared_ptr<Vault> vault, AccountId account, bool frozen)
        : WalletSettingOp(std::move(vault), account), frozen_(frozen) {}
    Status apply(store::Db& db) override {
        purse_->main().active = !frozen_;
        return sql::set_wallet_status(db, account_.value, frozen_);
    }

  private:
    bool frozen_;
};
class BalanceLowOp : public WalletSettingOp {
  public:
    BalanceLowOp(std::shared_ptr<Vault> vault, AccountId account, std::optional<int64_t> nanos)
        : WalletSettingOp(std::move(vault), account), nanos_(nanos) {}
    Status check(store::Db& db) override {
        if (nanos_ && *nanos_ < 0) return out_of_range("balance_low");
        return WalletSettingOp::check(db);
    }
    Status apply(store::Db& db) override {
        purse_->low = nanos_;
        return sql::set_wallet_low(db, account_.value, nanos_);
    }

  private:
    std::optional<int64_t> nanos_;
};

/// Changes a table of which every thread has a snapshot: swapped once the change is durable.
template <class Table>
class SnapshotOp : public BookOp {
  public:
    using BookOp::BookOp;
    void settled(bool durable) override {
        if (durable && next_) vault().shared().publish(next_);
    }

  protected:
    std::shared_ptr<const Table> next_;
};

class SetRateOp : public SnapshotOp<RateTable> {
  public:
    SetRateOp(std::shared_ptr<Vault> vault, std::string currency, Ratio per_usd, std::string source)
        : SnapshotOp(std::move(vault)), currency_(std::move(currency)), per_usd_(per_usd), source_(std::move(source)) {}
    Status check(store::Db&) override {
        if (!is_currency(currency_) || currency_ == "USD") return out_of_range("currency");
        if (per_usd_.num < 1 || per_usd_.den < 1 || per_usd_.num > max_term || per_usd_.den > max_term)
            return out_of_range("rate_per_usd");
        if (source_ != "config" && source_ != "operator") return out_of_range("source");
        return {};
    }
    Status apply(store::Db& db) override {
        TRYV(sql::insert_rate(db, currency_, per_usd_, source_, vault().now_us()));
        TRY(auto table, sql::load_rates(db));
        next_ = std::make_shared<const RateTable>(std::move(table));
        return {};
    }

  private:
    std::string currency_;
    Ratio per_usd_;
    std::string source_;
};

class TagBudgetOp : public SnapshotOp<TagBudgets> {
  public:
    TagBudgetOp(std::shared_ptr<Vault> vault, TagBudget budget, bool drop)
        : SnapshotOp(std::move(vault)), budget_(std::move(budget)), drop_(drop) {}
    Status check(store::Db& db) override {
        if (budget_.tag.empty() || budget_.tag.size() > max_tag) return out_of_range("tag");
        if (!is_budget_period(budget_.period)) return out_of_range("period");
        if (budget_.cap_nanos < 0) return out_of_range("spend_cap_usd");
        TRY(const auto now, tag_budgets(db, budget_.account));
        const bool there = std::any_of(now.begin(), now.end(), [&](const auto& b) { return b.tag == budget_.tag; });
        if (drop_ && !there) return Error(ErrorCode::resource_not_found, "this tag has no budget");
        if (!drop_ && !there && now.size() >= max_tag_budgets)
            return Error(ErrorCode::conflict, "an account has at most 1,000 budgets of tags");
        return {};
    }
    Status apply(store::Db& db) override {
        if (drop_)
            TRYV(sql::delete_tag_budget(db, budget_.account.value, budget_.tag));
        else
            TRYV(sql::save_tag_budget(db, budget_));
        TRY(auto table, sql::load_tag_budgets(db));
        next_ = std::make_shared<const TagBudgets>(std::move(table));
        return {};
    }

  private:
    TagBudget budget_;
    bool drop_;
};

class ReleaseBrakeOp : public BookOp {
  public:
    ReleaseBrakeOp(std::shared_ptr<Vault> vault, KeyId key) : BookOp(std::move(vault)), key_(key) {}
    Status apply(store::Db&) override { return {}; }
    bool writes() const override { return false; }
    void settled(bool) override { vault().brakes().release(key_.value); }

  private:
    KeyId key_;
};
}  // namespace

using VaultPtr = std::shared_ptr<Vault>;
std::unique_ptr<store::Op> use_coupon_op(VaultPtr v, AccountId account, std::string code, std::string request_id) {
    return std::make_unique<UseCouponOp>(std::move(v), account, std::move(code), std::move(request_id));
}
std::unique_ptr<store::Op> create_coupon_op(VaultPtr v, NewCoupon coupon, CouponPtr made) {
    return std::make_unique<CreateCouponOp>(std::move(v), std::move(coupon), std::move(made));
}
std::unique_ptr<store::Op> disable_coupon_op(VaultPtr v, std::string code, bool disabled) {
    return std::make_unique<DisableCouponOp>(std::move(v), std::move(code), disabled);
}
std::unique_ptr<store::Op> freeze_wallet_op(VaultPtr v, AccountId account, bool frozen) {
    return std::make_unique<FreezeWalletOp>(std::move(v), account, frozen);
}
std::unique_ptr<store::Op> balance_low_op(VaultPtr v, AccountId account, std::optional<int64_t> nanos) {
    return std::make_unique<BalanceLowOp>(std::move(v), account, nanos);
}
std::unique_ptr<store::Op> set_rate_op(VaultPtr v, std::string currency, Ratio per_usd, std::string source) {
    return std::make_unique<SetRateOp>(std::move(v), std::move(currency), per_usd, std::move(source));
}
std::unique_ptr<store::Op> set_tag_budget_op(VaultPtr v, TagBudget budget) {
    return std::make_unique<TagBudgetOp>(std::move(v), std::move(budget), false);
}
std::unique_ptr<store::Op> drop_tag_budget_op(VaultPtr v, AccountId account, std::string tag) {
    return std::make_unique<TagBudgetOp>(std::move(v), TagBudget{0, account, std::move(tag), "", 0}, true);
}
std::unique_ptr<store::Op> release_brake_op(VaultPtr v, KeyId key) {
    return std::make_unique<ReleaseBrakeOp>(std::move(v), key);
}

}  // namespace aig::ledger
