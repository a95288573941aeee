// Money that moves outside calls, as values: each becomes an Op of the Book, to be committed together with what it
// follows from (a payment's row, an audit line). All carry a `ref`, the outside name of the movement: the same ref
// books once per account, a second time changes nothing and gives `before`. Amounts are in the wallet's currency
// unless it says otherwise.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/ids.h"
#include "ledger/wallet_view.h"

namespace aig::ledger {

/// What an Op did; filled once its batch is done.
struct Posted {
    WalletView wallet;         ///< afterwards
    int64_t entry = 0;         ///< its first entry; 0 when `before`
    int64_t amount_nanos = 0;  ///< that reached (or left) the wallet
    bool before = false;       ///< the ref had been booked already: nothing changed
};
using PostedPtr = std::shared_ptr<Posted>;

/// Money from outside. In another currency it is changed at the rates in force, rounded down; the spread is the
/// deployment's and stands in the books.
struct Deposit {
    AccountId account;
    int64_t amount_nanos = 0;  ///< in `currency`
    std::string currency{};    ///< "" = the wallet's
    int64_t spread_bps = 0;    ///< taken off the rate, 0 to 5,000; only where currencies differ
    std::string ref{}, memo{};
};

/// Gives back what a charge took, to the wallets it came from, the last one first. Never more than is left of it.
struct Refund {
    AccountId account;
    int64_t charge = 0;        ///< the charge's first entry (Receipt::entry, find_charge)
    int64_t amount_nanos = 0;  ///< 0 = all that is left
    std::string ref{}, memo{};
};

/// A correction by the operator. Below zero takes money away, never more than is available: no_money.
struct Adjustment {
    AccountId account;
    int64_t amount_nanos = 0;
    std::string ref{}, memo{};
};

/// What the operator pays for without a customer to charge; moves no wallet. In USD.
struct OperatorLoss {
    AccountId account;
    int64_t amount_nanos = 0;
    std::string ref{}, memo{};
};

}  // namespace aig::ledger
