// The Book on one SQLite database: composes Ops and waits for their batches. Its state (Vault) lives with the store's
// writer.
#pragma once

#include "ledger/book.h"
#include "ledger/detail/ops.h"

namespace aig::ledger {

class SqliteBook : public Book {
  public:
    static Result<std::unique_ptr<Book>> open(store::Store& store, bool recover);

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
    std::unique_ptr<store::Op> credit_op(AccountId account, int64_t amount_nanos, std::string ref,
                                         std::string memo) override;
    Result<WalletView> grant_now(AccountId account, int64_t amount_nanos, int64_t expires_us, std::string ref,
                                 std::string memo) override;
    rt::Task<Result<WalletView>> wallet(AccountId account) override;
    Result<WalletView> wallet_now(AccountId account) override;
    rt::Task<Result<std::pair<int64_t, int64_t>>> budget(BudgetRef budget) override;
    int64_t open_holds() const override { return vault_->open_count(); }

  protected:
    void drop(HoldId id) noexcept override { drop_hold(store_, vault_, id); }

  private:
    SqliteBook(store::Store& store, std::shared_ptr<Vault> vault) : store_(store), vault_(std::move(vault)) {}
    Status load();
    Status void_left_over();
    Result<WalletView> order_now(CreditOrder order, store::Ops with = {});

    store::Store& store_;
    std::shared_ptr<Vault> vault_;
};

}  // namespace aig::ledger
