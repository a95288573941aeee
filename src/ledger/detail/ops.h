// The book's writes, as Ops of the store's writer. check() plans from memory and refuses; apply() does what was
// planned. An outcome is shared with the task that waits for it and may be read once the batch is done.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>

#include "ledger/detail/vault.h"
#include "store/outbox.h"

namespace aig::ledger {

class BookOp : public store::Op {
  public:
    explicit BookOp(std::shared_ptr<Vault> vault) : vault_(std::move(vault)) {}

  protected:
    Vault& vault() { return *vault_; }

  private:
    std::shared_ptr<Vault> vault_;
};

/// How a hold went. Given up before anyone took the Hold (the waiting task is gone), it voids it.
struct HoldOutcome {
    store::Store* store = nullptr;
    std::shared_ptr<Vault> vault;
    int64_t hold = 0, account = 0, amount = 0;
    bool granted = false, free = false;
    std::optional<store::Event> told;  ///< of a refusal, to be written on its own
    ~HoldOutcome();
};

class HoldOp : public BookOp {
  public:
    HoldOp(std::shared_ptr<Vault> vault, std::shared_ptr<HoldOutcome> outcome, HoldRequest request);
    Status check(store::Db& db) override;
    Status apply(store::Db& db) override;
    void settled(bool durable) override { outcome_->granted &= durable; }

  private:
    Result<bool> check_free(store::Db& db);
    Status check_budgets(store::Db& db, int64_t needed);
    std::shared_ptr<HoldOutcome> outcome_;
    HoldRequest request_;
    std::span<const BudgetRef> refs_;  // of the request: its free use, or its spend caps
    Purse* purse_ = nullptr;
    Budgets budgets_;
    int64_t grant_ = 0, at_us_ = 0;
};

class ExtendOp : public BookOp {
  public:
    ExtendOp(std::shared_ptr<Vault> vault, std::shared_ptr<int64_t> amount, HoldId hold, int64_t more, int64_t least)
        : BookOp(std::move(vault)), amount_(std::move(amount)), id_(hold), more_(more), least_(least) {}
    Status check(store::Db& db) override;
    Status apply(store::Db& db) override;

  private:
    std::shared_ptr<int64_t> amount_;
    HoldId id_;
    int64_t more_, least_, grant_ = 0, at_us_ = 0;
    OpenHold* hold_ = nullptr;
    Purse* purse_ = nullptr;
    Budgets budgets_;
};

/// How a hold was resolved: by this Op, or, with `before`, by an earlier one.
struct ResolveOutcome {
    int64_t charged = 0, available = 0, entry = 0;
    bool before = false, voided = false;
};

/// What settling and voiding have in common: finding the hold, giving its money back, taking it off the books.
class ResolveOp : public BookOp {
  public:
    ResolveOp(std::shared_ptr<Vault> vault, std::shared_ptr<ResolveOutcome> outcome, HoldId hold)
        : BookOp(std::move(vault)), outcome_(std::move(outcome)), id_(hold) {}
    /// Refuses with a conflict when the hold was resolved before; the outcome then has the first resolution.
    Status check(store::Db& db) override;

  protected:
    Status give_back();
    std::shared_ptr<ResolveOutcome> outcome_;
    HoldId id_;
    OpenHold* hold_ = nullptr;
    Purse* purse_ = nullptr;
    Budgets budgets_;
    int64_t at_us_ = 0;
};

class SettleOp : public ResolveOp {
  public:
    SettleOp(std::shared_ptr<Vault> vault, std::shared_ptr<ResolveOutcome> outcome, HoldId hold, Settlement settlement)
        : ResolveOp(std::move(vault), std::move(outcome), hold), settlement_(std::move(settlement)) {}
    Status apply(store::Db& db) override;
    void settled(bool durable) override;

  private:
    void charge_nothing();
    void brake(const OpenHold& hold);
    Parts debit(int64_t amount);
    Status write_usage(store::Db& db, const Parts& parts);
    Settlement settlement_;
    Braked braked_;
};

class VoidOp : public ResolveOp {
  public:
    VoidOp(std::shared_ptr<Vault> vault, std::shared_ptr<ResolveOutcome> outcome, HoldId hold, VoidReason reason,
           int64_t loss)
        : ResolveOp(std::move(vault), std::move(outcome), hold), reason_(reason), loss_(loss) {}
    Status apply(store::Db& db) override;

  private:
    VoidReason reason_;
    int64_t loss_;
};

/// Reads the counters at start-up; refuses when the chain's end is not where its head says.
class LoadOp : public BookOp {
  public:
    using BookOp::BookOp;
    Status check(store::Db& db) override {
        TRYV(vault().load(db));
        return vault().shared().load(db);
    }
    Status apply(store::Db&) override { return {}; }
    bool writes() const override { return false; }
};

/// Reads an open hold; writes nothing.
class FindHoldOp : public BookOp {
  public:
    FindHoldOp(std::shared_ptr<Vault> vault, std::shared_ptr<HoldOutcome> outcome, HoldId hold)
        : BookOp(std::move(vault)), outcome_(std::move(outcome)), id_(hold) {}
    Status check(store::Db& db) override;
    Status apply(store::Db&) override { return {}; }
    bool writes() const override { return false; }

  private:
    std::shared_ptr<HoldOutcome> outcome_;
    HoldId id_;
};

/// Queues the void of a hold that nobody will resolve.
void drop_hold(store::Store& store, const std::shared_ptr<Vault>& vault, HoldId hold) noexcept;

}  // namespace aig::ledger
