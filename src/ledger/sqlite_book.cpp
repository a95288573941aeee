#include "ledger/sqlite_book.h"

#include <fmt/format.h>

#include "base/failpoint.h"
#include "base/log.h"
#include "base/time.h"
#include "ledger/detail/receipt_mint.h"
#include "ledger/ledger_store.h"

namespace aig::ledger {
namespace {
constexpr int64_t recovery_chunk = 500;

store::Batch batch_of(std::unique_ptr<store::Op> first, store::Ops with, bool must_land) {
    store::Batch batch;
    batch.must_land = must_land;
    batch.ops.reserve(with.size() + 1);
    batch.ops.push_back(std::move(first));
    for (auto& op : with) batch.ops.push_back(std::move(op));
    return batch;
}
Error no_wallet() { return Error(ErrorCode::resource_not_found, "the account has no wallet"); }

Status read_wallet(store::Db& db, AccountId account, WalletView& view) {
    TRY(const auto purse, sql::load_purse(db, account.value));
    if (purse.wallets.empty()) return no_wallet();
    view = purse.view(now_us());
    return {};
}
}  // namespace

Result<std::unique_ptr<Book>> SqliteBook::open(store::Store& store, BookOptions options) {
    const bool recover = options.recover;
    std::unique_ptr<SqliteBook> book(new SqliteBook(store, std::make_shared<Vault>(std::move(options))));
    TRYV(book->load());
    store.before_commit([vault = book->vault_](store::Db& db) { return vault->flush(db); });
    store.on_rollback([vault = book->vault_](store::Db& db) { return vault->load(db); });
    if (recover) TRYV(book->void_left_over());
    return std::unique_ptr<Book>(std::move(book));
}

Status SqliteBook::load() { return store_.commit_now(batch_of(std::make_unique<LoadOp>(vault_), {}, false)); }

/// Calls died with the process that held their money; nobody saw the end of their answers.
Status SqliteBook::void_left_over() {
    int64_t after = 0, count = 0;
    for (;;) {
        std::vector<int64_t> ids;
        TRYV(store_.read_now([&](store::Db& db) -> Status {
            TRY(ids, sql::open_call_holds(db, after, recovery_chunk));
            return {};
        }));
        if (ids.empty()) break;
        for (const int64_t id : ids) {
            auto op = std::make_unique<VoidOp>(vault_, std::make_shared<ResolveOutcome>(), HoldId{id},
                                               VoidReason::crashed, 0);
            // All of a chunk but its last go without waiting: they share a transaction.
            if (id != ids.back())
                store_.submit(batch_of(std::move(op), {}, true), [](const Status&) {});
            else
                TRYV(store_.commit_now(batch_of(std::move(op), {}, true)));
        }
        after = ids.back();
        count += static_cast<int64_t>(ids.size());
    }
    if (count) log::warn("holds_voided_at_start", {{"count", count}});
    return {};
}

rt::Task<Result<Hold>> SqliteBook::hold(HoldRequest request) {
    auto outcome = std::make_shared<HoldOutcome>();
    outcome->store = &store_;
    outcome->vault = vault_;
    auto with = std::exchange(request.with, {});
    auto op = std::make_unique<HoldOp>(vault_, outcome, std::move(request));
    auto batch = batch_of(std::move(op), std::move(with), false);
    auto status = co_await store_.commit(std::move(batch));
    if (!status) {
        if (outcome->told)
            store_.submit(batch_of(store::event(*std::move(outcome->told)), {}, false), [](const Status&) {});
        co_return std::move(status).error();
    }
    AIG_FAILPOINT("hold.durable");
    outcome->granted = false;  // from here the Hold answers for it
    Hold hold(this, HoldId{outcome->hold}, AccountId{outcome->account}, outcome->amount, outcome->free);
    co_return hold;
}

rt::Task<Result<int64_t>> SqliteBook::extend(Hold& hold, int64_t more_nanos, int64_t least_nanos) {
    auto amount = std::make_shared<int64_t>(0);
    auto op = std::make_unique<ExtendOp>(vault_, amount, hold.id_, more_nanos, least_nanos);
    auto batch = batch_of(std::move(op), {}, false);
    auto status = co_await store_.commit(std::move(batch));
    if (!status) co_return std::move(status).error();
    hold.amount_ = *amount;
    co_return *amount;
}

rt::Task<Result<Receipt>> SqliteBook::settle(Hold hold, Settlement settlement) {
    auto priced = charge_nanos(settlement.lines, settlement.ratio);
    if (!priced || *priced != settlement.cost_nanos)
        co_return Error(ErrorCode::internal,
                        fmt::format("a cost of {} nanos does not follow from its lines", settlement.cost_nanos));
    auto outcome = std::make_shared<ResolveOutcome>();
    auto with = std::exchange(settlement.with, {});
    if (settlement.with_receipt)  // behind the charge, whose outcome it tells
        with.push_back(store::op([outcome, write = std::exchange(settlement.with_receipt, nullptr)](store::Db& db) {
            return write(db, ReceiptMint::mint(outcome->charged, outcome->available, outcome->entry));
        }));
    auto op = std::make_unique<SettleOp>(vault_, outcome, hold.id_, std::move(settlement));
    auto batch = batch_of(std::move(op), std::move(with), true);
    auto status = co_await store_.commit(std::move(batch));
    if (!status && !outcome->before) co_return std::move(status).error();  // the Hold, still whole, voids itself
    hold.book_ = nullptr;
    AIG_FAILPOINT("settle.durable");
    co_return ReceiptMint::mint(outcome->charged, outcome->available, outcome->entry);
}

rt::Task<Status> SqliteBook::release(Hold hold, VoidReason reason, int64_t operator_loss_nanos, store::Ops with) {
    auto outcome = std::make_shared<ResolveOutcome>();
    auto op = std::make_unique<VoidOp>(vault_, outcome, hold.id_, reason, operator_loss_nanos);
    auto batch = batch_of(std::move(op), std::move(with), true);
    auto status = co_await store_.commit(std::move(batch));
    if (!status && !outcome->before) co_return std::move(status).error();
    hold.book_ = nullptr;
    co_return Status{};
}

rt::Task<Result<Hold>> SqliteBook::adopt(HoldId id) {
    auto outcome = std::make_shared<HoldOutcome>();
    auto op = std::make_unique<FindHoldOp>(vault_, outcome, id);
    auto batch = batch_of(std::move(op), {}, false);
    auto status = co_await store_.commit(std::move(batch));
    if (!status) co_return std::move(status).error();
    Hold hold(this, HoldId{outcome->hold}, AccountId{outcome->account}, outcome->amount, outcome->free);
    co_return hold;
}

std::unique_ptr<store::Op> SqliteBook::create_wallet(AccountId account, std::string currency) {
    return std::make_unique<CreateWalletOp>(vault_, account, std::move(currency));
}

rt::Task<Result<WalletView>> SqliteBook::credit(AccountId account, int64_t amount_nanos, std::string ref,
                                                std::string memo) {
    auto posted = std::make_shared<Posted>();
    CreditOrder order{account, EntryKind::deposit, amount_nanos, 0, std::move(ref), std::move(memo)};
    auto batch = batch_of(std::make_unique<CreditOp>(vault_, posted, order), {}, false);
    auto status = co_await store_.commit(std::move(batch));
    if (!status) co_return std::move(status).error();
    co_return posted->wallet;
}

Result<WalletView> SqliteBook::order_now(const CreditOrder& order, store::Ops with) {
    auto posted = std::make_shared<Posted>();
    TRYV(store_.commit_now(batch_of(std::make_unique<CreditOp>(vault_, posted, order), std::move(with), false)));
    return posted->wallet;
}
Result<WalletView> SqliteBook::credit_now(AccountId account, int64_t amount_nanos, std::string ref, std::string memo,
                                          store::Ops with) {
    return order_now({account, EntryKind::deposit, amount_nanos, 0, std::move(ref), std::move(memo)}, std::move(with));
}
Result<WalletView> SqliteBook::grant_now(AccountId account, int64_t amount_nanos, int64_t expires_us, std::string ref,
                                         std::string memo) {
    return order_now({account, EntryKind::coupon, amount_nanos, expires_us, std::move(ref), std::move(memo)});
}

rt::Task<Result<WalletView>> SqliteBook::wallet(AccountId account) {
    auto view = std::make_shared<WalletView>();
    std::function<Status(store::Db&)> read = [account, view](store::Db& db) { return read_wallet(db, account, *view); };
    auto status = co_await store_.read(std::move(read));
    if (!status) co_return std::move(status).error();
    co_return *view;
}
Result<WalletView> SqliteBook::wallet_now(AccountId account) {
    WalletView view;
    TRYV(store_.read_now([&](store::Db& db) { return read_wallet(db, account, view); }));
    return view;
}

rt::Task<Result<std::pair<int64_t, int64_t>>> SqliteBook::budget(BudgetRef budget) {
    auto sums = std::make_shared<std::pair<int64_t, int64_t>>();
    std::function<Status(store::Db&)> read = [ref = std::move(budget), sums](store::Db& db) -> Status {
        TRY(const auto b, sql::load_budget(db, ref));
        *sums = {b.spent, b.held};
        return {};
    };
    auto status = co_await store_.read(std::move(read));
    if (!status) co_return std::move(status).error();
    co_return *sums;
}

std::unique_ptr<store::Op> SqliteBook::deposit(Deposit deposit, PostedPtr posted) {
    return std::make_unique<DepositOp>(vault_, std::move(posted), std::move(deposit));
}
std::unique_ptr<store::Op> SqliteBook::refund(Refund refund, PostedPtr posted) {
    return std::make_unique<RefundOp>(vault_, std::move(posted), std::move(refund));
}
std::unique_ptr<store::Op> SqliteBook::adjust(Adjustment adjustment, PostedPtr posted) {
    return std::make_unique<AdjustOp>(vault_, std::move(posted), std::move(adjustment));
}
std::unique_ptr<store::Op> SqliteBook::operator_loss(OperatorLoss loss, PostedPtr posted) {
    return std::make_unique<LossOp>(vault_, std::move(posted), std::move(loss));
}
std::unique_ptr<store::Op> SqliteBook::redeem(AccountId account, std::string code, PostedPtr posted) {
    return std::make_unique<RedeemOp>(vault_, std::move(posted), account, std::move(code));
}
std::unique_ptr<store::Op> SqliteBook::freeze_wallet(AccountId account, bool frozen) {
    return freeze_wallet_op(vault_, account, frozen);
}
std::unique_ptr<store::Op> SqliteBook::set_balance_low(AccountId account, std::optional<int64_t> nanos) {
    return balance_low_op(vault_, account, nanos);
}
std::unique_ptr<store::Op> SqliteBook::create_coupon(NewCoupon coupon, CouponPtr made) {
    return create_coupon_op(vault_, std::move(coupon), std::move(made));
}
std::unique_ptr<store::Op> SqliteBook::disable_coupon(std::string code, bool disabled) {
    return disable_coupon_op(vault_, std::move(code), disabled);
}
std::unique_ptr<store::Op> SqliteBook::use_coupon(AccountId account, std::string code, std::string request_id) {
    return use_coupon_op(vault_, account, std::move(code), std::move(request_id));
}
std::unique_ptr<store::Op> SqliteBook::set_rate(std::string currency, Ratio per_usd, std::string source) {
    return set_rate_op(vault_, std::move(currency), per_usd, std::move(source));
}
std::optional<BudgetRef> SqliteBook::tag_budget(AccountId account, std::string_view tag, int64_t at_us) const {
    if (tag.empty() || !vault_->shared().any_tags.load(std::memory_order_relaxed)) return {};
    const auto all = tag_budgets();
    const auto it = all->find({account.value, std::string(tag)});
    if (it == all->end()) return {};
    return it->second.at(at_us);
}
std::unique_ptr<store::Op> SqliteBook::set_tag_budget(TagBudget budget) {
    return set_tag_budget_op(vault_, std::move(budget));
}
std::unique_ptr<store::Op> SqliteBook::drop_tag_budget(AccountId account, std::string tag) {
    return drop_tag_budget_op(vault_, account, std::move(tag));
}
std::unique_ptr<store::Op> SqliteBook::release_brake(KeyId key) { return release_brake_op(vault_, key); }

}  // namespace aig::ledger
