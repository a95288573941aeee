// The journal in rows and pages: any part of it is the same part of the whole, and the resolution of each hold is
// found.
#include "ledger/entry_pages.h"

#include <gtest/gtest.h>

#include <latch>
#include <map>
#include <random>

#include "ledger/testing/book_rig.h"

namespace aig::ledger {
namespace {
using testing::BookRig;

struct Seen {
    int64_t id = 0, hold = 0, amount = 0;
    EntryKind kind = EntryKind::usage;
    std::string body, hash;
    bool operator==(const Seen&) const = default;
};
Seen seen_of(const sql::StoredEntry& s) {
    return {s.entry.id, s.entry.hold, s.entry.amount, s.entry.kind, std::string(s.entry.body), std::string(s.hash)};
}

struct Script {
    Book* book;
    AccountId account;
    uint64_t seed;
    std::latch* done;
    /// Charges, also beyond what is held and what there is, voids with a loss, extensions, jobs.
    static rt::Task<> caller(Script s) {
        std::mt19937_64 draw(s.seed);
        for (int i = 0; i < 12; ++i) {
            HoldRequest request;
            request.account = s.account;
            request.amount_nanos = 1 + static_cast<int64_t>(draw() % 20);
            request.owner = draw() % 8 ? Owner::call : Owner::job;
            request.request_id = "req_" + std::to_string(s.seed) + "_" + std::to_string(i);
            auto hold = co_await s.book->hold(std::move(request));
            if (!hold) continue;
            if (draw() % 6 == 0) {
                auto more = co_await s.book->extend(*hold, 3, 0);
                (void)more;
            }
            if (draw() % 5 == 0) {
                const auto loss = static_cast<int64_t>(draw() % 2);
                auto released = co_await s.book->release(*std::move(hold), VoidReason::failed, loss, store::Ops());
                (void)released;
                continue;
            }
            auto receipt =
                co_await s.book->settle(*std::move(hold), testing::settlement_of(static_cast<int64_t>(draw() % 40)));
            (void)receipt;
            if (draw() % 7 == 0) {
                auto credited = co_await s.book->credit(s.account, 5, std::to_string(draw()), "more");
                (void)credited;
            }
        }
        s.done->count_down();
    }
};

class EntryPagesTest : public ::testing::Test {
  protected:
    EntryPagesTest() {
        const auto account = rig_.fund(3'000);
        EXPECT_TRUE(rig_.book().grant_now(account, 60, 0, "coupon", "spring"));
        constexpr int callers = 20;
        std::latch done(callers);
        for (uint64_t i = 0; i < callers; ++i)
            rig_.loop().spawn([&, i] { return Script::caller({&rig_.book(), account, i, &done}); });
        done.wait();
        all_ = entries(0, INT64_MAX, INT64_MAX);
    }
    std::vector<Seen> entries(int64_t after, int64_t last, int64_t limit) {
        std::vector<Seen> out;
        EXPECT_TRUE(rig_.store().read_now([&](store::Db& db) {
            return sql::each_entry(db, after, last, limit, [&](const auto& s) { out.push_back(seen_of(s)); });
        }));
        return out;
    }
    int64_t count(const char* sql) {
        int64_t n = 0;
        EXPECT_TRUE(rig_.store().read_now([&](store::Db& db) -> Status {
            auto q = db.query(sql);
            TRYV(q.step());
            n = q.integer(0);
            return {};
        }));
        return n;
    }
    BookRig rig_;
    std::vector<Seen> all_;
};

TEST_F(EntryPagesTest, is_of_rows_and_of_pages_in_one_order) {
    ASSERT_GT(all_.size(), 150u);
    for (size_t i = 0; i < all_.size(); ++i) EXPECT_EQ(all_[i].id, static_cast<int64_t>(i) + 1);
    const auto rows = count("SELECT COUNT(*) FROM entry"), pages = count("SELECT COUNT(*) FROM entry_page");
    EXPECT_GT(rows, 20);
    EXPECT_LT(rows, std::ssize(all_) / 2);
    EXPECT_GT(pages, 5);
    EXPECT_EQ(count("SELECT COUNT(*) FROM entry_all"), std::ssize(all_));
    EXPECT_EQ(count("SELECT COUNT(*) FROM entry WHERE kind = 20 AND hold_id IS NULL"), 0);
    EXPECT_TRUE(rig_.verify().ok);
}

TEST_F(EntryPagesTest, a_part_is_that_part_of_the_whole) {
    std::mt19937_64 draw(3);
    for (int i = 0; i < 300; ++i) {
        const auto after = static_cast<int64_t>(draw() % (all_.size() + 5)) - 2;
        const auto last = after + static_cast<int64_t>(draw() % 60) - 5;
        const auto limit = static_cast<int64_t>(draw() % 40);
        std::vector<Seen> expected;
        for (const auto& e : all_)
            if (e.id > after && e.id <= last && std::ssize(expected) < limit) expected.push_back(e);
        EXPECT_EQ(entries(after, last, limit), expected) << after << " " << last << " " << limit;
    }
}

TEST_F(EntryPagesTest, the_entries_of_each_hold_are_found) {
    std::map<int64_t, std::vector<int64_t>> by_hold;
    for (const auto& e : all_)
        if (e.hold) by_hold[e.hold].push_back(e.id);
    ASSERT_GT(by_hold.size(), 100u);
    for (const auto& [hold, ids] : by_hold) {
        std::vector<int64_t> found;
        EXPECT_TRUE(rig_.store().read_now([&, id = hold](store::Db& db) {
            return sql::each_entry_of(db, id, [&](const sql::HoldEntry& e) { found.push_back(e.id); });
        }));
        EXPECT_EQ(found, ids) << "hold " << hold;
    }
    EXPECT_TRUE(rig_.store().read_now([&](store::Db& db) {
        return sql::each_entry_of(db, 1'000'000, [](const sql::HoldEntry&) { ADD_FAILURE(); });
    }));
}

TEST_F(EntryPagesTest, the_chain_goes_on_behind_a_restart_and_behind_rows_of_before) {
    rig_.reopen();
    EXPECT_TRUE(rig_.verify().ok);
    rig_.entries_as_rows();
    rig_.reopen();
    EXPECT_EQ(entries(0, INT64_MAX, INT64_MAX), all_);
    const auto account = rig_.fund(10);
    auto hold = rig_.hold(account, 5);
    ASSERT_TRUE(rig_.settle(*std::move(hold), 5));
    EXPECT_EQ(count("SELECT last_id - first_id FROM entry_page"), 0);
    const auto report = rig_.verify();
    EXPECT_TRUE(report.ok) << ::testing::PrintToString(report.faults);
}

}  // namespace
}  // namespace aig::ledger
