// Acknowledged means durable: the power goes at a random write or sync, only synced bytes (and a random part of the
// others, some torn) survive, and every settlement and credit that was acknowledged before must be in the books, which
// must be sound. The last test shows that this catches a database that does not sync. kill -9 cannot show it: the page
// cache survives the process.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <latch>
#include <random>

#include "ledger/ledger_store.h"
#include "ledger/testing/book_rig.h"
#include "store/testing/lossy_vfs.h"

namespace aig::ledger {
namespace {
using store::testing::LossyVfs;
using testing::BookRig;
using testing::Folder;

constexpr int callers = 12;
constexpr int accounts = 5;

int scaled(int n) { return n * static_cast<int>(testing::scale()); }

struct Acknowledged {
    std::vector<std::pair<int64_t, int64_t>> entries;  // id, amount
    std::vector<std::string> credits;                  // refs
};

/// Many callers on one loop, until the power is gone.
struct Workload {
    Book* book;
    LossyVfs* vfs;
    Acknowledged* seen;
    std::latch* done;

    static rt::Task<> caller(Workload w, uint64_t seed) {
        std::mt19937_64 draw(seed);
        for (int i = 0; !w.vfs->crashed() && i < 2'000; ++i) {
            const AccountId account{1 + static_cast<int64_t>(draw() % accounts)};
            if (draw() % 8 == 0) {
                const std::string ref = "r" + std::to_string(seed) + "-" + std::to_string(i);
                auto credited = co_await w.book->credit(account, 500, ref, "");
                if (credited && !w.vfs->crashed()) w.seen->credits.push_back(ref);
                continue;
            }
            HoldRequest request;
            request.account = account;
            request.amount_nanos = 100;
            request.budgets = {{1, account.value, "2026-11", 1'000'000'000}};
            auto hold = co_await w.book->hold(std::move(request));
            if (!hold) continue;
            if (draw() % 4 == 0) {
                auto more = co_await w.book->extend(*hold, 50, 0);
                (void)more;
            }
            if (draw() % 5 == 0) continue;  // dropped: voided
            auto settlement = testing::settlement_of(static_cast<int64_t>(draw() % 150));
            auto receipt = co_await w.book->settle(*std::move(hold), std::move(settlement));
            // Asked after the acknowledgement: still power means its sync came before the cut.
            if (receipt && !w.vfs->crashed()) w.seen->entries.emplace_back(receipt->entry(), receipt->cost_nanos());
        }
        w.done->count_down();
    }
};

struct Result {
    bool opens = true, sound = true;
    int64_t acknowledged = 0, missing = 0, open_holds = 0;
    std::string faults;
};

Status count_missing(store::Db& db, const Acknowledged& seen, int64_t& missing) {
    for (const auto& [id, amount] : seen.entries) {
        bool there = false;
        TRYV(sql::each_entry(db, id - 1, id, 1, [&](const sql::StoredEntry& s) {
            there = s.entry.kind == EntryKind::usage && s.entry.amount == amount;
        }));
        missing += !there;
    }
    for (const auto& ref : seen.credits) {
        auto q = db.query("SELECT 1 FROM entry WHERE ref = ?");
        TRY(const bool row, q.bind(ref).step());
        missing += !row;
    }
    return {};
}

/// One power cut; what is found afterwards.
Result cut_power(uint64_t seed, bool synced) {
    LossyVfs vfs;
    Folder disk;
    Acknowledged seen;
    {
        store::Options options;
        options.vfs = vfs.name();
        options.checkpoint_pages = 30;  // often, so that cuts fall into checkpoints too
        options.on_fatal = [](std::string_view) {};
        BookRig rig(options);
        for (int i = 0; i < accounts; ++i) rig.fund(50'000);
        if (!synced) {
            struct NoSync : store::Op {
                Status check(store::Db& db) override { return db.script("PRAGMA synchronous=OFF"); }
                Status apply(store::Db&) override { return {}; }
                bool writes() const override { return false; }
            };
            store::Batch batch;
            batch.ops.push_back(std::make_unique<NoSync>());
            EXPECT_TRUE(rig.store().commit_now(std::move(batch)));
        }
        std::latch done(callers);
        vfs.crash_at(static_cast<int64_t>(seed * 2'654'435'761u % 1'500));
        for (uint64_t i = 0; i < callers; ++i) {
            const Workload w{&rig.book(), &vfs, &seen, &done};
            rig.loop().spawn([w, n = seed * 100 + i] { return Workload::caller(w, n); });
        }
        done.wait();
        vfs.crash_into(rig.folder().path(), disk.path() + "/after", seed);
    }
    Result result;
    result.acknowledged = static_cast<int64_t>(seen.entries.size() + seen.credits.size());
    store::Options options;
    options.path = disk.path() + "/after/aig.db";
    options.on_fatal = [](std::string_view) {};
    auto store = store::Store::open(options);
    auto book = store ? Book::open(**store) : aig::Result<std::unique_ptr<Book>>(store.error());
    if (!book) {
        result.opens = false;
        result.faults = book.error().message();
        return result;
    }
    const auto read = (*store)->read_now([&](store::Db& db) { return count_missing(db, seen, result.missing); });
    const auto report = Book::verify(**store);
    result.sound = read && report && report->ok;
    if (report) result.faults = ::testing::PrintToString(report->faults);
    result.open_holds = (*book)->open_holds();
    return result;
}

TEST(Durability, a_power_cut_loses_nothing_acknowledged) {
    int64_t acknowledged = 0;
    for (int seed = 1; seed <= scaled(25); ++seed) {
        const auto r = cut_power(static_cast<uint64_t>(seed), true);
        acknowledged += r.acknowledged;
        EXPECT_TRUE(r.opens && r.sound) << "seed " << seed << ": " << r.faults;
        EXPECT_EQ(r.missing, 0) << "seed " << seed << " of " << r.acknowledged;
        EXPECT_EQ(r.open_holds, 0) << "seed " << seed;
    }
    EXPECT_GT(acknowledged, 1'000);
}

TEST(Durability, the_power_cut_shows_a_database_that_does_not_sync) {
    int shown = 0;
    for (uint64_t seed = 1; seed <= 6; ++seed) {
        const auto r = cut_power(seed, false);
        shown += !r.opens || !r.sound || r.missing > 0;
    }
    EXPECT_GE(shown, 4);
}

TEST(Durability, a_failed_sync_acknowledges_nothing_and_ends_the_process) {
    LossyVfs vfs;
    std::atomic<int> ended{0};
    store::Options options;
    options.vfs = vfs.name();
    options.on_fatal = [&](std::string_view) { ++ended; };
    BookRig rig(options);
    const auto account = rig.fund(1'000);
    auto hold = rig.hold(account, 100);
    ASSERT_TRUE(hold);
    vfs.fail_sync();
    EXPECT_EQ(rig.settle(*std::move(hold), 100).error().code(), ErrorCode::storage_unavailable);
    EXPECT_EQ(ended, 1);
    EXPECT_EQ(rig.hold(account, 1).error().code(), ErrorCode::storage_unavailable);
}

TEST(Durability, a_full_disk_refuses_holds_and_settles_when_there_is_room_again) {
    LossyVfs vfs;
    store::Options options;
    options.vfs = vfs.name();
    BookRig rig(options);
    const auto account = rig.fund(1'000);
    auto hold = rig.hold(account, 100);
    ASSERT_TRUE(hold);
    vfs.fill(true);
    EXPECT_EQ(rig.hold(account, 50).error().code(), ErrorCode::storage_unavailable);
    EXPECT_EQ(rig.book().open_holds(), 1);
    struct Frame {
        static rt::Task<> settle(Book* book, std::shared_ptr<Hold> h, std::promise<int64_t>* cost) {
            auto receipt = co_await book->settle(std::move(*h), testing::settlement_of(70));
            cost->set_value(receipt ? receipt->cost_nanos() : -1);
        }
    };
    std::promise<int64_t> cost;
    auto shared = std::make_shared<Hold>(*std::move(hold));
    rig.loop().spawn([&rig, shared, &cost] { return Frame::settle(&rig.book(), shared, &cost); });
    auto future = cost.get_future();
    EXPECT_EQ(future.wait_for(std::chrono::milliseconds(100)), std::future_status::timeout);
    vfs.fill(false);
    EXPECT_EQ(future.get(), 70);
    aig::Result<Hold> again = Error(ErrorCode::internal);
    for (int i = 0; i < 50 && !(again = rig.hold(account, 930)); ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    EXPECT_TRUE(again);
    EXPECT_TRUE(rig.verify().ok);
}

}  // namespace
}  // namespace aig::ledger
