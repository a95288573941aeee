// verify() finds every damage: a byte flipped in any column of any entry, and each counter that does not fit.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include <random>

#include "base/money.h"
#include "ledger/detail/canonical.h"
#include "ledger/entry_pages.h"
#include "ledger/gathered_store.h"
#include "ledger/hold_pages.h"
#include "ledger/ledger_store.h"
#include "ledger/moves_store.h"
#include "ledger/statement_store.h"
#include "ledger/testing/book_rig.h"

namespace aig::ledger {
namespace {
using testing::BookRig;

/// A book with some of everything: deposits, a bonus, split charges, overage, voids with loss, budgets, an open job's
/// hold.
class VerifyTest : public ::testing::Test {
  protected:
    VerifyTest() {
        account_ = rig_.fund(1'000);
        EXPECT_TRUE(rig_.book().grant_now(account_, 60, 0, "coupon", "spring"));
        for (int64_t i = 0; i < 12; ++i) {
            HoldRequest r;
            r.account = account_;
            r.amount_nanos = 50;
            r.request_id = "req_" + std::to_string(i);
            r.budgets = {{1, 1, "2026-11", 10'000}};
            auto hold = rig_.hold(std::move(r));
            EXPECT_TRUE(hold);
            if (i % 4 == 3)
                EXPECT_TRUE(rig_.release(*std::move(hold), VoidReason::failed, i));
            else
                EXPECT_TRUE(rig_.settle(*std::move(hold), i == 10 ? 5'000 : 20 + 13 * i));
        }
        EXPECT_TRUE(rig_.book().credit_now(account_, 777, "second", ""));
        HoldRequest job;
        job.account = account_;
        job.amount_nanos = 44;
        job.owner = Owner::job;
        job.budgets = {{1, 1, "2026-11", 10'000}};
        auto hold = rig_.hold(std::move(job));
        static auto& lost = *new std::vector<Hold*>;
        lost.push_back(new Hold(*std::move(hold)));
    }
    void change(const std::string& sql) {
        store::Batch batch;
        batch.ops.push_back(
            store::op([sql](store::Db& db) { return db.script("PRAGMA ignore_check_constraints=1; " + sql); }));
        const auto done = rig_.store().commit_now(std::move(batch));
        EXPECT_TRUE(done) << sql << ": " << done.error().message();
    }
    std::string value(const std::string& sql) {
        statements_.push_back(std::make_unique<std::string>(sql));
        std::string out;
        EXPECT_TRUE(rig_.store().read_now([&](store::Db& db) -> Status {
            auto q = db.query(statements_.back()->c_str());
            TRYV(q.step());
            out = q.text(0);
            return {};
        }));
        return out;
    }
    /// The faults after `damage`; then `repair` makes the book sound again.
    std::vector<std::string> faults_after(const std::string& damage, const std::string& repair) {
        change(damage);
        auto report = rig_.verify();
        change(repair);
        EXPECT_TRUE(rig_.verify().ok) << repair;
        EXPECT_EQ(report.ok, report.faults.empty());
        return report.faults;
    }
    static std::string put_back(const std::string& table) {
        return "DELETE FROM " + table + "; INSERT INTO " + table + " SELECT * FROM kept; DROP TABLE kept";
    }
    static bool names(const std::vector<std::string>& faults, const std::string& what) {
        for (const auto& f : faults)
            if (f.find(what) != std::string::npos && (f.size() == f.find(what) + what.size())) return true;
        return false;
    }
    /// The end of the journal is gone: verify says so, and a book without it does not open.
    void expect_cut_at(const std::string& last) {
        EXPECT_TRUE(names(rig_.verify().faults, "entry " + last));
        rig_.close();
        store::Options options;
        options.path = rig_.folder().database();
        auto store = store::Store::open(options);
        ASSERT_TRUE(store);
        const auto book = Book::open(**store);
        ASSERT_FALSE(book);
        EXPECT_NE(book.error().message().find("entry " + last), std::string::npos);
    }
    BookRig rig_;
    AccountId account_;
    std::vector<std::unique_ptr<std::string>> statements_;
};

TEST_F(VerifyTest, a_sound_book_is_sound) {
    const auto report = rig_.verify();
    EXPECT_TRUE(report.ok) << ::testing::PrintToString(report.faults);
    EXPECT_GT(report.entries, 15);
    EXPECT_EQ(report.wallets, 2);
    EXPECT_EQ(report.open_holds, 1);
}

TEST_F(VerifyTest, finds_a_flipped_byte_in_any_column_of_any_entry) {
    std::mt19937_64 draw(11);
    rig_.entries_as_rows();
    const int64_t entries = rig_.verify().entries;
    for (int64_t id = 1; id <= entries; ++id) {
        for (const std::string column :
             {"kind", "account_id", "wallet_id", "amount", "hold_id", "at_us", "ref", "body", "hash"}) {
            const auto where = fmt::format(" WHERE id = {}", id);
            const auto old = value("SELECT quote(" + column + ") FROM entry" + where);
            if (old == "NULL") continue;
            std::string bad;
            if (old.starts_with("X'")) {  // one hex digit of a blob
                bad = old;
                auto& digit = bad[2 + draw() % (bad.size() - 3)];
                digit = digit == '0' ? '1' : '0';
            } else if (old.starts_with("'")) {
                bad = old.substr(0, old.size() - 1) + "x'";
            } else {
                bad = std::to_string(*parse_decimal(old, 0, "a number") ^ (int64_t{1} << (draw() % 40)));
            }
            const auto set = [&](const std::string& v) {
                return fmt::format("UPDATE entry SET {} = {}{}", column, v, where);
            };
            const auto faults = faults_after(set(bad), set(old));
            EXPECT_TRUE(names(faults, fmt::format("entry {}", id)))
                << column << " of entry " << id << ": " << ::testing::PrintToString(faults);
        }
    }
}

TEST_F(VerifyTest, finds_a_flipped_bit_in_any_byte_of_any_page) {
    std::vector<Hold> holds;
    for (int i = 0; i < 9; ++i) holds.push_back(*rig_.hold(account_, 3));
    rig_.release_at_once(std::move(holds));
    ASSERT_EQ(value("SELECT MAX(last_id - first_id) FROM entry_page"), "8");
    ASSERT_TRUE(rig_.verify().ok);
    std::mt19937_64 draw(12);
    std::vector<std::string> pages;
    for (auto last = value("SELECT MIN(last_id) FROM entry_page"); !last.empty();
         last = value("SELECT MIN(last_id) FROM entry_page WHERE last_id > " + last))
        pages.push_back(last);
    ASSERT_GT(pages.size(), 3u);
    for (const auto& page : pages) {
        const auto where = " WHERE last_id = " + page;
        const auto old = value("SELECT quote(body) FROM entry_page" + where);
        const auto first = value("SELECT first_id FROM entry_page" + where);
        // Hex digits, behind X': some of each page.
        for (size_t at = 2 + draw() % 9; at + 1 < old.size(); at += 1 + draw() % 17) {
            auto bad = old;
            bad[at] = "123456789ABCDEF0"[bad[at] <= '9' ? bad[at] - '0' : bad[at] - 'A' + 10];
            const auto set = [&](const std::string& v) { return "UPDATE entry_page SET body = " + v + where; };
            const auto faults = faults_after(set(bad), set(old));
            bool named = names(faults, "entry page " + page + " is damaged");
            for (auto id = std::stoll(first); id <= std::stoll(page); ++id)
                named |= names(faults, fmt::format("entry {}", id));
            EXPECT_TRUE(named) << "digit " << at << " of page " << page << ": " << ::testing::PrintToString(faults);
        }
    }
}

TEST_F(VerifyTest, finds_every_number_of_a_page_that_is_another) {
    HoldRequest call;
    call.account = account_;
    call.amount_nanos = 7;
    static auto& lost = *new std::vector<Hold*>;
    lost.push_back(new Hold(*rig_.hold(std::move(call))));
    const auto page = value("SELECT last_id FROM entry_page ORDER BY last_id LIMIT 1 OFFSET 2");
    const auto hold = value("SELECT first_id FROM hold_page");
    const struct {
        std::string table, column, where;
    } numbers[] = {
        {"entry_page", "last_id", "last_id = " + page},       {"entry_page", "first_id", "last_id = " + page},
        {"resolved_in", "hold_page", "entry_page = " + page}, {"resolved_in", "entry_page", "entry_page = " + page},
        {"hold_page", "first_id", "first_id = " + hold},      {"hold_page", "open", "first_id = " + hold},
    };
    for (const auto& n : numbers)
        for (const std::string by : {"1000", "-1000", "1"}) {
            const auto damage = "CREATE TABLE kept AS SELECT * FROM " + n.table + "; UPDATE " + n.table + " SET " +
                                n.column + " = " + n.column + " + " + by + " WHERE " + n.where;
            EXPECT_FALSE(faults_after(damage, put_back(n.table)).empty()) << n.table << "." << n.column << " + " << by;
        }
    for (const std::string table : {"entry_page", "resolved_in", "hold_page"})
        EXPECT_FALSE(
            faults_after("CREATE TABLE kept AS SELECT * FROM " + table + "; DELETE FROM " + table, put_back(table))
                .empty())
            << table;
}

TEST_F(VerifyTest, names_each_counter_that_does_not_fit) {
    const struct {
        std::string damage, repair, fault;
    } cases[] = {
        {"UPDATE wallet SET credits = credits + 1 WHERE id = 1", "UPDATE wallet SET credits = credits - 1 WHERE id = 1",
         "wallet counters = journal: wallet 1"},
        {"UPDATE wallet SET debits = debits + 1 WHERE id = 2", "UPDATE wallet SET debits = debits - 1 WHERE id = 2",
         "wallet counters = journal: wallet 2"},
        {"UPDATE wallet SET held = held + 1 WHERE id = 1", "UPDATE wallet SET held = held - 1 WHERE id = 1",
         "held = sum of open holds: wallet 1"},
        {"UPDATE wallet SET held = held + 100000 WHERE id = 1", "UPDATE wallet SET held = held - 100000 WHERE id = 1",
         "available is not negative: wallet 1"},
        {"UPDATE budget SET spent = spent + 1", "UPDATE budget SET spent = spent - 1",
         "budget spent = journal: budget 1"},
        {"UPDATE budget SET held = held + 1", "UPDATE budget SET held = held - 1",
         "budget held = sum of open holds: budget 1"},
        {"UPDATE chain_head SET entry_id = entry_id + 1", "UPDATE chain_head SET entry_id = entry_id - 1",
         "the chain ends where its head says: entry 21"},
        {"UPDATE chain_head SET hold_id = hold_id + 1", "UPDATE chain_head SET hold_id = hold_id - 1",
         "every hold is open or resolved: holds up to 14"},
        {"UPDATE open_hold SET amount = amount + 1", "UPDATE open_hold SET amount = amount - 1",
         "a hold's parts add up to it: hold 13"},
    };
    for (const auto& c : cases) {
        const auto faults = faults_after(c.damage, c.repair);
        EXPECT_TRUE(names(faults, c.fault)) << c.damage << ": " << ::testing::PrintToString(faults);
    }
}

TEST_F(VerifyTest, finds_a_cut_tail_and_a_book_with_one_does_not_open) {
    const auto last = value("SELECT MAX(id) FROM entry");
    change("DELETE FROM entry WHERE id = " + last);
    expect_cut_at(last);
}

TEST_F(VerifyTest, finds_a_cut_page_and_a_book_without_it_does_not_open) {
    auto hold = rig_.hold(account_, 5);
    ASSERT_TRUE(rig_.settle(*std::move(hold), 5));
    const auto last = value("SELECT MAX(last_id) FROM entry_page");
    EXPECT_EQ(last, value("SELECT MAX(id) FROM entry_all"));
    change("DELETE FROM entry_page WHERE last_id = " + last);
    expect_cut_at(last);
}

TEST_F(VerifyTest, finds_a_charge_that_was_rehashed_with_another_price) {
    // Even a forger who mends the chain cannot make lines and cost disagree.
    std::string body;
    UsageBody usage{"req", 100, 1, 0, {}, {{0, 99, 1'000}}, {}, {}};
    encode(body, usage);
    const Entry e{1, EntryKind::usage, 1, 1, 100, 1, 5, {}, body};
    EntryHasher hasher;
    change(
        "DELETE FROM entry; DELETE FROM entry_page; DELETE FROM resolved_in; DELETE FROM open_hold; DELETE FROM "
        "hold_page; DELETE FROM budget; UPDATE wallet SET "
        "credits = 100, debits = 100, "
        "held = 0 WHERE id = 1; "
        "UPDATE wallet SET credits = 0, debits = 0, held = 0 WHERE id = 2");
    store::Batch batch;
    batch.ops.push_back(store::op([&](store::Db& db) -> Status {
        const Hash hash = hasher.hash("", e);
        TRYV(sql::gather_entry(db, e, bytes_of(hash)));
        TRYV(sql::see_all_rows(db));
        return sql::save_head(db, {1, 1, std::string(bytes_of(hash))});
    }));
    ASSERT_TRUE(rig_.store().commit_now(std::move(batch)));
    const auto faults = rig_.verify().faults;
    EXPECT_TRUE(names(faults, "every charge re-priced gives its cost: entry 1")) << ::testing::PrintToString(faults);
}

TEST(LedgerStatements, every_one_prepares_on_an_empty_database) {
    BookRig rig;
    std::vector<const char*> all;
    for (const auto part : {sql::statements(), sql::gathered_statements(), sql::hold_page_statements(),
                            sql::entry_page_statements(), sql::move_statements(), sql::statement_statements()})
        all.insert(all.end(), part.begin(), part.end());
    for (const char* sql : all)
        EXPECT_TRUE(rig.store().read_now([&](store::Db& db) -> Status {
            (void)db.query(sql);
            if (db.failure()) return Error(ErrorCode::internal, sql);
            return {};
        })) << sql;
}

TEST(Canonical, refuses_any_other_spelling_of_a_value) {
    std::string out;
    CanonWriter(out).number(-3).number(INT64_MIN).number(INT64_MAX).text("ab");
    CanonReader good(out);
    EXPECT_EQ(good.number(), -3);
    EXPECT_EQ(good.number(), INT64_MIN);
    EXPECT_EQ(good.number(), INT64_MAX);
    EXPECT_EQ(good.text(), "ab");
    EXPECT_TRUE(good.done());
    using namespace std::string_view_literals;
    for (const auto bad : {"\x80\x00"sv, "\x85"sv, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"sv,
                           "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"sv}) {
        CanonReader r(bad);
        (void)r.number();
        EXPECT_FALSE(r.good());
    }
    CanonReader longer(
        "\x06"
        "ab");
    EXPECT_EQ(longer.text(), "");
    EXPECT_FALSE(longer.good());
    // Any cut and any single changed byte of a body is either refused or another value, never the same one.
    UsageBody usage{"req_1", 31'500, 3, 1, {21, 20}, {{0, 200, 50'000}, {4, 100, 200'000}}, {9}, {}};
    std::string body;
    encode(body, usage);
    for (size_t i = 0; i < body.size(); ++i) {
        EXPECT_FALSE(decode_usage(std::string_view(body).substr(0, i)));
        for (int x = 1; x < 256; ++x) {
            auto changed = body;
            changed[i] = static_cast<char>(changed[i] ^ x);
            const auto got = decode_usage(changed);
            if (!got) continue;
            std::string again;
            encode(again, *got);
            EXPECT_EQ(again, changed);
        }
    }
}

}  // namespace
}  // namespace aig::ledger
