// The book: wallets, holds, charges, budgets; double entry, append-only, hash-chained. No idea what a token is: it
// knows lines of (component number, units, pico price) and one ratio, enough to re-price every charge bit for bit.
//
// A call that can cost money: hold -> (extend) -> settle | void, exactly once. hold() is atomic over all wallets and
// budgets it touches; nothing is ever checked first and taken later. settle() returns when the charge is durable, and
// only then exists the Receipt that lets a dialect send its last byte. Dropping a Hold voids it.
//
// All writes happen on the store's writer thread, which owns the wallets' counters in memory.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/price.h"
#include "base/receipt.h"
#include "base/result.h"
#include "base/time.h"
#include "ledger/brake.h"
#include "ledger/budgets.h"
#include "ledger/coupons.h"
#include "ledger/moves.h"
#include "ledger/rates.h"
#include "rt/task.h"
#include "store/outbox.h"
#include "store/store.h"

namespace aig::ledger {

enum class Owner : uint8_t {
    call = 0,
    job = 1
};  ///< start-up recovery voids open holds of calls; a job's is resolved by its job

struct HoldRequest {
    AccountId account;
    int64_t amount_nanos = 0;  ///< what is wanted
    int64_t least_nanos = 0;   ///< what is enough (<= amount): the hold may be smaller than wanted, never below this
    /// Of what is available, at most this much is taken beyond `least`: a wallet is not emptied by one hold that could
    /// do with less. 100 = all.
    int64_t share_percent = 100;
    int64_t slice_nanos = 0;  ///< the share is not made smaller than this where the wallet can pay it
    /// The wallet (and every budget) must have this much, though less is held: the rest is held as the call runs.
    int64_t must_cover_nanos = 0;
    std::vector<BudgetRef> budgets;
    /// Of a free call: while it has room, nothing is held and nothing charged. Its cap is a number of calls.
    std::optional<BudgetRef> free;
    KeyId key;
    std::optional<int64_t> brake_nanos_per_minute;  ///< the key is stopped when it spends faster
    Rate fx;                 ///< by which this call's prices become the wallet's currency; pinned in the books
    std::string request_id;  ///< unique; our own req_...
    Owner owner = Owner::call;
    store::Ops with;  ///< committed together with the hold (job row, idempotency row)
};

class Book;

/// An open hold. Move-only; destroying an unresolved one enqueues a void.
class Hold {
  public:
    Hold() = default;
    Hold(Hold&& o) noexcept;
    Hold& operator=(Hold&& o) noexcept;
    ~Hold();
    explicit operator bool() const { return book_ != nullptr; }
    HoldId id() const { return id_; }
    AccountId account() const { return account_; }
    int64_t amount_nanos() const { return amount_; }
    /// The free tier pays: settle at cost 0.
    bool free() const { return free_; }

  private:
    friend class Book;
    friend class SqliteBook;
    Hold(Book* book, HoldId id, AccountId account, int64_t amount, bool free)
        : book_(book), id_(id), account_(account), amount_(amount), free_(free) {}
    Book* book_ = nullptr;
    HoldId id_;
    AccountId account_;
    int64_t amount_ = 0;
    bool free_ = false;
};

/// What a call cost and from what that follows. cost must equal charge_nanos(lines, ratio).
struct Settlement {
    int64_t cost_nanos = 0;
    std::vector<PriceLine> lines;
    Ratio ratio;
    int64_t price_version = 0;
    /// bit 0: usage was estimated, bit 1: client left, bit 2: cut because the wallet ran dry, bit 3 (set by the book):
    /// a free call
    uint8_t flags = 0;
    store::Ops with;  ///< committed together with the charge (call record, outbox)
    /// For what is written together with the charge and must name its amount (the reply kept under an idempotency key).
    /// Writer thread, inside the transaction; may run twice; must not fail but for storage.
    std::function<Status(store::Db&, const Receipt&)> with_receipt;
};

enum class VoidReason : uint8_t { failed = 1, client_gone = 2, refused = 3, crashed = 4, dropped = 5, empty = 6 };

struct VerifyReport {
    bool ok = true;
    std::vector<std::string> faults;  ///< each names the invariant and the row
    int64_t entries = 0, wallets = 0, open_holds = 0;
};

/// When an account is told. Nothing is written while no threshold is crossed.
struct Alerts {
    int64_t balance_low_nanos = 0;  ///< balance.low at or below it; 0 = never. An account may have its own
    std::vector<int64_t> budget_percents = {80, 100};  ///< usage.threshold.exceeded
};

struct BookOptions {
    bool recover = true;  ///< void the open holds of calls left by an earlier process
    Alerts alerts{};
    /// Freezes a key durably that its brake stopped. Writer thread, after the charge that did it is durable; must not
    /// wait.
    std::function<void(const Braked&)> on_brake{};
    int64_t (*now_us)() = aig::now_us;
    int64_t (*mono_ns)() = aig::mono_ns;
};

class Book {
  public:
    static Result<std::unique_ptr<Book>> open(store::Store& store, BookOptions options);
    /// Loads the counters and voids the open holds of calls left by an earlier process (unless `recover` is false:
    /// operator commands on a resting database).
    static Result<std::unique_ptr<Book>> open(store::Store& store, bool recover = true);
    virtual ~Book() = default;

    /// no_money (details: required and available), budget_exceeded, account_blocked, storage_unavailable.
    virtual rt::Task<Result<Hold>> hold(HoldRequest request) = 0;
    /// Adds up to `more_nanos`, at least `least_nanos`; returns the new amount. no_money / budget_exceeded leave the
    /// hold as it was.
    virtual rt::Task<Result<int64_t>> extend(Hold& hold, int64_t more_nanos, int64_t least_nanos) = 0;
    /// Charges min(cost, held + available); what the wallet cannot pay is booked as overage. Durable when it returns. A
    /// hold that was resolved before gives its first outcome.
    virtual rt::Task<Result<Receipt>> settle(Hold hold, Settlement settlement) = 0;
    /// Releases the hold. `operator_loss_nanos` is booked as a memo (what the provider will bill us for a failed call).
    virtual rt::Task<Status> release(Hold hold, VoidReason reason, int64_t operator_loss_nanos, store::Ops with) = 0;

    /// Takes up an open hold again by its id (a job's, after a restart); resource_not_found when it is resolved.
    virtual rt::Task<Result<Hold>> adopt(HoldId id) = 0;

    /// Op to create an account's main wallet; composed with identity's account row.
    virtual std::unique_ptr<store::Op> create_wallet(AccountId account, std::string currency) = 0;
    /// The same (account, ref) credits once: a second one changes nothing and returns ok. amount > 0.
    virtual rt::Task<Result<WalletView>> credit(AccountId account, int64_t amount_nanos, std::string ref,
                                                std::string memo) = 0;
    virtual Result<WalletView> credit_now(AccountId account, int64_t amount_nanos, std::string ref, std::string memo,
                                          store::Ops with = {}) = 0;
    /// Coupon money: a bonus wallet of its own, spent before the main one and only until `expires_us` (0 = never). Once
    /// per ref too.
    virtual Result<WalletView> grant_now(AccountId account, int64_t amount_nanos, int64_t expires_us, std::string ref,
                                         std::string memo) = 0;
    virtual rt::Task<Result<WalletView>> wallet(AccountId account) = 0;
    virtual Result<WalletView> wallet_now(AccountId account) = 0;
    /// Spent in a budget's period so far (settled), and held.
    virtual rt::Task<Result<std::pair<int64_t, int64_t>>> budget(BudgetRef budget) = 0;
    virtual int64_t open_holds() const = 0;

    // Money outside calls (ledger/moves.h): Ops to compose. `posted` may be null.
    virtual std::unique_ptr<store::Op> deposit(Deposit deposit, PostedPtr posted) = 0;
    virtual std::unique_ptr<store::Op> refund(Refund refund, PostedPtr posted) = 0;
    virtual std::unique_ptr<store::Op> adjust(Adjustment adjustment, PostedPtr posted) = 0;
    virtual std::unique_ptr<store::Op> operator_loss(OperatorLoss loss, PostedPtr posted) = 0;
    /// A frozen wallet takes no hold; what is held settles, and money may come in.
    virtual std::unique_ptr<store::Op> freeze_wallet(AccountId account, bool frozen) = 0;
    /// Takes what is left in bonus wallets whose time is over off the books, some of them.
    virtual std::unique_ptr<store::Op> expire_bonuses() = 0;
    /// From where on the account is told that its balance is low; nothing = the deployment's threshold.
    virtual std::unique_ptr<store::Op> set_balance_low(AccountId account, std::optional<int64_t> nanos) = 0;

    // Coupons (ledger/coupons.h). conflict: the code exists. `made` (may be null) gets the row.
    virtual std::unique_ptr<store::Op> create_coupon(NewCoupon coupon, CouponPtr made) = 0;
    virtual std::unique_ptr<store::Op> disable_coupon(std::string code, bool disabled) = 0;
    /// Money of a bonus coupon into a bonus wallet. coupon_invalid, coupon_expired, coupon_used.
    virtual std::unique_ptr<store::Op> redeem(AccountId account, std::string code, PostedPtr posted) = 0;
    /// Counts a use of a discount coupon; goes into the batch of the call's hold or quote.
    virtual std::unique_ptr<store::Op> use_coupon(AccountId account, std::string code, std::string request_id) = 0;

    // Rates (ledger/rates.h).
    virtual RatesPtr rates() const = 0;
    /// `source` is 'config' or 'operator'.
    virtual std::unique_ptr<store::Op> set_rate(std::string currency, Ratio per_usd, std::string source) = 0;

    // Budgets of tags (ledger/budgets.h).
    virtual TagBudgetsPtr tag_budgets() const = 0;
    /// The budget a call with this tag must fit into; nothing for most.
    virtual std::optional<BudgetRef> tag_budget(AccountId account, std::string_view tag, int64_t at_us) const = 0;
    virtual std::unique_ptr<store::Op> set_tag_budget(TagBudget budget) = 0;  ///< its id is not looked at
    virtual std::unique_ptr<store::Op> drop_tag_budget(AccountId account, std::string tag) = 0;

    /// Lets a key spend again that its brake stopped; composed with unfreezing it.
    virtual std::unique_ptr<store::Op> release_brake(KeyId key) = 0;

    /// Re-checks every invariant and the hash chain by reading; does not change anything.
    static Result<VerifyReport> verify(store::Store& store);

  protected:
    friend class Hold;
    virtual void drop(HoldId id) noexcept = 0;
};

}  // namespace aig::ledger
