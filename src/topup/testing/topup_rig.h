// A book, a fake chain with its nodes, and the room in between; rounds are run by hand.
#pragma once

#include <gtest/gtest.h>

#include "ledger/testing/book_rig.h"
#include "topup/testing/fake_tron.h"
#include "topup/topups.h"

namespace aig::topup {
/// Tests may prove what they like.
struct ProofForTests {
    static Proof proof() { return {}; }
};
}  // namespace aig::topup

namespace aig::topup::testing {

class TopupRig {
  public:
    explicit TopupRig(size_t nodes = 1, int64_t second_above_nanos = INT64_MAX);
    ~TopupRig();
    /// Ends everything in memory and begins anew on the same database.
    void restart();
    /// An account with an address of its own.
    AccountId customer();
    std::string address(AccountId account);
    Status round();
    void rounds(int n);
    int64_t balance(AccountId account) { return books.wallet(account).balance_nanos; }
    std::vector<Deposit> deposits(AccountId account = {});
    /// The status of the newest deposit of the account.
    std::string status(AccountId account);
    /// Runs a statement on the database behind everybody's back.
    void tamper(const char* sql);

    ledger::testing::BookRig books;
    FakeChain chain;
    std::vector<std::unique_ptr<FakeNode>> nodes;
    TopupSettings settings;
    std::unique_ptr<rt::Loops> loops;
    std::unique_ptr<Topups> topups;
};

}  // namespace aig::topup::testing
