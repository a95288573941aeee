// kill -9 under load: a child process holds and settles and says each acknowledgement on a pipe; it is killed at a
// random one; everything it said must be in the books, which must be sound, with no call's hold open.
#include <gtest/gtest.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <random>
#include <string>

#include "ledger/ledger_store.h"
#include "ledger/testing/book_rig.h"

namespace aig::ledger {
namespace {
using testing::Folder;

constexpr int callers = 24;
constexpr const char* folder_variable = "AIG_KILL_TEST_FOLDER";
constexpr int pipe_number = 3;

struct Said {
    int64_t entry = 0, amount = 0;
};

struct Caller {
    static rt::Task<> go(Book* book, uint64_t seed) {
        std::mt19937_64 draw(seed);
        for (;;) {
            HoldRequest request;
            request.account = AccountId{1 + static_cast<int64_t>(draw() % 3)};
            request.amount_nanos = 100;
            request.budgets = {{1, request.account.value, "", INT64_MAX}};
            auto hold = co_await book->hold(std::move(request));
            if (!hold) continue;
            if (draw() % 6 == 0) continue;
            auto settlement = testing::settlement_of(static_cast<int64_t>(draw() % 120));
            auto receipt = co_await book->settle(*std::move(hold), std::move(settlement));
            const Said said{receipt ? receipt->entry() : 0, receipt ? receipt->cost_nanos() : 0};
            if (receipt && ::write(pipe_number, &said, sizeof said) != sizeof said) _exit(1);
        }
    }
};

TEST(KillChild, DISABLED_works_until_it_is_killed) {
    const char* folder = std::getenv(folder_variable);
    ASSERT_TRUE(folder) << "run by Kill.nothing_acknowledged_is_lost";
    store::Options options;
    options.path = std::string(folder) + "/aig.db";
    options.checkpoint_pages = 100;
    auto store = *store::Store::open(options);
    auto book = *Book::open(*store);
    for (int64_t a = 1; a <= 3; ++a) {
        if (book->wallet_now(AccountId{a})) continue;
        store::Batch batch;
        batch.guarded = true;
        batch.ops.push_back(book->create_wallet(AccountId{a}, "USD"));
        ASSERT_TRUE(store->commit_now(std::move(batch)));
        ASSERT_TRUE(book->credit_now(AccountId{a}, 1'000'000'000, "first", ""));
    }
    rt::Loops loops(1);
    for (uint64_t i = 0; i < callers; ++i)
        loops[0].spawn([&book, i] { return Caller::go(book.get(), i + static_cast<uint64_t>(getpid()) * 100); });
    ::pause();
}

pid_t start_child(const std::string& folder, int& from_child, const char* failpoint = nullptr) {
    int ends[2];
    if (::pipe(ends) != 0) return -1;
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::setenv(folder_variable, folder.c_str(), 1);
        if (failpoint) ::setenv("AIG_FAILPOINT", failpoint, 1);
        ::close(ends[0]);
        if (ends[1] != pipe_number) {
            ::dup2(ends[1], pipe_number);
            ::close(ends[1]);
        }
        const int silent = ::open("/dev/null", O_WRONLY);
        ::dup2(silent, 1);
        ::dup2(silent, 2);
        ::execl("/proc/self/exe", "test_ledger", "--gtest_also_run_disabled_tests", "--gtest_filter=KillChild.*",
                nullptr);
        ::_exit(127);
    }
    ::close(ends[1]);
    from_child = ends[0];
    return pid;
}

/// Kills the child after `count` acknowledgements; gives all that it said.
std::vector<Said> run_and_kill(const std::string& folder, size_t count, const char* failpoint = nullptr) {
    int from_child = -1;
    const pid_t pid = start_child(folder, from_child, failpoint);
    std::vector<Said> all;
    Said said;
    bool killed = false;
    while (::read(from_child, &said, sizeof said) == sizeof said) {  // a pipe keeps records this small whole
        all.push_back(said);
        if (all.size() >= count && !std::exchange(killed, true)) ::kill(pid, SIGKILL);
    }
    ::close(from_child);
    int status = 0;
    ::waitpid(pid, &status, 0);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "the child ended by itself: " << status;
    return all;
}

Status count_missing(store::Db& db, const std::vector<Said>& all, int64_t& missing) {
    for (const auto& said : all) {
        bool there = false;
        TRYV(sql::each_entry(db, said.entry - 1, said.entry, 1, [&](const sql::StoredEntry& s) {
            there = s.entry.kind == EntryKind::usage && s.entry.amount == said.amount;
        }));
        missing += !there;
    }
    return {};
}

TEST(Kill, nothing_acknowledged_is_lost) {
    const auto rounds = static_cast<int>(30 * testing::scale());
    std::mt19937_64 draw(30);
    Folder folder;
    size_t acknowledged = 0;
    for (int round = 0; round < rounds && !::testing::Test::HasFailure(); ++round) {
        const auto said = run_and_kill(folder.path(), 1 + draw() % 400);
        acknowledged += said.size();
        store::Options options;
        options.path = folder.database();
        auto store = store::Store::open(options);
        ASSERT_TRUE(store) << store.error().message();
        auto book = Book::open(**store);
        ASSERT_TRUE(book) << book.error().message();
        int64_t missing = 0;
        EXPECT_TRUE((*store)->read_now([&](store::Db& db) { return count_missing(db, said, missing); }));
        EXPECT_EQ(missing, 0) << "round " << round;
        EXPECT_EQ((*book)->open_holds(), 0) << "round " << round;
        const auto report = Book::verify(**store);
        ASSERT_TRUE(report);
        EXPECT_TRUE(report->ok) << "round " << round << ": " << ::testing::PrintToString(report->faults);
    }
    EXPECT_GT(acknowledged, static_cast<size_t>(rounds));
}

#ifdef AIG_SANITIZED  // only these builds have failpoints
/// What the books say after a death at one point: entries of charges, voids at the restart.
struct After {
    int64_t charges = 0, voids = 0;
};
After after_dying_at(const char* failpoint) {
    After after;
    Folder folder;
    EXPECT_TRUE(run_and_kill(folder.path(), SIZE_MAX, failpoint).empty()) << failpoint;  // nothing was acknowledged
    store::Options options;
    options.path = folder.database();
    auto store = store::Store::open(options);
    auto book = Book::open(**store);
    EXPECT_TRUE(book);
    EXPECT_EQ((*book)->open_holds(), 0) << failpoint;
    EXPECT_TRUE((*store)->read_now([&](store::Db& db) -> Status {
        auto q = db.query("SELECT COALESCE(SUM(kind = 20), 0), COALESCE(SUM(kind = 40), 0) FROM entry_all");
        TRYV(q.step());
        after = {q.integer(0), q.integer(1)};
        return {};
    }));
    const auto report = Book::verify(**store);
    EXPECT_TRUE(report && report->ok) << failpoint << ": " << ::testing::PrintToString(report->faults);
    return after;
}

TEST(Kill, at_each_point_the_books_say_what_the_disk_says) {
    const auto c1 = after_dying_at("hold.written");  // in the transaction that was never committed
    EXPECT_EQ(c1.charges + c1.voids, 0);
    const auto c2 = after_dying_at("hold.durable");  // held, nothing asked for yet (C3, C4: the same on disk)
    EXPECT_EQ(c2.charges, 0);
    EXPECT_GT(c2.voids, 0);
    const auto c5 = after_dying_at("settle.queued");
    EXPECT_EQ(c5.charges, 0);
    EXPECT_GT(c5.voids, 0);
    const auto c6 = after_dying_at("settle.written");
    EXPECT_EQ(c6.charges, 0);  // not committed
    EXPECT_GT(c6.voids, 0);
    const auto c7 = after_dying_at("settle.durable");  // charged, and the caller never heard of it
    EXPECT_GT(c7.charges, 0);
}
#endif

}  // namespace
}  // namespace aig::ledger
