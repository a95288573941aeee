// What every engine's Book must do. Typed: an engine joins by adding its rig to Rigs.
#include <gtest/gtest.h>

#include "base/time.h"
#include "ledger/testing/book_rig.h"

namespace aig::ledger {
namespace {
using testing::BookRig;
using testing::settlement_of;

template <class Rig>
class BookContract : public ::testing::Test {
  protected:
    Rig rig;
    ~BookContract() override {
        const auto report = rig.verify();
        EXPECT_TRUE(report.ok) << ::testing::PrintToString(report.faults);
    }
    void expect_wallet(AccountId account, int64_t balance, int64_t held) {
        const auto v = rig.wallet(account);
        EXPECT_EQ(v.balance_nanos, balance);
        EXPECT_EQ(v.held_nanos, held);
        EXPECT_EQ(v.available_nanos, balance - held);
    }
};
using Rigs = ::testing::Types<BookRig>;
TYPED_TEST_SUITE(BookContract, Rigs);

TYPED_TEST(BookContract, holds_and_settles) {
    auto& rig = this->rig;
    const auto account = rig.fund(1'000);
    auto hold = rig.hold(account, 300);
    ASSERT_TRUE(hold);
    EXPECT_EQ(hold->amount_nanos(), 300);
    EXPECT_EQ(rig.book().open_holds(), 1);
    this->expect_wallet(account, 1'000, 300);
    const auto receipt = rig.settle(*std::move(hold), 120);
    ASSERT_TRUE(receipt);
    EXPECT_EQ(receipt->cost_nanos(), 120);
    EXPECT_EQ(receipt->available_nanos(), 880);
    EXPECT_GT(receipt->entry(), 0);
    EXPECT_EQ(rig.book().open_holds(), 0);
    this->expect_wallet(account, 880, 0);
}

TYPED_TEST(BookContract, refuses_what_the_wallet_cannot_pay_and_says_the_figures) {
    auto& rig = this->rig;
    const auto account = rig.fund(1'000'000'000);
    const auto refused = rig.hold(account, 1'500'000'001);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::no_money);
    EXPECT_EQ(refused.error().message(), "needs $1.500000001, available $1.000000000");
    EXPECT_EQ(refused.error().details_json(), R"("required":"1.500000001","available":"1.000000000","currency":"USD")");
    this->expect_wallet(account, 1'000'000'000, 0);
}

TYPED_TEST(BookContract, gives_a_smaller_hold_when_less_is_enough) {
    auto& rig = this->rig;
    const auto account = rig.fund(100);
    auto hold = rig.hold(account, 500, 40);
    ASSERT_TRUE(hold);
    EXPECT_EQ(hold->amount_nanos(), 100);
    const auto more = rig.extend(*hold, 10, 1);
    ASSERT_FALSE(more);
    EXPECT_EQ(more.error().code(), ErrorCode::no_money);
    EXPECT_EQ(hold->amount_nanos(), 100);
    EXPECT_TRUE(rig.settle(*std::move(hold), 100));
}

TYPED_TEST(BookContract, takes_a_share_where_less_is_enough) {
    auto& rig = this->rig;
    const auto account = rig.fund(1'000);
    std::vector<Hold> holds;
    for (const int64_t expected : {250, 187, 140}) {
        HoldRequest request;
        request.account = account;
        request.amount_nanos = 500;
        request.least_nanos = 10;
        request.share_percent = 25;
        request.request_id = "share-" + std::to_string(expected);
        auto hold = rig.hold(std::move(request));
        ASSERT_TRUE(hold);
        EXPECT_EQ(hold->amount_nanos(), expected);
        holds.push_back(*std::move(hold));
    }
    for (auto& hold : holds) EXPECT_TRUE(rig.release(std::move(hold)));
}

TYPED_TEST(BookContract, extends_up_to_what_there_is) {
    auto& rig = this->rig;
    const auto account = rig.fund(100);
    auto hold = rig.hold(account, 60);
    ASSERT_TRUE(hold);
    const auto more = rig.extend(*hold, 100, 10);
    ASSERT_TRUE(more);
    EXPECT_EQ(*more, 100);
    EXPECT_EQ(hold->amount_nanos(), 100);
    this->expect_wallet(account, 100, 100);
    EXPECT_TRUE(rig.release(*std::move(hold)));
    this->expect_wallet(account, 100, 0);
}

TYPED_TEST(BookContract, books_as_overage_what_the_wallet_cannot_pay) {
    auto& rig = this->rig;
    const auto account = rig.fund(100);
    auto other = rig.hold(account, 30);
    auto hold = rig.hold(account, 50);
    const auto receipt = rig.settle(*std::move(hold), 1'000);  // 50 held + 20 available
    ASSERT_TRUE(receipt);
    EXPECT_EQ(receipt->cost_nanos(), 70);
    EXPECT_EQ(receipt->available_nanos(), 0);
    this->expect_wallet(account, 30, 30);
    EXPECT_TRUE(rig.settle(*std::move(other), 0));
}

TYPED_TEST(BookContract, whoever_writes_beside_a_charge_is_told_what_is_charged) {
    auto& rig = this->rig;
    const auto account = rig.fund(100);
    auto hold = rig.hold(account, 50);
    int64_t told = -1, entry = 0;
    auto terms = settlement_of(1'000);  // more than there is: only inside the transaction it is known that 100 are paid
    terms.with_receipt = [&](store::Db&, const Receipt& r) -> Status {
        told = r.cost_nanos();
        entry = r.entry();
        return {};
    };
    const auto receipt = rig.settle(*std::move(hold), std::move(terms));
    ASSERT_TRUE(receipt);
    EXPECT_EQ(told, 100);
    EXPECT_EQ(receipt->cost_nanos(), 100);
    EXPECT_EQ(entry, receipt->entry());
}

TYPED_TEST(BookContract, dropping_a_hold_voids_it) {
    auto& rig = this->rig;
    const auto account = rig.fund(100);
    { auto hold = rig.hold(account, 60); }
    EXPECT_TRUE(rig.hold(account, 100));  // the void stands in the queue before this
}

TYPED_TEST(BookContract, a_second_resolution_gives_the_first_outcome) {
    auto& rig = this->rig;
    const auto account = rig.fund(100);
    auto hold = rig.hold(account, 60);
    auto twin = rig.adopt(hold->id());
    auto triplet = rig.adopt(hold->id());
    ASSERT_TRUE(triplet);
    const auto first = rig.settle(*std::move(hold), 25);
    const auto second = rig.settle(*std::move(twin), 60);
    ASSERT_TRUE(second);
    EXPECT_EQ(second->cost_nanos(), 25);
    EXPECT_EQ(second->entry(), first->entry());
    EXPECT_EQ(second->available_nanos(), 75);
    EXPECT_TRUE(rig.release(*std::move(triplet)));
    this->expect_wallet(account, 75, 0);
}

TYPED_TEST(BookContract, settling_after_a_void_charges_nothing) {
    auto& rig = this->rig;
    const auto account = rig.fund(100);
    auto hold = rig.hold(account, 60);
    auto twin = rig.adopt(hold->id());
    ASSERT_TRUE(twin);
    ASSERT_TRUE(rig.release(*std::move(hold), VoidReason::failed, 17));
    const auto late = rig.settle(*std::move(twin), 60);
    ASSERT_TRUE(late);
    EXPECT_EQ(late->cost_nanos(), 0);
    EXPECT_EQ(late->entry(), 0);
    this->expect_wallet(account, 100, 0);
    EXPECT_FALSE(rig.adopt(HoldId{1}));
}

TYPED_TEST(BookContract, spends_bonuses_first_and_the_earliest_to_expire_before_others) {
    auto& rig = this->rig;
    const auto account = rig.fund(100);
    const int64_t now = now_us();
    ASSERT_TRUE(rig.book().grant_now(account, 30, now + 3'600'000'000, "late", ""));
    ASSERT_TRUE(rig.book().grant_now(account, 20, now + 1'800'000'000, "early", ""));
    ASSERT_TRUE(rig.book().grant_now(account, 50, now - 1, "expired", ""));
    this->expect_wallet(account, 150, 0);
    auto hold = rig.hold(account, 60);
    ASSERT_TRUE(hold);
    this->expect_wallet(account, 150, 60);
    const auto receipt = rig.settle(*std::move(hold), 45);  // 20 early, 25 late
    EXPECT_EQ(receipt->cost_nanos(), 45);
    EXPECT_EQ(receipt->available_nanos(), 105);
    const auto all = rig.hold(account, 105);
    EXPECT_TRUE(all);
    EXPECT_FALSE(rig.hold(account, 1));
}

TYPED_TEST(BookContract, a_credit_counts_once_per_reference) {
    auto& rig = this->rig;
    const auto account = rig.fund(0);
    ASSERT_TRUE(rig.book().credit_now(account, 50, "tx-1", "bank"));
    const auto again = rig.book().credit_now(account, 50, "tx-1", "bank");
    ASSERT_TRUE(again);
    EXPECT_EQ(again->balance_nanos, 50);
    EXPECT_TRUE(rig.book().credit_now(rig.fund(0), 50, "tx-1", "another account's"));
    this->expect_wallet(account, 50, 0);
    for (const int64_t bad : {int64_t{0}, int64_t{-5}}) EXPECT_FALSE(rig.book().credit_now(account, bad, "tx-2", ""));
    const auto huge = rig.book().credit_now(account, INT64_MAX, "tx-3", "");
    ASSERT_FALSE(huge);
    EXPECT_EQ(huge.error().code(), ErrorCode::bad_param);
}

TYPED_TEST(BookContract, a_credit_commits_with_its_company_or_not_at_all) {
    auto& rig = this->rig;
    const auto account = rig.fund(100);
    class Refusing : public store::Op {
        Status check(store::Db&) override { return Error(ErrorCode::conflict, "no"); }
        Status apply(store::Db&) override { return {}; }
    };
    store::Batch refused;
    refused.ops.push_back(rig.book().deposit({.account = account, .amount_nanos = 50, .ref = "tx-1"}, nullptr));
    refused.ops.push_back(std::make_unique<Refusing>());
    EXPECT_FALSE(rig.store().commit_now(std::move(refused)));
    this->expect_wallet(account, 100, 0);
    for (int i = 0; i < 2; ++i) {
        store::Batch batch;
        batch.ops.push_back(rig.book().deposit({.account = account, .amount_nanos = 50, .ref = "tx-1"}, nullptr));
        EXPECT_TRUE(rig.store().commit_now(std::move(batch)));
    }
    this->expect_wallet(account, 150, 0);  // once per ref
}

TYPED_TEST(BookContract, holds_fit_into_every_budget) {
    auto& rig = this->rig;
    const auto account = rig.fund(1'000);
    const BudgetRef key{1, 5, "2026-11", 100}, tag{3, 9, "", 70};
    const auto request = [&](int64_t amount, int64_t least) {
        HoldRequest r;
        r.account = account;
        r.amount_nanos = amount;
        r.least_nanos = least;
        r.budgets = {key, tag};
        return r;
    };
    auto hold = rig.hold(request(90, 50));
    ASSERT_TRUE(hold);
    EXPECT_EQ(hold->amount_nanos(), 70);
    EXPECT_EQ(rig.budget(key), std::pair(int64_t{0}, int64_t{70}));
    const auto refused = rig.hold(request(10, 1));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::budget_exceeded);
    EXPECT_EQ(refused.error().reason(), "spend_cap");
    this->expect_wallet(account, 1'000, 70);
    EXPECT_EQ(rig.extend(*hold, 5, 1).error().code(), ErrorCode::budget_exceeded);
    ASSERT_TRUE(rig.settle(*std::move(hold), 60));
    EXPECT_EQ(rig.budget(key), std::pair(int64_t{60}, int64_t{0}));
    EXPECT_EQ(rig.budget(tag), std::pair(int64_t{60}, int64_t{0}));
    auto rest = rig.hold(request(50, 1));
    ASSERT_TRUE(rest);
    EXPECT_EQ(rest->amount_nanos(), 10);
    ASSERT_TRUE(rig.release(*std::move(rest)));
    EXPECT_EQ(rig.budget(tag), std::pair(int64_t{60}, int64_t{0}));
}

TYPED_TEST(BookContract, start_up_voids_the_holds_of_calls_and_keeps_those_of_jobs) {
    auto& rig = this->rig;
    const auto account = rig.fund(1'000);
    const BudgetRef cap{1, 1, "", 1'000};
    const auto request = [&](int64_t amount, Owner owner) {
        HoldRequest r;
        r.account = account;
        r.amount_nanos = r.least_nanos = amount;
        r.budgets = {cap};
        r.owner = owner;
        return r;
    };
    auto call = rig.hold(request(100, Owner::call));
    auto job = rig.hold(request(40, Owner::job));
    const auto job_id = job->id();
    // As a killed process leaves them: nobody runs a destructor.
    static auto& lost = *new std::vector<Hold*>;  // reachable for ever: lost to the book, not to the leak checker
    for (auto* hold : {&call, &job}) lost.push_back(new Hold(std::move(**hold)));
    rig.reopen();
    this->expect_wallet(account, 1'000, 40);
    EXPECT_EQ(rig.book().open_holds(), 1);
    EXPECT_EQ(rig.budget(cap), std::pair(int64_t{0}, int64_t{40}));
    auto again = rig.adopt(job_id);
    ASSERT_TRUE(again);
    EXPECT_TRUE(rig.settle(*std::move(again), 33));
    this->expect_wallet(account, 967, 0);
}

TYPED_TEST(BookContract, refuses_a_cost_that_does_not_follow_from_its_lines) {
    auto& rig = this->rig;
    const auto account = rig.fund(1'000);
    auto hold = rig.hold(account, 100);
    auto wrong = settlement_of(50);
    wrong.cost_nanos = 49;
    EXPECT_EQ(rig.settle(*std::move(hold), std::move(wrong)).error().code(), ErrorCode::internal);
    EXPECT_TRUE(rig.hold(account, 1'000));  // and the hold is free again
}

TYPED_TEST(BookContract, an_account_without_a_wallet_cannot_hold) {
    EXPECT_EQ(this->rig.hold(AccountId{77}, 1).error().code(), ErrorCode::account_blocked);
    EXPECT_EQ(this->rig.book().wallet_now(AccountId{77}).error().code(), ErrorCode::resource_not_found);
}

}  // namespace
}  // namespace aig::ledger
