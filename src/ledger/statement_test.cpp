// Statements and the watch: days are closed once, statements can be checked by whoever keeps them, and damage is named
// by the row while the books are written.
#include "ledger/statement.h"

#include <gtest/gtest.h>

#include <sys/stat.h>

#include <atomic>

#include "base/json.h"
#include "ledger/free_tier.h"
#include "ledger/testing/book_rig.h"
#include "ledger/watch.h"

namespace aig::ledger {
namespace {
using testing::BookRig;

constexpr int64_t day_us = 86'400'000'000;
std::atomic<int64_t> fake_us{0};
BookOptions options() {
    fake_us = *end_of_day_us("2026-11-19") + 3'600'000'000;  // one in the morning of the 20th
    BookOptions o;
    o.now_us = [] { return fake_us.load(); };
    return o;
}

class Statements : public ::testing::Test {
  protected:
    BookRig rig{{}, options()};
    NodeKey key = *NodeKey::open(rig.folder().path() + "/node.key");

    void charge(AccountId account, int64_t nanos) {
        auto hold = rig.hold(account, nanos);
        ASSERT_TRUE(hold);
        ASSERT_TRUE(rig.settle(*std::move(hold), nanos));
    }
    int64_t close() { return *close_ended_days(rig.store(), key, fake_us); }
    Result<Statement> of(AccountId account, const std::string& day) {
        Statement s;
        TRYV(rig.store().read_now([&](store::Db& db) -> Status {
            TRY(const int64_t number, day_number(day));
            TRY(s, statement(db, account, number));
            return {};
        }));
        return s;
    }
    std::string check(const Statement& s) {
        std::string wrong;
        EXPECT_TRUE(rig.store().read_now([&](store::Db& db) -> Status {
            TRY(wrong, check_statement(db, s));
            return {};
        }));
        return wrong;
    }
    void change(const std::string& sql) {
        ASSERT_TRUE(rig.commit(store::op([sql](store::Db& db) { return db.script(sql); })));
    }
};

TEST_F(Statements, say_what_moved_and_continue_each_other) {
    const auto account = rig.fund(1'000), other = rig.fund(5);
    charge(account, 300);
    charge(account, 50);
    EXPECT_EQ(close(), 0);  // the day has not ended
    fake_us += day_us;
    EXPECT_EQ(close(), 1);
    EXPECT_EQ(close(), 0);
    charge(account, 100);
    fake_us += 2 * day_us;
    EXPECT_EQ(close(), 2);  // one of them empty
    const auto first = of(account, "2026-11-20"), second = of(account, "2026-11-21");
    ASSERT_TRUE(first && second);
    const auto a = *JsonDoc::parse(first->body), b = *JsonDoc::parse(second->body);
    EXPECT_EQ(a.root()["opening"].text(), "0.000000000");
    EXPECT_EQ(a.root()["closing"].text(), "0.000000650");
    EXPECT_EQ(a.root()["entries"].raw(), R"([{"kind":"deposit","count":1,"amount":"0.000001000"},)"
                                         R"({"kind":"usage","count":2,"amount":"0.000000350"}])");
    EXPECT_EQ(b.root()["opening"].text(), "0.000000650");
    EXPECT_EQ(b.root()["closing"].text(), "0.000000550");
    EXPECT_FALSE(of(account, "2026-11-22"));
    EXPECT_FALSE(of(other, "2026-11-21"));
    EXPECT_EQ(check(*first), "");
    EXPECT_EQ(check(*second), "");
    EXPECT_TRUE(rig.verify().ok) << ::testing::PrintToString(rig.verify().faults);
    const auto events = rig.events(account);
    ASSERT_EQ(events.size(), 2u);
    EXPECT_EQ(events[0].first, "usage.daily.summary");
    EXPECT_EQ(events[0].second, R"({"date":"2026-11-20","requests":2,"cost_cents":0.000035,"currency":"USD"})");
}

TEST_F(Statements, the_summary_says_what_others_know_of_the_day) {
    const auto account = rig.fund(1'000);
    charge(account, 300);
    fake_us += day_us;
    const DayDetail detail = [](store::Db&, AccountId a, int64_t day) -> Result<std::string> {
        return "\"of\":\"" + to_text(a) + " " + day_text(day) + "\"";
    };
    ASSERT_EQ(*close_ended_days(rig.store(), key, fake_us, detail), 1);
    const auto events = rig.events(account);
    ASSERT_EQ(events.size(), 1u);
    EXPECT_EQ(events[0].second, R"({"date":"2026-11-20","requests":1,"cost_cents":0.00003,"currency":"USD","of":")" +
                                    to_text(account) + R"( 2026-11-20"})");
}

TEST_F(Statements, a_kept_one_shows_that_the_books_were_changed) {
    const auto account = rig.fund(1'000);
    charge(account, 300);
    fake_us += day_us;
    ASSERT_EQ(close(), 1);
    const auto kept = *of(account, "2026-11-20");
    EXPECT_TRUE(signature_fits(kept.body, kept.signature, key.public_key()));
    auto forged = kept;
    forged.body[forged.body.find("300") + 1] = '9';
    EXPECT_EQ(check(forged), "the signature does not fit the text");
    change("UPDATE entry SET amount = 999 WHERE id = 1");
    EXPECT_EQ(check(kept), "the books of that day are others now");
    change("UPDATE entry SET amount = 1000 WHERE id = 1");
    EXPECT_EQ(check(kept), "");
    change("UPDATE statement SET body = replace(body, '700', '800')");
    const auto faults = rig.verify().faults;
    ASSERT_EQ(faults.size(), 1u) << ::testing::PrintToString(faults);
    EXPECT_EQ(faults[0], "statements are signed: statement 2026-11-20 of " + to_text(account));
    change("UPDATE statement SET body = replace(body, '800', '700')");
    change("UPDATE ledger_day SET hash = 'x'");
    EXPECT_EQ(rig.verify().faults, std::vector<std::string>{"closed days fit the chain: ledger_day 2026-11-20"});
}

TEST_F(Statements, the_key_is_made_once_and_is_nobody_elses) {
    const auto path = rig.folder().path() + "/node.key";
    EXPECT_EQ(NodeKey::open(path)->public_key(), key.public_key());
    struct stat s {};
    ASSERT_EQ(::stat(path.c_str(), &s), 0);
    EXPECT_EQ(s.st_mode & 0777, 0600u);
    EXPECT_EQ(s.st_size, 32);
}

TEST_F(Statements, the_watch_is_quiet_over_sound_books_and_reads_only_what_is_new) {
    const auto account = rig.fund(1'000);
    charge(account, 10);
    Watch watch(rig.store());
    EXPECT_EQ(watch.step()->entries, 0);
    for (int i = 0; i < 5; ++i) charge(account, 10);
    ASSERT_TRUE(rig.book().grant_now(account, 10, 0, "bonus", ""));
    auto open = rig.hold(account, 20);
    const auto report = watch.step();
    ASSERT_TRUE(report);
    EXPECT_EQ(report->faults, std::vector<std::string>{});
    EXPECT_EQ(report->entries, 6);
    charge(account, 30);
    EXPECT_TRUE(rig.release(*std::move(open)));
    EXPECT_EQ(watch.step()->faults, std::vector<std::string>{});
    EXPECT_EQ(watch.step()->entries, 0);
}

TEST_F(Statements, the_watch_says_when_wallets_pay_less_than_calls_cost) {
    const auto account = rig.fund(2'000'000);
    const auto alarms = [&] {
        int64_t n = 0;
        EXPECT_TRUE(rig.store().read_now([&](store::Db& db) -> Status {
            auto q = db.query("SELECT COUNT(*) FROM event WHERE type = 'ledger.overage'");
            TRYV(q.step());
            n = q.integer(0);
            return {};
        }));
        return n;
    };
    Watch watch(rig.store());
    ASSERT_TRUE(watch.step());
    charge(account, 1'000'000);
    auto hold = rig.hold(account, 1'000'000);
    ASSERT_TRUE(rig.settle(*std::move(hold), 1'000'999));  // a thousandth and no more
    ASSERT_TRUE(watch.step()->faults.empty());
    EXPECT_EQ(alarms(), 0);
    ASSERT_TRUE(rig.book().credit_now(account, 10, "more", ""));
    hold = rig.hold(account, 10);
    ASSERT_TRUE(rig.settle(*std::move(hold), 10'000));
    ASSERT_TRUE(watch.step()->faults.empty());
    ASSERT_TRUE(watch.step()->faults.empty());
    change("UPDATE wallet SET id = id");  // behind the alarm in the writer's queue
    EXPECT_EQ(alarms(), 1);
}

TEST_F(Statements, the_watch_names_what_is_damaged) {
    const auto account = rig.fund(1'000);
    Watch watch(rig.store());
    ASSERT_TRUE(watch.step()->faults.empty());
    charge(account, 10);
    ASSERT_TRUE(watch.step()->faults.empty());
    charge(account, 10);
    rig.entries_as_rows();
    change("UPDATE entry SET amount = 11 WHERE id = 3");
    auto faults = watch.step()->faults;
    ASSERT_FALSE(faults.empty());
    EXPECT_EQ(faults[0], "hash chain unbroken: entry 3");
    change("UPDATE entry SET amount = 10 WHERE id = 3");
    charge(account, 10);
    change("UPDATE wallet SET debits = debits + 1");
    faults = watch.step()->faults;
    EXPECT_NE(std::find(faults.begin(), faults.end(), "wallet counters = journal: wallet 1"), faults.end());
    change("UPDATE wallet SET debits = debits - 1");
    // History is read again, round and round: a flip at rest is found too, and told once.
    change("UPDATE entry SET at_us = at_us + 1 WHERE id = 1");
    bool found = false;
    for (int i = 0; i < 3; ++i) {
        const auto report = watch.step();
        ASSERT_TRUE(report);
        for (const auto& f : report->faults) found |= f == "hash chain unbroken: entry 1";
    }
    EXPECT_TRUE(found);
    change("UPDATE entry SET at_us = at_us - 1 WHERE id = 1");
    int64_t told = 0;
    ASSERT_TRUE(rig.store().read_now([&](store::Db& db) -> Status {
        auto q = db.query("SELECT COUNT(*) FROM event WHERE type = 'ledger.fault' AND dedupe LIKE '%entry 1'");
        TRYV(q.step());
        told = q.integer(0);
        return {};
    }));
    EXPECT_EQ(told, 1);
}

TEST_F(Statements, the_watch_names_a_hold_that_was_resolved_twice) {
    const auto account = rig.fund(1'000);
    Watch watch(rig.store());
    ASSERT_TRUE(watch.step()->faults.empty());
    for (int i = 0; i < 3; ++i) charge(account, 10);
    rig.entries_as_rows();
    change("DROP INDEX entry_hold");
    change("UPDATE entry SET hold_id = (SELECT hold_id FROM entry WHERE id = 2) WHERE id = 4");
    const auto faults = watch.step()->faults;
    EXPECT_EQ(std::count(faults.begin(), faults.end(), "each hold is resolved at most once: hold 1"), 1)
        << ::testing::PrintToString(faults);
}

}  // namespace
}  // namespace aig::ledger
