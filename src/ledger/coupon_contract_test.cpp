// Coupons under concurrency: a code is used as often as it may be and not once more.
#include <gtest/gtest.h>

#include <atomic>
#include <latch>

#include "ledger/testing/book_rig.h"

namespace aig::ledger {
namespace {
using testing::BookRig;

class Coupons : public ::testing::Test {
  protected:
    BookRig rig;
    ~Coupons() override {
        const auto report = rig.verify();
        EXPECT_TRUE(report.ok) << ::testing::PrintToString(report.faults);
    }
    Status create(NewCoupon c) { return rig.commit(rig.book().create_coupon(std::move(c), nullptr)); }
    static NewCoupon bonus(std::string code, int64_t uses = 1, int64_t per_account = 1) {
        NewCoupon c;
        c.code = std::move(code);
        c.amount_nanos = 1'000;
        c.max_uses = uses;
        c.max_per_account = per_account;
        return c;
    }
    Status redeem(AccountId account, const std::string& code) {
        return rig.commit(rig.book().redeem(account, code, nullptr));
    }
    /// All at once, from eight threads; how many succeeded, and that the others were told why.
    int redeem_at_once(const std::vector<AccountId>& accounts, const std::string& code, ErrorCode refusal) {
        std::atomic<int> good{0}, other{0};
        std::latch start(8), done(static_cast<ptrdiff_t>(accounts.size()));
        std::vector<std::thread> threads;
        for (size_t t = 0; t < 8; ++t)
            threads.emplace_back([&, t] {
                start.arrive_and_wait();
                for (size_t i = t; i < accounts.size(); i += 8) {
                    store::Batch batch;
                    batch.ops.push_back(rig.book().redeem(accounts[i], code, nullptr));
                    rig.store().submit(std::move(batch), [&](const Status& s) {
                        if (s)
                            ++good;
                        else if (s.error().code() != refusal)
                            ++other;
                        done.count_down();
                    });
                }
            });
        for (auto& t : threads) t.join();
        done.wait();
        EXPECT_EQ(other, 0);
        return good;
    }
};

TEST_F(Coupons, five_hundred_accounts_get_one_use_of_a_one_use_code) {
    ASSERT_TRUE(create(bonus("ONCE")));
    const auto accounts = rig.fund_many(500, 1);
    EXPECT_EQ(redeem_at_once(accounts, "once", ErrorCode::coupon_invalid), 1);
    int64_t sum = 0;
    for (const auto a : accounts) sum += rig.wallet(a).balance_nanos;
    EXPECT_EQ(sum, 500 + 1'000);
}

TEST_F(Coupons, one_account_gets_one_use_of_a_five_use_code) {
    ASSERT_TRUE(create(bonus("FIVE", 5)));
    const auto account = rig.fund(0);
    EXPECT_EQ(redeem_at_once(std::vector<AccountId>(500, account), "FIVE", ErrorCode::coupon_used), 1);
    EXPECT_EQ(rig.wallet(account).balance_nanos, 1'000);
    EXPECT_EQ(redeem_at_once(rig.fund_many(100, 1), "FIVE", ErrorCode::coupon_invalid), 4);
}

TEST_F(Coupons, money_of_a_coupon_is_spent_first_and_only_until_it_is_over) {
    auto c = bonus("DAYS", 10, 2);
    c.bonus_days = 30;
    ASSERT_TRUE(create(c));
    const auto account = rig.fund(500);
    auto posted = std::make_shared<Posted>();
    ASSERT_TRUE(rig.commit(rig.book().redeem(account, " days ", posted)));
    EXPECT_EQ(posted->amount_nanos, 1'000);
    EXPECT_EQ(posted->wallet.bonus_nanos, 1'000);
    ASSERT_TRUE(redeem(account, "DAYS"));
    EXPECT_EQ(redeem(account, "DAYS").error().code(), ErrorCode::coupon_used);
    auto hold = rig.hold(account, 300);
    ASSERT_TRUE(rig.settle(*std::move(hold), 300));
    EXPECT_EQ(rig.wallet(account).bonus_nanos, 1'700);
    std::vector<CouponUse> uses;
    ASSERT_TRUE(rig.store().read_now([&](store::Db& db) -> Status {
        TRY(uses, coupon_uses(db, account, 0, 10));
        return {};
    }));
    EXPECT_EQ(uses.size(), 2u);
}

TEST_F(Coupons, says_what_is_wrong) {
    const auto account = rig.fund(0), foreign = rig.fund(0, "TMT");
    EXPECT_EQ(redeem(account, "NOPE").error().code(), ErrorCode::coupon_invalid);
    EXPECT_EQ(redeem(account, "a b'; --").error().code(), ErrorCode::coupon_invalid);
    auto over = bonus("OVER", 5);
    over.expires_us = 1;
    ASSERT_TRUE(create(over));
    EXPECT_EQ(redeem(account, "OVER").error().code(), ErrorCode::coupon_expired);
    ASSERT_TRUE(create(bonus("GONE", 5)));
    EXPECT_EQ(create(bonus("gone", 5)).error().code(), ErrorCode::conflict);
    ASSERT_TRUE(rig.commit(rig.book().disable_coupon("gone", true)));
    EXPECT_EQ(redeem(account, "GONE").error().code(), ErrorCode::coupon_invalid);
    ASSERT_TRUE(rig.commit(rig.book().disable_coupon("GONE", false)));
    EXPECT_EQ(redeem(foreign, "GONE").error().code(), ErrorCode::coupon_invalid);
    EXPECT_TRUE(redeem(account, "GONE"));
    EXPECT_FALSE(create(bonus("X", 1)));
    EXPECT_FALSE(create(bonus("ZERO", 0)));
    NewCoupon percent;
    percent.code = "TENOFF";
    percent.kind = CouponKind::discount;
    percent.percent_bps = 1'000;
    percent.models = {"m1", "m2"};
    percent.max_uses = 2;
    ASSERT_TRUE(create(percent));
    EXPECT_EQ(redeem(account, "TENOFF").error().code(), ErrorCode::coupon_invalid);
    EXPECT_TRUE(rig.commit(rig.book().use_coupon(account, "TENOFF", "req_1")));
    EXPECT_EQ(rig.commit(rig.book().use_coupon(account, "TENOFF", "req_2")).error().code(), ErrorCode::coupon_used);
    ASSERT_TRUE(rig.store().read_now([&](store::Db& db) -> Status {
        TRY(const auto c, find_coupon(db, "TENOFF"));
        EXPECT_TRUE(c.good_for("m2"));
        EXPECT_FALSE(c.good_for("m3"));
        EXPECT_EQ(*c.ratio(), (Ratio{9, 10}));
        EXPECT_EQ(c.uses, 1);
        return {};
    }));
}

TEST_F(Coupons, verify_counts_the_uses) {
    ASSERT_TRUE(create(bonus("COUNT", 5)));
    ASSERT_TRUE(redeem(rig.fund(0), "COUNT"));
    const auto change = [&](const std::string& sql) {
        ASSERT_TRUE(rig.commit(store::op([sql](store::Db& db) { return db.script(sql); })));
    };
    change("UPDATE coupon SET uses = 2");
    EXPECT_EQ(rig.verify().faults, std::vector<std::string>{"coupon uses = redemptions <= most: coupon 1"});
    change("UPDATE coupon SET uses = 1; UPDATE coupon_use SET entry_id = entry_id - 1");
    EXPECT_EQ(rig.verify().faults, std::vector<std::string>{"every redemption has its entry: coupon 1"});
    change("UPDATE coupon_use SET entry_id = entry_id + 1");
}

}  // namespace
}  // namespace aig::ledger
