// The contract of every payment rail. A rail proves a payment from outside and hands it to the Desk, which books it
// exactly once: the deposit's row and the wallet's credit are one transaction, keyed by (rail, external id). Only a
// verified signature, the solidified chain or the operator's own word make a Proof, and nothing is credited without
// one.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"

namespace aig::topup {

constexpr std::string_view usdt_trc20 = "usdt-trc20";

enum class DepositStatus : uint8_t {
    pending = 0,  ///< seen; something is still missing (`reason`)
    credited = 1,
    below_minimum = 2,
    wrong_token = 3,
    failed = 4,      ///< the transaction failed on the chain
    unassigned = 5,  ///< to an address that was not this account's yet
    too_large = 6,   ///< does not fit the books
    disputed = 7,    ///< nodes contradict each other
    mismatched = 8,  ///< does not fit its order
    reversed = 9,    ///< a refund or chargeback of an earlier deposit
};
std::string_view status_name(DepositStatus status);

struct Deposit {
    int64_t id = 0;
    std::string rail, external_id;  ///< unique together
    AccountId account;              ///< 0 = nobody's
    DepositStatus status = DepositStatus::pending;
    std::string currency;      ///< of `amount_nanos`
    int64_t amount_nanos = 0;  ///< 0 when it does not fit; `told` has it
    std::string told;          ///< the amount as it was told
    int64_t credited_nanos = 0;
    std::string credited_currency;
    int64_t order = 0;
    std::string address, token, tx, block_hash;  ///< on a chain
    int64_t block = 0, block_ms = 0;
    int64_t witnesses = 0;  ///< independent sources that said the same
    std::string reason;     ///< why it is not credited
    int64_t seen_us = 0, settled_us = 0;
};

class CallbackDoor;
namespace tron {
class Watcher;
}
class Desk;

/// That a payment happened as it is told. Made only by those who have checked it.
class Proof {
    friend class CallbackDoor;
    friend class tron::Watcher;
    friend class Desk;
    friend struct ProofForTests;
    Proof() = default;
};

struct Payment {
    Proof proof;
    Deposit deposit;  ///< rail, external id, account, currency, amount, and where it was seen
};

/// A payment a customer announced; the processor's callback must fit it in every point.
struct Order {
    int64_t id = 0;
    std::string public_id;  ///< dep_..., random
    AccountId account;
    std::string rail, currency;
    int64_t amount_nanos = 0;
    bool paid = false;
    int64_t created_us = 0, expires_us = 0;
};

}  // namespace aig::topup
