// The Book on one SQLite database: composes Ops and waits for their batches. Its state (Vault) lives with the store's
// writer.
#pragma once

#include "ledger/book.h"
#include "ledger/detail/moves.h"
#include "ledger/detail/ops.h"

namespace aig::ledger {

class SqliteBook : public Book {
  public:
    static Result<std::unique_ptr<Book>> open(store::Store& store, BookOptions options);

    rt::Task<Result<Hold>> hold(HoldRequest request) override;
    rt::Task<Result<int64_t>> extend(Hold& hold, int64_t more_nanos, int64_t least_nanos) override;
    rt::Task<Result<Receipt>> settle(Hold hold, Settlement settlement) override;
    rt::Task<Status> release(Hold hold, VoidReason reason, int64_t operator_loss_nanos, store::Ops with) override;
    rt::Task<Result<Hold>> adopt(HoldId id) override;
    std::unique_ptr<store::Op> create_wallet(AccountId account, std::string currency) override;
    rt::Task<Result<WalletView>> credit(AccountId account, int64_t amount_nanos, std::string ref,
                                        std::string memo) override;
    Result<WalletView> credit_now(AccountId account, int64_t amount_nanos, std::string ref, std::string memo,
                                  store::Ops with) override;
    Result<WalletView> grant_now(AccountId account, int64_t amount_nanos, int64_t expires_us, std::string ref,
                                 std::string memo) override;
    rt::Task<Result<WalletView>> wallet(AccountId account) override;
    Result<WalletView> wallet_now(AccountId account) override;
    rt::Task<Result<std::pair<int64_t, int64_t>>> budget(BudgetRef budget) override;
    int64_t open_holds() const override { return vault_->open_count(); }

    std::unique_ptr<store::Op> deposit(Deposit deposit, PostedPtr posted) override;
    std::unique_ptr<store::Op> refund(Refund refund, PostedPtr posted) override;
    std::unique_ptr<store::Op> adjust(Adjustment adjustment, PostedPtr posted) override;
    std::unique_ptr<store::Op> operator_loss(OperatorLoss loss, PostedPtr posted) override;
    std::unique_ptr<store::Op> freeze_wallet(AccountId account, bool frozen) override;
    std::unique_ptr<store::Op> expire_bonuses() override { return expire_bonuses_op(vault_); }
    std::unique_ptr<store::Op> set_balance_low(AccountId account, std::optional<int64_t> nanos) override;
    std::unique_ptr<store::Op> create_coupon(NewCoupon coupon, CouponPtr made) override;
    std::unique_ptr<store::Op> disable_coupon(std::string code, bool disabled) override;
    std::unique_ptr<store::Op> redeem(AccountId account, std::string code, PostedPtr posted) override;
    std::unique_ptr<store::Op> use_coupon(AccountId account, std::string code, std::string request_id) override;
    RatesPtr rates() const override { return vault_->shared().rates.load(); }
    std::unique_ptr<store::Op> set_rate(std::string currency, Ratio per_usd, std::string source) override;
    TagBudgetsPtr tag_budgets() const override { return vault_->shared().tags.load(); }
    std::optional<BudgetRef> tag_budget(AccountId account, std::string_view tag, int64_t at_us) const override;
    std::unique_ptr<store::Op> set_tag_budget(TagBudget budget) override;
    std::unique_ptr<store::Op> drop_tag_budget(AccountId account, std::string tag) override;
    std::unique_ptr<store::Op> release_brake(KeyId key) override;

  protected:
    void drop(HoldId id) noexcept override { drop_hold(store_, vault_, id); }

  private:
    SqliteBook(store::Store& store, std::shared_ptr<Vault> vault) : store_(store), vault_(std::move(vault)) {}
    Status load();
    Status void_left_over();
    Result<WalletView> order_now(const CreditOrder& order, store::Ops with = {});

    store::Store& store_;
    std::shared_ptr<Vault> vault_;
};

}  // namespace aig::ledger
