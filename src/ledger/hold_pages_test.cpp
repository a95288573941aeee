// Holds in pages: what stands open is what was added and not cleared, in memory and on disk, and no hold is cleared
// twice.
#include "ledger/hold_pages.h"

#include <gtest/gtest.h>

#include <latch>
#include <set>

#include "ledger/ledger_store.h"
#include "ledger/testing/book_rig.h"

namespace aig::ledger {
namespace {
using testing::BookRig;

class HoldPagesTest : public ::testing::Test {
  protected:
    /// In one transaction, behind which the pages are written.
    Status in_transaction(std::function<void()> change) {
        store::Batch batch;
        batch.ops.push_back(store::op([&](store::Db& db) {
            change();
            auto done = pages_.flush(db);
            if (!done) pages_.drop();
            return done;
        }));
        return rig_.store().commit_now(std::move(batch));
    }
    int64_t add(int64_t id) {
        OpenHold h;
        h.id = id;
        h.account = 7;
        h.amount = id * 10;
        h.body.request_id = "req_" + std::to_string(id);
        std::string body;
        encode(body, h.body);
        return page_of_[id] = pages_.add(h, body);
    }
    void clear(int64_t id) { pages_.clear(page_of_[id], id); }
    template <class T>
    T read(std::function<Result<T>(store::Db&)> fn) {
        T value{};
        EXPECT_TRUE(rig_.store().read_now([&](store::Db& db) -> Status {
            TRY(value, fn(db));
            return {};
        }));
        return value;
    }
    std::vector<int64_t> open(int64_t after = 0, int64_t limit = 1'000) {
        return read<std::vector<int64_t>>([&](store::Db& db) { return sql::paged_holds_behind(db, after, limit); });
    }
    int64_t count(const char* sql) {
        return read<int64_t>([&](store::Db& db) -> Result<int64_t> {
            auto q = db.query(sql);
            TRYV(q.step());
            return q.integer(0);
        });
    }
    BookRig rig_;
    sql::HoldPages pages_;
    std::map<int64_t, int64_t> page_of_;
};

TEST_F(HoldPagesTest, a_page_has_64_numbers_that_follow_one_another) {
    ASSERT_TRUE(in_transaction([&] {
        for (int64_t id = 1; id <= 70; ++id) add(id);
        for (int64_t id = 75; id <= 76; ++id) add(id);
    }));
    EXPECT_EQ(page_of_[64], 1);
    EXPECT_EQ(page_of_[65], 65);
    EXPECT_EQ(page_of_[76], 75);
    EXPECT_EQ(count("SELECT COUNT(*) FROM hold_page"), 3);
    EXPECT_EQ(open().size(), 72u);
    EXPECT_EQ(open(63, 3), (std::vector<int64_t>{64, 65, 66}));
    EXPECT_EQ(open(70), (std::vector<int64_t>{75, 76}));
    EXPECT_EQ(read<int64_t>(sql::count_paged_holds), 72);
    std::set<int64_t> seen;
    EXPECT_TRUE(rig_.store().read_now([&](store::Db& db) {
        return sql::each_paged_hold(db, [&](int64_t id, Result<OpenHold> h) {
            EXPECT_TRUE(h);
            EXPECT_EQ(h->amount, id * 10);
            seen.insert(id);
        });
    }));
    EXPECT_EQ(seen.size(), 72u);
    const auto found = read<std::optional<OpenHold>>([](store::Db& db) { return sql::load_paged_hold(db, 66); });
    ASSERT_TRUE(found);
    EXPECT_EQ(found->body.request_id, "req_66");
    EXPECT_EQ(found->page, 65);
    for (const int64_t none : {0, 71, 77, 200})
        EXPECT_FALSE(read<std::optional<OpenHold>>([&](store::Db& db) { return sql::load_paged_hold(db, none); }));
}

TEST_F(HoldPagesTest, clearing_leaves_the_others_and_the_last_one_takes_the_page) {
    ASSERT_TRUE(in_transaction([&] {
        for (int64_t id = 1; id <= 64; ++id) add(id);
        clear(64);
    }));
    for (int64_t id = 1; id < 64; ++id) {
        if (id % 10 == 0) pages_.drop();  // as after a rollback: what is open is read again
        ASSERT_TRUE(in_transaction([&] { clear(id); })) << id;
        EXPECT_EQ(read<int64_t>(sql::count_paged_holds), 63 - id);
        EXPECT_FALSE(read<std::optional<OpenHold>>([&](store::Db& db) { return sql::load_paged_hold(db, id); }));
    }
    EXPECT_EQ(count("SELECT COUNT(*) FROM hold_page"), 0);
    ASSERT_TRUE(in_transaction([&] { add(65), clear(65); }));
    EXPECT_EQ(count("SELECT COUNT(*) FROM hold_page"), 0);
}

TEST_F(HoldPagesTest, no_hold_is_cleared_twice) {
    ASSERT_TRUE(in_transaction([&] { add(1), add(2), add(3); }));
    ASSERT_TRUE(in_transaction([&] { clear(1); }));
    for (const bool forget : {false, true}) {
        if (forget) pages_.drop();
        EXPECT_FALSE(in_transaction([&] { clear(1); }));              // in an earlier transaction
        EXPECT_FALSE(in_transaction([&] { clear(2), clear(2); }));    // in the same one
        EXPECT_FALSE(in_transaction([&] { pages_.clear(40, 41); }));  // never was
        EXPECT_EQ(open(), (std::vector<int64_t>{2, 3}));
    }
    EXPECT_FALSE(in_transaction([&] { add(9), clear(9), clear(9); }));
}

TEST_F(HoldPagesTest, a_page_that_is_not_as_it_was_left_is_not_changed) {
    ASSERT_TRUE(in_transaction([&] { add(1), add(2), add(3); }));
    store::Batch behind_its_back;
    behind_its_back.ops.push_back(store::op([](store::Db& db) { return db.script("UPDATE hold_page SET open = 6"); }));
    ASSERT_TRUE(rig_.store().commit_now(std::move(behind_its_back)));
    EXPECT_FALSE(in_transaction([&] { clear(3); }));
    EXPECT_EQ(open(), (std::vector<int64_t>{2, 3}));
    EXPECT_TRUE(in_transaction([&] { clear(2), clear(3); }));  // read again
    EXPECT_EQ(count("SELECT COUNT(*) FROM hold_page"), 0);
}

TEST_F(HoldPagesTest, damage_is_named) {
    ASSERT_TRUE(in_transaction([&] { add(1), add(2); }));
    for (const char* damage : {"UPDATE hold_page SET body = substr(body, 1, length(body) - 1)",
                               "UPDATE hold_page SET body = x'01'", "UPDATE hold_page SET open = 7"}) {
        store::Batch batch;
        batch.ops.push_back(store::op([damage](store::Db& db) { return db.script(damage); }));
        ASSERT_TRUE(rig_.store().commit_now(std::move(batch)));
        int bad = 0;
        EXPECT_TRUE(rig_.store().read_now(
            [&](store::Db& db) { return sql::each_paged_hold(db, [&](int64_t, Result<OpenHold> h) { bad += !h; }); }));
        EXPECT_EQ(bad, 1) << damage;
        EXPECT_FALSE(rig_.store().read_now([&](store::Db& db) -> Status {
            TRY(auto hold, sql::load_paged_hold(db, 2));
            return {};
        })) << damage;
    }
}

struct Held {
    std::latch done;
    std::vector<Hold> holds;
    explicit Held(int n) : done(n) {}
};
rt::Task<> take(Book* book, AccountId account, Owner owner, std::shared_ptr<Held> held) {
    HoldRequest request;
    request.account = account;
    request.amount_nanos = 10;
    request.owner = owner;
    request.request_id = "req";
    auto hold = co_await book->hold(std::move(request));
    if (hold) held->holds.push_back(*std::move(hold));
    held->done.count_down();
}
/// At once, so that they share transactions.
std::shared_ptr<Held> hold_many(BookRig& rig, AccountId account, int n, Owner owner = Owner::call) {
    auto held = std::make_shared<Held>(n);
    rig.loop().post([&rig, account, n, owner, held] {
        for (int i = 0; i < n; ++i)
            rig.loop().spawn([&rig, account, owner, held] { return take(&rig.book(), account, owner, held); });
    });
    held->done.wait();
    EXPECT_EQ(held->holds.size(), static_cast<size_t>(n));
    return held;
}

TEST(HoldsInPages, an_extended_hold_leaves_its_page_and_all_are_there_after_a_restart) {
    BookRig rig;
    const auto account = rig.fund(100'000);
    auto held = hold_many(rig, account, 100);
    ASSERT_TRUE(rig.extend(held->holds[5], 7, 7));
    ASSERT_TRUE(rig.extend(held->holds[5], 7, 7));
    ASSERT_TRUE(rig.settle(std::move(held->holds[6]), 3));
    EXPECT_EQ(rig.wallet(account).held_nanos, 98 * 10 + 24);
    EXPECT_EQ(rig.verify().open_holds, 99);
    static auto& lost = *new std::vector<std::shared_ptr<Held>>;  // the process ends without a word about them
    lost.push_back(std::move(held));
    rig.reopen(false);
    EXPECT_EQ(rig.book().open_holds(), 99);
    EXPECT_TRUE(rig.verify().ok);
    lost.push_back(hold_many(rig, account, 3, Owner::job));
    rig.reopen();
    EXPECT_EQ(rig.book().open_holds(), 3);
    EXPECT_EQ(rig.wallet(account).held_nanos, 30);
    const auto report = rig.verify();
    EXPECT_TRUE(report.ok) << ::testing::PrintToString(report.faults);
}

}  // namespace
}  // namespace aig::ledger
