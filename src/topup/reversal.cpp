// Money that goes back: refunds and chargebacks of a processor.
#include <fmt/format.h>

#include <algorithm>

#include "base/log.h"
#include "base/metrics.h"
#include "base/money.h"
#include "base/time.h"
#include "topup/desk.h"

namespace aig::topup {
namespace {
constexpr int attempts = 5;  // the wallet may be spent from meanwhile

Error mismatch(std::string what) { return Error(ErrorCode::payment_mismatch, std::move(what)); }

/// value * num / den, down or up; the terms are positive, the result fits because num <= den or the caller checked.
int64_t share(int64_t value, int64_t num, int64_t den, bool up) {
    const auto product = static_cast<__int128>(value) * num;
    return static_cast<int64_t>((product + (up ? den - 1 : 0)) / den);
}
}  // namespace

struct Desk::Taking {
    Deposit event;             ///< the reversal
    bool cumulative = false;   ///< its amount is all that went back so far
    sql::PaidOrder paid;       ///< as read
    int64_t part = 0;          ///< of what was credited
    int64_t take = 0;          ///< from the wallet
    int64_t loss_dollars = 0;  ///< the operator's
};

namespace {
/// Nothing of it changed since it was planned, and the event is new.
class ReversalRow : public store::Op {
  public:
    ReversalRow(Deposit d, int64_t reversed_before) : d_(std::move(d)), before_(reversed_before) {}
    Status check(store::Db& db) override {
        TRY(const auto known, sql::load_deposit(db, d_.rail, d_.external_id));
        if (known && known->status == DepositStatus::reversed)
            return Error(ErrorCode::conflict, "the reversal was booked before").reason("booked_before");
        known_ = known.has_value();
        TRY(const auto paid, sql::paid_order(db, d_.order));
        if (paid.reversed_nanos != before_)
            return Error(ErrorCode::no_money, "another reversal came in between");  // plan it again
        return {};
    }
    Status apply(store::Db& db) override {
        if (known_) {
            TRYV(sql::update_deposit(db, d_));
            return {};
        }
        TRYV(sql::insert_deposit(db, d_));
        return {};
    }

  private:
    Deposit d_;
    int64_t before_;
    bool known_ = false;
};
}  // namespace

/// How much goes back, of which the wallet can pay how much.
rt::Task<Status> Desk::plan(std::shared_ptr<Taking> t) {
    std::function<Status(store::Db&)> read = [t](store::Db& db) -> Status {
        TRY(t->paid, sql::paid_order(db, t->event.order));
        return {};
    };
    CO_TRYV(co_await store_.read(std::move(read)));
    if (!t->paid.deposit) co_return mismatch("no payment of that order was credited");
    const auto& paid = *t->paid.deposit;
    if (paid.currency != t->event.currency) co_return mismatch("the payment was in another currency");
    if (t->cumulative) t->event.amount_nanos -= t->paid.reversed_nanos;
    t->cumulative = false;
    if (t->event.amount_nanos <= 0 || t->event.amount_nanos > paid.amount_nanos - t->paid.reversed_nanos)
        co_return mismatch("more would go back than was paid");
    t->part = share(paid.credited_nanos, t->event.amount_nanos, paid.amount_nanos, false);
    auto wallet = co_await book_.wallet(paid.account);
    if (!wallet) co_return std::move(wallet).error();
    auto rate = book_.rates()->needed(wallet->currency);
    if (!rate) co_return std::move(rate).error();
    t->take = std::clamp<int64_t>(wallet->available_nanos, 0, t->part);
    t->loss_dollars = share(t->part - t->take, rate->per_usd.den, rate->per_usd.num, true);
    co_return Status{};
}

rt::Task<Result<Deposit>> Desk::reverse(Payment payment, bool cumulative) {
    static auto& count = metrics::counter("aig_topup_reversed_total", "Refunds and chargebacks that were booked");
    auto t = std::make_shared<Taking>();
    Status done;
    for (int i = 0; i < attempts; ++i) {
        t->event = payment.deposit;
        t->cumulative = cumulative;
        CO_TRYV(co_await plan(t));
        auto& d = t->event;
        d.status = DepositStatus::reversed;
        d.account = t->paid.deposit->account;
        d.credited_nanos = -t->take;
        d.credited_currency = t->paid.deposit->credited_currency;
        d.reason = t->take == t->part ? "taken back" : "taken back in part; the rest is the operator's loss";
        d.settled_us = now_us();
        const auto ref = fmt::format("reversal:{}:{}", d.rail, d.external_id);
        store::Batch batch;
        batch.guarded = true;
        batch.ops.push_back(std::make_unique<ReversalRow>(d, t->paid.reversed_nanos));
        if (t->take > 0)
            batch.ops.push_back(book_.adjust(
                {.account = d.account, .amount_nanos = -t->take, .ref = ref, .memo = d.rail + " reversal"}, nullptr));
        if (t->loss_dollars > 0)
            batch.ops.push_back(book_.operator_loss({.account = d.account,
                                                     .amount_nanos = t->loss_dollars,
                                                     .ref = ref + ":loss",
                                                     .memo = d.rail + " reversal, not covered by the wallet"},
                                                    nullptr));
        done = co_await store_.commit(std::move(batch));
        if (done || done.error().code() != ErrorCode::no_money) break;
    }
    if (!done && done.error().reason() != "booked_before") co_return std::move(done).error();
    if (done) count.add();
    log::warn("deposit_reversed", {{"rail", t->event.rail}, {"id", t->event.external_id}, {"taken", t->take}});
    auto stored = co_await find(payment.deposit.rail, payment.deposit.external_id);
    if (!stored) co_return std::move(stored).error();
    if (!*stored) co_return Error(ErrorCode::internal, "a booked reversal is not there");
    co_return **std::move(stored);
}

}  // namespace aig::topup
