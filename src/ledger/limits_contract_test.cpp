// What every engine's Book must do to keep spending in bounds: slices, amounts that must be there, budgets of tags and
// their periods, free calls, the brake, and the events of all these.
#include <gtest/gtest.h>

#include <atomic>
#include <latch>

#include "ledger/free_tier.h"
#include "ledger/testing/book_rig.h"

namespace aig::ledger {
namespace {
using testing::BookRig;
using testing::run;

constexpr int64_t day_us = 86'400'000'000;
std::atomic<int64_t> fake_us{0}, fake_ns{0};
std::vector<Braked> braked;

BookOptions options() {
    fake_us = *end_of_day_us("2026-10-30");  // the first moment of the last day of October
    fake_ns = 0;
    braked.clear();
    BookOptions o;
    o.now_us = [] { return fake_us.load(); };
    o.mono_ns = [] { return fake_ns.load(); };
    o.alerts.balance_low_nanos = 50;
    o.on_brake = [](const Braked& b) { braked.push_back(b); };
    return o;
}

class Bounds : public ::testing::Test {
  protected:
    BookRig rig{{}, options()};
    ~Bounds() override {
        const auto report = rig.verify();
        EXPECT_TRUE(report.ok) << ::testing::PrintToString(report.faults);
    }
    static HoldRequest ask(AccountId account, int64_t amount, int64_t least) {
        HoldRequest r;
        r.account = account;
        r.amount_nanos = amount;
        r.least_nanos = least;
        r.request_id = "req";
        return r;
    }
    bool pay(AccountId account, int64_t nanos, std::vector<BudgetRef> budgets = {}) {
        auto r = ask(account, nanos, nanos);
        r.budgets = std::move(budgets);
        auto hold = rig.hold(std::move(r));
        return hold && rig.settle(*std::move(hold), nanos);
    }
    std::vector<std::string> types(AccountId account) {
        std::vector<std::string> out;
        for (int i = 0; i < 50 && rig.store().queue_length() > 0; ++i)
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        for (const auto& [type, data] : rig.events(account)) out.push_back(type);
        return out;
    }
};
using Types = std::vector<std::string>;

TEST_F(Bounds, a_share_is_not_made_smaller_than_a_slice_the_wallet_can_pay) {
    const auto account = rig.fund(100);
    const auto sliced = [&] {
        auto r = ask(account, 80, 10);
        r.share_percent = 25;
        r.slice_nanos = 60;
        return rig.hold(std::move(r));
    };
    auto hold = sliced();
    ASSERT_TRUE(hold);
    EXPECT_EQ(hold->amount_nanos(), 60);
    auto rest = sliced();  // 40 are left: all of it, for a slice is more
    ASSERT_TRUE(rest);
    EXPECT_EQ(rest->amount_nanos(), 40);
}

TEST_F(Bounds, what_must_be_covered_must_be_there_though_less_is_held) {
    const auto account = rig.fund(1'000);
    const auto with_cover = [&](int64_t cover) {
        auto r = ask(account, 50, 10);
        r.must_cover_nanos = cover;
        r.budgets = {{subject_key, 1, "", 900}};
        return rig.hold(std::move(r));
    };
    auto one = with_cover(800), two = with_cover(800);
    ASSERT_TRUE(one && two);
    EXPECT_EQ(rig.wallet(account).held_nanos, 100);
    EXPECT_EQ(with_cover(901).error().code(), ErrorCode::no_money);
    const auto capped = with_cover(850);
    ASSERT_FALSE(capped);
    EXPECT_EQ(capped.error().code(), ErrorCode::budget_exceeded);
}

/// A stream: a first slice, then more of them until it has said all or the wallet has no more; pays for what it said.
struct Stream {
    static constexpr int64_t slice = 100, all = 1'000;
    static rt::Task<> go(Book* book, AccountId account, std::atomic<int64_t>* paid, std::atomic<int>* dry,
                         std::latch* done) {
        HoldRequest r;
        r.account = account;
        r.amount_nanos = slice;
        r.least_nanos = 10;
        r.share_percent = 25;
        r.slice_nanos = slice;
        auto hold = co_await book->hold(std::move(r));
        if (hold) {
            int64_t covered = hold->amount_nanos();
            while (covered < all) {
                auto more = co_await book->extend(*hold, slice, 10);
                if (!more) {
                    EXPECT_EQ(more.error().code(), ErrorCode::no_money);
                    ++*dry;
                    break;
                }
                covered = *more;
            }
            auto receipt = co_await book->settle(*std::move(hold), testing::settlement_of(covered));
            EXPECT_TRUE(receipt && receipt->available_nanos() >= 0 && receipt->cost_nanos() == covered);
            if (receipt) *paid += receipt->cost_nanos();
        } else {
            EXPECT_EQ(hold.error().code(), ErrorCode::no_money);
        }
        done->count_down();
    }
};

TEST_F(Bounds, two_hundred_streams_on_a_wallet_for_three_and_a_half_never_take_more_than_it_has) {
    const auto account = rig.fund(3 * Stream::all + Stream::all / 2), neighbour = rig.fund(1'000);
    std::atomic<int64_t> paid{0};
    std::atomic<int> dry{0};
    std::latch done(200);
    for (int i = 0; i < 200; ++i)
        rig.loop().spawn([&] { return Stream::go(&rig.book(), account, &paid, &dry, &done); });
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(pay(neighbour, 10));  // nobody else notices
    done.wait();
    EXPECT_EQ(paid, 3'500 - rig.wallet(account).balance_nanos);
    EXPECT_GT(dry, 0);
    EXPECT_LT(rig.wallet(account).balance_nanos, 10);  // used to the last slice
    EXPECT_EQ(rig.wallet(account).held_nanos, 0);
    int64_t overage = -1;
    ASSERT_TRUE(rig.store().read_now([&](store::Db& db) -> Status {
        auto q = db.query("SELECT COUNT(*) FROM entry_all WHERE kind = 30");
        TRYV(q.step());
        overage = q.integer(0);
        return {};
    }));
    EXPECT_EQ(overage, 0);
}

TEST_F(Bounds, a_tags_budget_is_found_at_once_and_counts_by_period) {
    const auto account = rig.fund(1'000);
    EXPECT_FALSE(rig.book().tag_budget(account, "batch", fake_us));
    ASSERT_TRUE(rig.commit(rig.book().set_tag_budget({0, account, "batch", "month", 100})));
    const auto ref = rig.book().tag_budget(account, "batch", fake_us);
    ASSERT_TRUE(ref);
    EXPECT_EQ(ref->period, "2026-10");
    EXPECT_FALSE(rig.book().tag_budget(account, "other", fake_us));
    EXPECT_FALSE(rig.book().tag_budget(AccountId{account.value + 1}, "batch", fake_us));
    EXPECT_TRUE(pay(account, 70, {*ref}));
    EXPECT_FALSE(pay(account, 40, {*ref}));
    ASSERT_TRUE(rig.commit(rig.book().set_tag_budget({0, account, "batch", "month", 120})));
    EXPECT_TRUE(pay(account, 40, {*rig.book().tag_budget(account, "batch", fake_us)}));
    rig.reopen();
    EXPECT_EQ(rig.book().tag_budget(account, "batch", fake_us)->cap_nanos, 120);
    ASSERT_TRUE(rig.commit(rig.book().drop_tag_budget(account, "batch")));
    EXPECT_FALSE(rig.book().tag_budget(account, "batch", fake_us));
    EXPECT_EQ(rig.commit(rig.book().drop_tag_budget(account, "batch")).error().code(), ErrorCode::resource_not_found);
    EXPECT_FALSE(rig.commit(rig.book().set_tag_budget({0, account, "batch", "year", 1})));
}

TEST_F(Bounds, each_hold_counts_in_the_period_it_was_taken_in_whatever_the_clock_does) {
    const auto account = rig.fund(10'000);
    const auto cap = [&] { return BudgetRef{subject_sub_account, 9, budget_period("month", fake_us), 10}; };
    auto october = ask(account, 10, 10);
    october.budgets = {cap()};
    auto hold = rig.hold(std::move(october));
    ASSERT_TRUE(hold);
    fake_us += day_us;  // November
    EXPECT_EQ(cap().period, "2026-11");
    for (int i = 0; i < 10; ++i) EXPECT_TRUE(pay(account, 1, {cap()}));
    EXPECT_FALSE(pay(account, 1, {cap()}));
    fake_us -= day_us;  // the clock is put back: October is full while the hold is open
    EXPECT_FALSE(pay(account, 1, {cap()}));
    fake_us += day_us;
    ASSERT_TRUE(rig.settle(*std::move(hold), 4));  // settled in November, spent in October
    EXPECT_EQ(rig.budget({subject_sub_account, 9, "2026-10", 0}).first, 4);
    EXPECT_EQ(rig.budget({subject_sub_account, 9, "2026-11", 0}).first, 10);
    fake_us -= day_us;
    EXPECT_TRUE(pay(account, 6, {cap()}));
    EXPECT_FALSE(pay(account, 1, {cap()}));
}

TEST_F(Bounds, so_many_calls_a_day_are_free_exactly_and_at_zero_balance) {
    const FreeTier tier({{"kimi", 10, *end_of_day_us("2026-10-31")}});
    const auto account = rig.fund(0);
    EXPECT_FALSE(tier.use(account, "other", fake_us));
    std::atomic<int> free{0}, refused{0};
    std::latch done(200);
    struct Caller {
        static rt::Task<> go(Book* book, BudgetRef use, AccountId account, std::atomic<int>* free_calls,
                             std::atomic<int>* refusals, std::latch* all) {
            HoldRequest r;
            r.account = account;
            r.amount_nanos = r.least_nanos = 5;
            r.free = std::move(use);
            auto hold = co_await book->hold(std::move(r));
            if (hold) {
                EXPECT_TRUE(hold->free());
                EXPECT_EQ(hold->amount_nanos(), 0);
                Settlement s;
                auto receipt = co_await book->settle(*std::move(hold), std::move(s));
                EXPECT_TRUE(receipt && receipt->cost_nanos() == 0 && receipt->entry() > 0);
                ++*free_calls;
            } else {
                EXPECT_EQ(hold.error().code(), ErrorCode::no_money);
                ++*refusals;
            }
            all->count_down();
        }
    };
    for (int i = 0; i < 200; ++i)
        rig.loop().spawn([&, use = *tier.use(account, "kimi", fake_us)] {
            return Caller::go(&rig.book(), use, account, &free, &refused, &done);
        });
    done.wait();
    EXPECT_EQ(free, 10);
    EXPECT_EQ(refused, 190);
    fake_us += day_us;
    EXPECT_FALSE(tier.use(account, "kimi", fake_us));  // the rule is over
}

TEST_F(Bounds, a_free_call_that_fails_is_given_back_and_one_beyond_the_tier_is_paid) {
    const auto account = rig.fund(100);
    const BudgetRef use{subject_free, account.value, "2026-10-31/kimi", 1};
    const auto hold = [&] {
        auto r = ask(account, 7, 7);
        r.free = use;
        return rig.hold(std::move(r));
    };
    auto one = hold();
    ASSERT_TRUE(one && one->free());
    EXPECT_TRUE(rig.release(*std::move(one)));
    auto two = hold();
    ASSERT_TRUE(two && two->free());
    EXPECT_EQ(rig.settle(*std::move(two), 7)->cost_nanos(), 0);  // whatever it is said to cost
    EXPECT_EQ(rig.wallet(account).balance_nanos, 100);
    auto three = hold();
    ASSERT_TRUE(three);
    EXPECT_FALSE(three->free());
    EXPECT_EQ(rig.settle(*std::move(three), 7)->cost_nanos(), 7);
    rig.reopen();
    EXPECT_FALSE(hold()->free());
}

TEST_F(Bounds, a_key_that_spends_faster_than_it_may_is_stopped_until_it_is_released) {
    const auto account = rig.fund(10'000);
    const auto spend = [&](int64_t key, int64_t nanos) -> Status {
        auto r = ask(account, nanos, nanos);
        r.key = KeyId{key};
        r.brake_nanos_per_minute = 100;
        auto hold = rig.hold(std::move(r));
        if (!hold) return std::move(hold).error();
        EXPECT_TRUE(rig.settle(*std::move(hold), nanos));
        return {};
    };
    for (int i = 0; i < 20; ++i) {  // 50 every half minute: exactly its rate
        ASSERT_TRUE(spend(1, 50));
        fake_ns += 30'000'000'000;
    }
    EXPECT_TRUE(braked.empty());
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(spend(1, 40));
    ASSERT_EQ(braked.size(), 1u);
    EXPECT_EQ(braked[0].key.value, 1);
    EXPECT_EQ(braked[0].account, account);
    EXPECT_EQ(spend(1, 1).error().code(), ErrorCode::key_frozen);
    EXPECT_TRUE(spend(2, 90));  // another key is not its business
    fake_ns += 3'600'000'000'000;
    EXPECT_EQ(spend(1, 1).error().code(), ErrorCode::key_frozen);
    ASSERT_TRUE(rig.commit(rig.book().release_brake(KeyId{1})));
    EXPECT_TRUE(spend(1, 1));
}

TEST_F(Bounds, tells_once_that_a_balance_is_low_and_once_that_it_is_exhausted) {
    const auto account = rig.fund(100);
    EXPECT_TRUE(pay(account, 40));
    EXPECT_EQ(types(account), Types{});
    EXPECT_TRUE(pay(account, 15));
    EXPECT_TRUE(pay(account, 5));
    EXPECT_EQ(types(account), Types{"balance.low"});
    EXPECT_EQ(rig.events(account)[0].second,
              R"({"balance_cents":0.0000045,"currency":"USD","threshold_cents":0.000005})");
    EXPECT_FALSE(pay(account, 50));
    EXPECT_FALSE(pay(account, 50));
    EXPECT_EQ(types(account), (Types{"balance.low", "balance.exhausted"}));
    rig.reopen();
    EXPECT_FALSE(pay(account, 50));
    EXPECT_EQ(types(account).size(), 2u);
    ASSERT_TRUE(rig.book().credit_now(account, 100, "more", ""));
    EXPECT_TRUE(pay(account, 140));
    EXPECT_EQ(types(account), (Types{"balance.low", "balance.exhausted", "balance.low", "balance.exhausted"}));
    const auto quiet = rig.fund(100);
    ASSERT_TRUE(rig.commit(rig.book().set_balance_low(quiet, 0)));
    EXPECT_TRUE(pay(quiet, 95));
    EXPECT_EQ(types(quiet), Types{});
    ASSERT_TRUE(rig.commit(rig.book().set_balance_low(quiet, 4)));
    EXPECT_TRUE(pay(quiet, 1));
    EXPECT_EQ(types(quiet), Types{"balance.low"});
}

TEST_F(Bounds, tells_of_budgets_at_their_percentages_and_of_a_sub_account_at_its_cap) {
    const auto account = rig.fund(10'000);
    const BudgetRef sub{subject_sub_account, 3, "2026-10", 100}, key{subject_key, 4, "", 1'000'000};
    EXPECT_TRUE(pay(account, 79, {sub, key}));
    EXPECT_EQ(types(account), Types{});
    EXPECT_TRUE(pay(account, 2, {sub, key}));
    EXPECT_EQ(types(account), Types{"usage.threshold.exceeded"});
    EXPECT_FALSE(pay(account, 20, {sub, key}));  // refused for the cap: exceeded, though 100 % is never reached
    EXPECT_FALSE(pay(account, 20, {sub, key}));
    EXPECT_EQ(types(account), (Types{"usage.threshold.exceeded", "subaccount.spend.exceeded"}));
    EXPECT_TRUE(pay(account, 19, {sub, key}));
    EXPECT_EQ(types(account),
              (Types{"usage.threshold.exceeded", "subaccount.spend.exceeded", "usage.threshold.exceeded"}));
    EXPECT_TRUE(pay(account, 100, {{subject_sub_account, 3, "2026-11", 100}}));
    EXPECT_EQ(types(account).size(), 6u);  // the next period tells again: 80, 100, and the cap
}

}  // namespace
}  // namespace aig::ledger
