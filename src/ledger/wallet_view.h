// What an account has, as everybody may see it.
#pragma once

#include <cstdint>
#include <string>

namespace aig::ledger {

/// Over the account's main wallet and its bonus wallets that have not expired.
struct WalletView {
    std::string currency = "USD";
    int64_t balance_nanos = 0;  ///< credits - debits
    int64_t held_nanos = 0;
    int64_t available_nanos = 0;  ///< balance - held
    int64_t credits_nanos = 0, debits_nanos = 0;
    int64_t bonus_nanos = 0;  ///< of `available`, what is in bonus wallets
    bool frozen = false;
};

}  // namespace aig::ledger
