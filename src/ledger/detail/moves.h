// The Ops of money outside calls, coupons, rates, budgets of tags and freezing. Each refuses in check() what can be
// refused; a ref that is booked already is not an error.
#pragma once

#include "ledger/detail/ops.h"
#include "ledger/moves_store.h"

namespace aig::ledger {

class CreateWalletOp : public BookOp {
  public:
    CreateWalletOp(std::shared_ptr<Vault> vault, AccountId account, std::string currency)
        : BookOp(std::move(vault)), account_(account), currency_(std::move(currency)) {}
    Status check(store::Db& db) override;
    Status apply(store::Db& db) override;

  private:
    AccountId account_;
    std::string currency_;
};

/// A movement with a ref: looks whether it is booked, then plan() refuses or post() writes.
class PostOp : public BookOp {
  public:
    PostOp(std::shared_ptr<Vault> vault, PostedPtr posted, AccountId account, std::string ref, std::string memo)
        : BookOp(std::move(vault)),
          posted_(posted ? std::move(posted) : std::make_shared<Posted>()),
          account_(account),
          ref_(std::move(ref)),
          memo_(std::move(memo)) {}
    Status check(store::Db& db) override;
    Status apply(store::Db& db) override;

  protected:
    virtual Status plan(store::Db& db) = 0;
    virtual Status post(store::Db& db) = 0;
    /// One entry of this movement; the first one carries the ref.
    Status append(store::Db& db, EntryKind kind, int64_t wallet, int64_t amount, std::string_view body);
    /// Into one wallet.
    Status pay_in(store::Db& db, EntryKind kind, Wallet& wallet, int64_t amount, std::string_view body);
    /// All wallets of an account together stay within int64, so that their sum always does.
    Status room_for(int64_t amount) const;
    Result<Wallet*> new_bonus(store::Db& db, std::optional<int64_t> expires_us);

    PostedPtr posted_;
    AccountId account_;
    std::string ref_, memo_;
    Purse* purse_ = nullptr;
    int64_t at_us_ = 0;
};

/// Money from outside into the main wallet, or into a new bonus wallet.
struct CreditOrder {
    AccountId account;
    EntryKind kind = EntryKind::deposit;
    int64_t amount = 0;
    int64_t expires_us = 0;  ///< of a coupon's bonus wallet; 0 = never
    std::string ref, memo;
};
class CreditOp : public PostOp {
  public:
    CreditOp(std::shared_ptr<Vault> vault, PostedPtr posted, const CreditOrder& o)
        : PostOp(std::move(vault), std::move(posted), o.account, o.ref, o.memo),
          kind_(o.kind),
          amount_(o.amount),
          expires_us_(o.expires_us) {}

  private:
    Status plan(store::Db& db) override;
    Status post(store::Db& db) override;
    EntryKind kind_;
    int64_t amount_, expires_us_;
};

class DepositOp : public PostOp {
  public:
    DepositOp(std::shared_ptr<Vault> vault, PostedPtr posted, Deposit d)
        : PostOp(std::move(vault), std::move(posted), d.account, d.ref, d.memo), deposit_(std::move(d)) {}

  private:
    Status plan(store::Db& db) override;
    Status post(store::Db& db) override;
    Deposit deposit_;
    FxBody fx_;
    Changed changed_;
};

class RefundOp : public PostOp {
  public:
    RefundOp(std::shared_ptr<Vault> vault, PostedPtr posted, Refund r)
        : PostOp(std::move(vault), std::move(posted), r.account, r.ref, r.memo), refund_(std::move(r)) {}

  private:
    Status plan(store::Db& db) override;
    Status post(store::Db& db) override;
    Refund refund_;
    std::vector<Part> parts_;  // to give back, in that order
};

class AdjustOp : public PostOp {
  public:
    AdjustOp(std::shared_ptr<Vault> vault, PostedPtr posted, Adjustment a)
        : PostOp(std::move(vault), std::move(posted), a.account, a.ref, a.memo), amount_(a.amount_nanos) {}

  private:
    Status plan(store::Db& db) override;
    Status post(store::Db& db) override;
    int64_t amount_;
};

class LossOp : public PostOp {
  public:
    LossOp(std::shared_ptr<Vault> vault, PostedPtr posted, OperatorLoss l)
        : PostOp(std::move(vault), std::move(posted), l.account, l.ref, l.memo), amount_(l.amount_nanos) {}

  private:
    Status plan(store::Db& db) override;
    Status post(store::Db& db) override;
    int64_t amount_;
};

/// A bonus coupon's money. Its ref is the coupon's and the number of the use.
class RedeemOp : public PostOp {
  public:
    RedeemOp(std::shared_ptr<Vault> vault, PostedPtr posted, AccountId account, std::string code)
        : PostOp(std::move(vault), std::move(posted), account, "coupon", ""), code_(std::move(code)) {}
    Status check(store::Db& db) override;

  private:
    Status plan(store::Db& db) override;
    Status post(store::Db& db) override;
    std::string code_;
    Coupon coupon_;
    int64_t n_ = 0;
};

std::unique_ptr<store::Op> use_coupon_op(std::shared_ptr<Vault>, AccountId, std::string code, std::string request_id);
std::unique_ptr<store::Op> create_coupon_op(std::shared_ptr<Vault>, NewCoupon, CouponPtr made);
std::unique_ptr<store::Op> disable_coupon_op(std::shared_ptr<Vault>, std::string code, bool disabled);
std::unique_ptr<store::Op> freeze_wallet_op(std::shared_ptr<Vault>, AccountId, bool frozen);
std::unique_ptr<store::Op> balance_low_op(std::shared_ptr<Vault>, AccountId, std::optional<int64_t> nanos);
std::unique_ptr<store::Op> set_rate_op(std::shared_ptr<Vault>, std::string currency, Ratio, std::string source);
std::unique_ptr<store::Op> set_tag_budget_op(std::shared_ptr<Vault>, TagBudget);
std::unique_ptr<store::Op> drop_tag_budget_op(std::shared_ptr<Vault>, AccountId, std::string tag);
std::unique_ptr<store::Op> expire_bonuses_op(std::shared_ptr<Vault>);
std::unique_ptr<store::Op> release_brake_op(std::shared_ptr<Vault>, KeyId);

}  // namespace aig::ledger
