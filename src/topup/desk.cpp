#include "topup/desk.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/money.h"
#include "base/time.h"
#include "store/outbox.h"

namespace aig::topup {
namespace {
constexpr int64_t max_open_orders = 100;
constexpr int64_t order_life_us = 7 * 86'400'000'000ll;
constexpr int64_t max_amount_nanos = 1'000'000 * nanos_per_unit;
constexpr std::string_view booked_before = "booked_before";

Error mismatch(std::string what) { return Error(ErrorCode::payment_mismatch, std::move(what)); }

/// Is this payment exactly what was ordered?
Status fits(const Order& order, const Deposit& d) {
    if (order.paid) return mismatch("the order is paid already").reason("order_paid");
    if (order.rail != d.rail) return mismatch("the order is to be paid another way").reason("rail");
    if (order.currency != d.currency) return mismatch("the order is in another currency").reason("currency");
    if (order.amount_nanos != d.amount_nanos) return mismatch("the order is about another amount").reason("amount");
    if (order.account != d.account) return mismatch("the order is another account's").reason("account");
    return {};
}

/// Lets a payment through that was not booked before and fits its order.
class Gate : public store::Op {
  public:
    explicit Gate(Deposit d) : d_(std::move(d)) {}
    Status check(store::Db& db) override {
        TRY(const auto before, sql::load_deposit(db, d_.rail, d_.external_id));
        if (before && (before->status == DepositStatus::credited || before->status == DepositStatus::reversed))
            return Error(ErrorCode::conflict, "the payment was booked before").reason(std::string(booked_before));
        if (!d_.order) return {};
        TRY(const auto order, sql::load_order(db, d_.order));
        if (!order) return mismatch("there is no such order").reason("order");
        return fits(*order, d_);
    }
    Status apply(store::Db&) override { return {}; }

  private:
    Deposit d_;
};

/// The row of a credited payment, behind the credit itself, and the order it pays.
class BookedRow : public store::Op {
  public:
    BookedRow(Deposit d, ledger::PostedPtr posted) : d_(std::move(d)), posted_(std::move(posted)) {}
    Status apply(store::Db& db) override {
        d_.credited_nanos = posted_->amount_nanos;
        d_.credited_currency = posted_->wallet.currency;
        TRY(const auto known, sql::load_deposit(db, d_.rail, d_.external_id));
        if (known) {
            TRY(const int64_t changed, sql::update_deposit(db, d_));
            if (changed != 1) return Error(ErrorCode::conflict, "the payment was booked before");
        } else {
            TRYV(sql::insert_deposit(db, d_));
        }
        TRYV(store::emit(db, credited_event()));
        if (!d_.order) return {};
        TRY(const int64_t paid, sql::mark_paid(db, d_.order));
        if (paid != 1) return mismatch("the order is paid already");
        return {};
    }

  private:
    store::Event credited_event() const {
        store::Event e;
        e.type = "deposit.credited";
        e.account = d_.account;
        e.data_json.clear();
        JsonWriter(e.data_json)
            .begin_object()
            .field("rail", d_.rail)
            .field("amount", decimal(d_.amount_nanos, 9))
            .field("currency", d_.currency)
            .field("credited", decimal(d_.credited_nanos, 9))
            .field("credited_currency", d_.credited_currency)
            .end_object();
        return e;
    }
    Deposit d_;
    ledger::PostedPtr posted_;
};

class UnbookedRow : public store::Op {
  public:
    explicit UnbookedRow(Deposit d) : d_(std::move(d)) {}
    Status apply(store::Db& db) override {
        TRY(const auto before, sql::load_deposit(db, d_.rail, d_.external_id));
        if (!before) {
            TRYV(sql::insert_deposit(db, d_));
            return {};
        }
        TRYV(sql::update_deposit(db, d_));
        return {};
    }

  private:
    Deposit d_;
};

class OrderRow : public store::Op {
  public:
    explicit OrderRow(Order o) : o_(std::move(o)) {}
    Status check(store::Db& db) override {
        TRY(const int64_t open, sql::count_open_orders(db, o_.account, o_.created_us));
        if (open >= max_open_orders)
            return Error(ErrorCode::conflict, fmt::format("the account has {} open orders", max_open_orders));
        return {};
    }
    Status apply(store::Db& db) override { return sql::insert_order(db, o_); }

  private:
    Order o_;
};

void count_credited(const Deposit& d) {
    static auto& count = metrics::counter("aig_topup_credited_total", "Deposits that were credited");
    count.add();
    log::info("deposit_credited", {{"rail", d.rail},
                                   {"id", d.external_id},
                                   {"account", to_text(d.account)},
                                   {"amount", decimal(d.amount_nanos, 9)},
                                   {"currency", d.currency}});
}
}  // namespace

std::string_view status_name(DepositStatus status) {
    constexpr std::string_view names[] = {"pending",    "credited",  "below_minimum", "wrong_token", "failed",
                                          "unassigned", "too_large", "disputed",      "mismatched",  "reversed"};
    const auto i = static_cast<size_t>(status);
    return i < std::size(names) ? names[i] : "unknown";
}

std::unique_ptr<store::Op> deposit_row(Deposit deposit) { return std::make_unique<UnbookedRow>(std::move(deposit)); }

Result<store::Batch> Desk::booking(Payment payment, store::Ops with) {
    auto& d = payment.deposit;
    if (d.amount_nanos <= 0) return Error(ErrorCode::internal, "a payment of nothing");
    d.status = DepositStatus::credited;
    d.reason.clear();
    d.settled_us = now_us();
    auto posted = std::make_shared<ledger::Posted>();
    ledger::Deposit money{.account = d.account, .amount_nanos = d.amount_nanos, .currency = d.currency};
    money.ref = fmt::format("deposit:{}:{}", d.rail, d.external_id);
    money.memo = fmt::format("{} {} {}", d.rail, decimal(d.amount_nanos, 9), d.currency);
    store::Batch batch;
    batch.guarded = true;  // the ledger may refuse where amounts meet their bounds
    batch.ops.push_back(std::make_unique<Gate>(d));
    batch.ops.push_back(book_.deposit(std::move(money), posted));
    batch.ops.push_back(std::make_unique<BookedRow>(d, posted));
    for (auto& op : with) batch.ops.push_back(std::move(op));
    return batch;
}

rt::Task<Result<Deposit>> Desk::credit(Payment payment, store::Ops with) {
    const std::string rail = payment.deposit.rail, external_id = payment.deposit.external_id;
    auto batch = booking(std::move(payment), std::move(with));
    if (!batch) co_return std::move(batch).error();
    auto done = co_await store_.commit(*std::move(batch));
    const bool before = !done && done.error().reason() == booked_before;
    if (!done && !before) co_return std::move(done).error();
    auto stored = co_await find(rail, external_id);
    if (!stored) co_return std::move(stored).error();
    if (!*stored) co_return Error(ErrorCode::internal, "a booked deposit is not there");
    if (!before) count_credited(**stored);
    co_return **std::move(stored);
}

rt::Task<Status> Desk::record(Deposit deposit) {
    store::Batch batch;
    batch.ops.push_back(deposit_row(std::move(deposit)));
    auto done = co_await store_.commit(std::move(batch));
    co_return done;
}

Result<Order> Desk::draft(NewOrder want) {
    if (want.amount_nanos <= 0 || want.amount_nanos > max_amount_nanos)
        return Error(ErrorCode::bad_param,
                     fmt::format("'amount' must be more than 0 and at most {}.", decimal(max_amount_nanos, 9)))
            .param("amount");
    if (!ledger::is_currency(want.currency))
        return Error(ErrorCode::bad_param, "'currency' must be capital letters, such as USD.").param("currency");
    Order o;
    o.public_id = "dep_" + random_base62(22);
    o.account = want.account;
    o.rail = std::move(want.rail);
    o.currency = std::move(want.currency);
    o.amount_nanos = want.amount_nanos;
    o.created_us = now_us();
    o.expires_us = o.created_us + order_life_us;
    return o;
}

std::unique_ptr<store::Op> Desk::order_row(Order order) { return std::make_unique<OrderRow>(std::move(order)); }

Result<Order> Desk::order_now(NewOrder want, store::Ops with) {
    TRYV(book_.wallet_now(want.account));
    TRY(auto o, draft(std::move(want)));
    store::Batch batch;
    batch.ops.push_back(order_row(o));
    for (auto& op : with) batch.ops.push_back(std::move(op));
    TRYV(store_.commit_now(std::move(batch)));
    return o;
}

Result<Deposit> Desk::accept_now(int64_t id, store::Ops with) {
    std::optional<Deposit> found;
    TRYV(store_.read_now([&](store::Db& db) -> Status {
        TRY(found, sql::load_deposit(db, id));
        return {};
    }));
    if (!found) return Error(ErrorCode::resource_not_found, "there is no such deposit");
    if (found->status != DepositStatus::below_minimum)
        return Error(ErrorCode::conflict, fmt::format("the deposit is {}; only one below the minimum can be accepted",
                                                      status_name(found->status)));
    TRY(auto batch, booking({Proof(), *found}, std::move(with)));
    TRYV(store_.commit_now(std::move(batch)));
    TRYV(store_.read_now([&](store::Db& db) -> Status {
        TRY(found, sql::load_deposit(db, id));
        return {};
    }));
    count_credited(*found);
    return *found;
}

rt::Task<Result<std::optional<Order>>> Desk::find_order(std::string public_id) {
    auto found = std::make_shared<std::optional<Order>>();
    std::function<Status(store::Db&)> read = [found, id = std::move(public_id)](store::Db& db) -> Status {
        TRY(*found, sql::load_order(db, id));
        return {};
    };
    auto done = co_await store_.read(std::move(read));
    if (!done) co_return std::move(done).error();
    co_return std::move(*found);
}

rt::Task<Result<std::optional<Deposit>>> Desk::find(std::string rail, std::string external_id) {
    auto found = std::make_shared<std::optional<Deposit>>();
    std::function<Status(store::Db&)> read = [found, rail = std::move(rail),
                                              id = std::move(external_id)](store::Db& db) -> Status {
        TRY(*found, sql::load_deposit(db, rail, id));
        return {};
    };
    auto done = co_await store_.read(std::move(read));
    if (!done) co_return std::move(done).error();
    co_return std::move(*found);
}

}  // namespace aig::topup
