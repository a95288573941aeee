// What every engine's Book must do with money that moves outside calls: deposits in other currencies, refunds,
// adjustments, losses, freezing, expiry.
#include <gtest/gtest.h>

#include <random>

#include "ledger/testing/book_rig.h"

namespace aig::ledger {
namespace {
using Big = __int128;
using testing::BookRig;

int64_t fake_now = 1'800'000'000'000'000;
int64_t fake_clock() { return fake_now; }
BookOptions with_clock() {
    BookOptions o;
    o.now_us = fake_clock;
    return o;
}

class Moves : public ::testing::Test {
  protected:
    BookRig rig{{}, with_clock()};
    ~Moves() override {
        const auto report = rig.verify();
        EXPECT_TRUE(report.ok) << ::testing::PrintToString(report.faults);
    }
    Status rate(const std::string& currency, Ratio r) {
        return rig.commit(rig.book().set_rate(currency, r, "operator"));
    }
    Result<Posted> deposit(Deposit d) {
        auto posted = std::make_shared<Posted>();
        TRYV(rig.commit(rig.book().deposit(std::move(d), posted)));
        return *posted;
    }
    Result<Posted> refund(Refund r) {
        auto posted = std::make_shared<Posted>();
        TRYV(rig.commit(rig.book().refund(std::move(r), posted)));
        return *posted;
    }
    Result<Posted> adjust(Adjustment a) {
        auto posted = std::make_shared<Posted>();
        TRYV(rig.commit(rig.book().adjust(std::move(a), posted)));
        return *posted;
    }
    int64_t charge(AccountId account, int64_t nanos) {
        auto hold = rig.hold(account, nanos);
        EXPECT_TRUE(hold);
        const auto receipt = rig.settle(*std::move(hold), nanos);
        EXPECT_TRUE(receipt);
        return receipt ? receipt->entry() : 0;
    }
};

TEST_F(Moves, a_deposit_in_another_currency_is_changed_down_and_the_spread_stands_in_the_books) {
    const auto account = rig.fund(0, "TMT");
    EXPECT_EQ(deposit({account, 10'000'000'000, "USDT", 0, "tx-0", ""}).error().code(), ErrorCode::bad_param);
    ASSERT_TRUE(rate("TMT", {39, 2}));
    const auto posted = deposit({account, 10'000'000'001, "USDT", 100, "tx-1", "ten and a bit"});
    ASSERT_TRUE(posted) << posted.error().message();
    EXPECT_EQ(posted->amount_nanos, 193'050'000'019);  // floor(10.000000001 * 19.5 * 0.99)
    EXPECT_EQ(rig.wallet(account).balance_nanos, 193'050'000'019);
    EXPECT_EQ(rig.wallet(account).currency, "TMT");
    const auto again = deposit({account, 10'000'000'001, "USDT", 100, "tx-1", ""});
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->before);
    EXPECT_EQ(rig.wallet(account).balance_nanos, 193'050'000'019);
    // A later rate changes nothing that is booked.
    ASSERT_TRUE(rate("TMT", {20, 1}));
    EXPECT_TRUE(rig.verify().ok);
    EXPECT_EQ(deposit({account, 1'000'000'000, "USDT", 0, "tx-2", ""})->amount_nanos, 20'000'000'000);
    EXPECT_EQ(deposit({account, 5, "TMT", 0, "tx-3", ""})->amount_nanos, 5);
    EXPECT_FALSE(deposit({account, 1, "EUR", 0, "tx-4", ""}));
    EXPECT_FALSE(deposit({account, 1, "USDT", 9'000, "tx-5", ""}));
}

TEST_F(Moves, every_change_is_exact_and_never_in_the_customers_favour) {
    std::mt19937_64 draw(7);
    const auto usd = rig.fund(0), tmt = rig.fund(0, "TMT");
    Big usd_sum = 0, tmt_sum = 0;
    for (int i = 0; i < 200; ++i) {
        const Ratio r =
            *multiply({static_cast<int64_t>(draw() % 1'000'000 + 1), static_cast<int64_t>(draw() % 1'000 + 1)}, {1, 1});
        ASSERT_TRUE(rate("TMT", r));
        const auto bps = static_cast<int64_t>(draw() % 5'001);
        const auto amount = static_cast<int64_t>(draw() % 1'000'000'000'000 + 1);
        const bool out = draw() % 2;
        const auto posted = deposit({out ? usd : tmt, amount, out ? "TMT" : "USD", bps, "r" + std::to_string(i), ""});
        const Big exact = out ? Big(amount) * r.den * (10'000 - bps) / (Big(r.num) * 10'000)
                              : Big(amount) * r.num * (10'000 - bps) / (Big(r.den) * 10'000);
        if (exact == 0) {
            EXPECT_FALSE(posted);
            continue;
        }
        ASSERT_TRUE(posted) << posted.error().message();
        EXPECT_TRUE(Big(posted->amount_nanos) == exact);
        (out ? usd_sum : tmt_sum) += exact;
    }
    EXPECT_TRUE(Big(rig.wallet(usd).balance_nanos) == usd_sum);
    EXPECT_TRUE(Big(rig.wallet(tmt).balance_nanos) == tmt_sum);
}

TEST_F(Moves, a_charge_pins_its_rate_and_verify_names_a_changed_one) {
    const auto account = rig.fund(1'000, "TMT");
    ASSERT_TRUE(rate("TMT", {7, 2}));
    HoldRequest request;
    request.account = account;
    request.amount_nanos = request.least_nanos = 100;
    request.fx = *rig.book().rates()->of("TMT");
    auto hold = rig.hold(std::move(request));
    ASSERT_TRUE(hold);
    ASSERT_TRUE(rate("TMT", {4, 1}));
    ASSERT_TRUE(rig.settle(*std::move(hold), 35));
    EXPECT_TRUE(rig.verify().ok);
    const auto change = [&](const std::string& sql) {
        ASSERT_TRUE(rig.commit(store::op([sql](store::Db& db) { return db.script(sql); })));
    };
    change("UPDATE fx_rate SET num = 8 WHERE id = 1");
    EXPECT_EQ(rig.verify().faults, std::vector<std::string>{"a rate is what was pinned: fx_rate 1"});
    change("UPDATE fx_rate SET num = 7 WHERE id = 1");
}

TEST_F(Moves, rates_are_seen_at_once_and_survive_a_restart) {
    EXPECT_FALSE(rig.book().rates()->of("TMT"));
    ASSERT_TRUE(rate("TMT", {7, 2}));
    EXPECT_EQ(rig.book().rates()->of("TMT")->per_usd, (Ratio{7, 2}));
    rig.reopen();
    EXPECT_EQ(rig.book().rates()->of("TMT")->per_usd, (Ratio{7, 2}));
    EXPECT_FALSE(rate("USD", {2, 1}));
    EXPECT_FALSE(rate("tmt", {2, 1}));
    EXPECT_FALSE(rate("TMT", {0, 1}));
}

TEST_F(Moves, a_refund_gives_back_at_most_the_charge_to_the_wallets_it_came_from) {
    const auto account = rig.fund(100);
    ASSERT_TRUE(rig.book().grant_now(account, 30, 0, "bonus", ""));
    const int64_t entry = charge(account, 80);  // 30 bonus, 50 main
    EXPECT_EQ(rig.wallet(account).balance_nanos, 50);
    EXPECT_EQ(refund({account, entry, 81, "r0", ""}).error().code(), ErrorCode::conflict);
    ASSERT_TRUE(refund({account, entry, 60, "r1", "slow answer"}));  // main first: it was charged last
    EXPECT_EQ(rig.wallet(account).balance_nanos, 110);
    EXPECT_EQ(rig.wallet(account).bonus_nanos, 10);
    EXPECT_TRUE(refund({account, entry, 60, "r1", ""})->before);
    EXPECT_EQ(refund({account, entry, 21, "r2", ""}).error().code(), ErrorCode::conflict);
    EXPECT_EQ(refund({account, entry, 0, "r2", "the rest"})->amount_nanos, 20);
    EXPECT_EQ(rig.wallet(account).balance_nanos, 130);
    EXPECT_EQ(refund({account, entry, 0, "r3", ""}).error().code(), ErrorCode::conflict);
    const auto other = rig.fund(5);
    EXPECT_EQ(refund({other, entry, 1, "r4", ""}).error().code(), ErrorCode::resource_not_found);
    EXPECT_EQ(refund({account, 1, 1, "r5", ""}).error().code(), ErrorCode::resource_not_found);
}

TEST_F(Moves, verify_names_a_refund_that_is_not_in_the_journal) {
    const auto account = rig.fund(100);
    const int64_t entry = charge(account, 80);
    ASSERT_TRUE(refund({account, entry, 10, "r1", ""}));
    ASSERT_TRUE(rig.commit(store::op([](store::Db& db) { return db.script("UPDATE refund SET amount = 11"); })));
    EXPECT_EQ(rig.verify().faults,
              std::vector<std::string>{"refunded = journal: refund of entry " + std::to_string(entry)});
    ASSERT_TRUE(rig.commit(store::op([](store::Db& db) { return db.script("UPDATE refund SET amount = 10"); })));
}

TEST_F(Moves, verify_names_any_of_these_entries_that_was_changed) {
    const auto account = rig.fund(1'000, "TMT");
    ASSERT_TRUE(rate("TMT", {39, 2}));
    ASSERT_TRUE(deposit({account, 1'000, "USD", 150, "fx", "a deposit"}));
    ASSERT_TRUE(refund({account, charge(account, 80), 0, "back", "a refund"}));
    ASSERT_TRUE(adjust({account, 5, "up", ""}));
    ASSERT_TRUE(adjust({account, -5, "down", ""}));
    ASSERT_TRUE(rig.commit(rig.book().operator_loss({account, 3, "loss", ""}, nullptr)));
    rig.entries_as_rows();
    const int64_t entries = rig.verify().entries;
    EXPECT_EQ(entries, 9);
    const auto change = [&](const std::string& what, int64_t id) {
        const auto sql = "UPDATE entry SET " + what + " WHERE id = " + std::to_string(id);
        ASSERT_TRUE(rig.commit(store::op([sql](store::Db& db) { return db.script(sql); }))) << sql;
    };
    const std::pair<std::string, std::string> damages[] = {
        {"amount = amount + 1", "amount = amount - 1"},
        {"at_us = at_us + 256", "at_us = at_us - 256"},
        {"kind = kind + 1", "kind = kind - 1"},
        {"body = CAST(body || x'01' AS BLOB)", "body = CAST(substr(body, 1, length(body) - 1) AS BLOB)"}};
    for (int64_t id = 1; id <= entries; ++id)
        for (const auto& [damage, repair] : damages) {
            change(damage, id);
            const auto faults = rig.verify().faults;
            change(repair, id);
            const auto row = "entry " + std::to_string(id);
            EXPECT_TRUE(std::any_of(faults.begin(), faults.end(), [&](const auto& f) { return f.ends_with(row); }))
                << damage << " of " << row << ": " << ::testing::PrintToString(faults);
        }
}

TEST_F(Moves, an_adjustment_never_takes_what_is_not_available) {
    const auto account = rig.fund(100);
    ASSERT_TRUE(rig.book().grant_now(account, 30, 0, "bonus", ""));
    auto hold = rig.hold(account, 60);  // 30 bonus, 30 main
    const auto refused = adjust({account, -71, "a0", ""});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code(), ErrorCode::no_money);
    EXPECT_EQ(adjust({account, -70, "a1", ""})->amount_nanos, -70);
    EXPECT_EQ(rig.wallet(account).available_nanos, 0);
    EXPECT_TRUE(rig.settle(*std::move(hold), 60));
    EXPECT_EQ(rig.wallet(account).balance_nanos, 0);
    EXPECT_EQ(adjust({account, 7, "a2", "goodwill"})->wallet.balance_nanos, 7);
    EXPECT_FALSE(adjust({account, 0, "a3", ""}));
    auto lost = std::make_shared<Posted>();
    EXPECT_TRUE(rig.commit(rig.book().operator_loss({account, 12, "l1", "provider billed a failed call"}, lost)));
    EXPECT_EQ(rig.wallet(account).balance_nanos, 7);
    EXPECT_GT(lost->entry, 0);
}

TEST_F(Moves, a_frozen_wallet_takes_no_hold_and_settles_what_it_has) {
    const auto account = rig.fund(100);
    auto hold = rig.hold(account, 60);
    ASSERT_TRUE(rig.commit(rig.book().freeze_wallet(account, true)));
    EXPECT_EQ(rig.hold(account, 1).error().code(), ErrorCode::account_blocked);
    EXPECT_TRUE(rig.wallet(account).frozen);
    EXPECT_TRUE(deposit({account, 10, "", 0, "tx", ""}));
    EXPECT_EQ(rig.settle(*std::move(hold), 50)->cost_nanos(), 50);
    rig.reopen();
    EXPECT_EQ(rig.hold(account, 1).error().code(), ErrorCode::account_blocked);
    ASSERT_TRUE(rig.commit(rig.book().freeze_wallet(account, false)));
    EXPECT_TRUE(rig.hold(account, 1));
}

TEST_F(Moves, a_bonus_that_is_over_leaves_the_books_once_nothing_is_held_of_it) {
    const auto account = rig.fund(100);
    ASSERT_TRUE(rig.book().grant_now(account, 40, fake_now + 1'000, "bonus", ""));
    auto hold = rig.hold(account, 10);
    fake_now += 2'000;
    EXPECT_EQ(rig.hold(account, 101).error().code(), ErrorCode::no_money);
    ASSERT_TRUE(rig.commit(rig.book().expire_bonuses()));
    EXPECT_TRUE(rig.settle(*std::move(hold), 4));
    ASSERT_TRUE(rig.commit(rig.book().expire_bonuses()));
    ASSERT_TRUE(rig.commit(rig.book().expire_bonuses()));
    int64_t expired = 0;
    ASSERT_TRUE(rig.store().read_now([&](store::Db& db) -> Status {
        auto q = db.query("SELECT COUNT(*), SUM(amount) FROM entry WHERE kind = 23");
        TRYV(q.step());
        EXPECT_EQ(q.integer(0), 1);
        expired = q.integer(1);
        return {};
    }));
    EXPECT_EQ(expired, 36);
}

}  // namespace
}  // namespace aig::ledger
