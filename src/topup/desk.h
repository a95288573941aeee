// Where payments are booked. credit() is exactly-once: the deposit's row, the wallet's credit, the order it pays and
// the resolved sighting are one transaction, and a payment that was booked before changes nothing and gives the first
// booking. record() keeps what came in and is not credited. Orders are made here, because they are what a callback is
// held against.
//
// Tasks run on any loop; the *_now functions block: never on a loop.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ledger/book.h"
#include "topup/topup_store.h"

namespace aig::topup {

struct NewOrder {
    AccountId account;
    std::string rail, currency;
    int64_t amount_nanos = 0;
};

class Desk {
  public:
    Desk(store::Store& store, ledger::Book& book) : store_(store), book_(book) {}

    /// The deposit as it stands afterwards. payment_mismatch when it does not fit its order; resource_not_found when
    /// the account has no wallet. `with` commits together with the credit, and not at all without it.
    rt::Task<Result<Deposit>> credit(Payment payment, store::Ops with);
    /// A refund or chargeback of a deposit that an order was paid with: takes back what is available, the rest is the
    /// operator's loss. payment_mismatch when there is no such deposit, or more than it was would be taken.
    rt::Task<Result<Deposit>> reverse(Payment payment, bool cumulative);
    /// Writes or renews the row of something that is not credited; a credited one stays as it is.
    rt::Task<Status> record(Deposit deposit);

    /// bad_param (amount), conflict (100 open ones), resource_not_found (no wallet).
    Result<Order> order_now(NewOrder order, store::Ops with = {});
    /// The two halves of it for whoever composes: the order as it will be, and its row.
    static Result<Order> draft(NewOrder order);
    static std::unique_ptr<store::Op> order_row(Order order);
    /// The operator's word: credits a deposit that was found true and below the minimum. conflict for any other.
    Result<Deposit> accept_now(int64_t id, store::Ops with);

    rt::Task<Result<std::optional<Order>>> find_order(std::string public_id);
    rt::Task<Result<std::optional<Deposit>>> find(std::string rail, std::string external_id);

  private:
    Result<store::Batch> booking(Payment payment, store::Ops with);
    struct Taking;
    rt::Task<Status> plan(std::shared_ptr<Taking> taking);
    store::Store& store_;
    ledger::Book& book_;
};

/// To write one deposit's row as an Op, for whoever composes.
std::unique_ptr<store::Op> deposit_row(Deposit deposit);

}  // namespace aig::topup
