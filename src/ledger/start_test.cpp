// Starting on a folder whose process was killed with many holds open: all of calls are voided, the wallets and budgets
// are as before, and the start after it has nothing to do. 1,000 of them; AIG_TEST_SCALE=1000 makes it a million. What
// it takes on a release build is in docs/reliability.md (bench_ledger 0).
#include <gtest/gtest.h>

#include <vector>

#include "ledger/testing/book_rig.h"

namespace aig::ledger::testing {
namespace {
constexpr int64_t accounts = 10, amount = 7;

/// Holds by many callers at once, so that they share transactions; nobody resolves them.
struct Taker {
    static rt::Task<> go(Book& book, int64_t first, int64_t count, std::vector<Hold>& into, std::latch& done) {
        for (int64_t i = 0; i < count; ++i) {
            HoldRequest r;
            r.account = AccountId{1 + (first + i) % accounts};
            r.amount_nanos = r.least_nanos = amount;
            r.request_id = "req_" + std::to_string(first + i);
            r.budgets = {{subject_key, r.account.value, "2026-11", INT64_MAX}};
            auto hold = co_await book.hold(std::move(r));
            if (hold) into.push_back(*std::move(hold));
        }
        done.count_down();
    }
};

TEST(Start, voids_all_that_was_left_open_and_then_nothing) {
    const int64_t callers = 50, each = 20 * scale(), holds = callers * each;
    BookRig rig;
    for (int64_t a = 0; a < accounts; ++a) rig.fund(holds * amount);
    // Never destroyed: the process is gone before anybody gives one back.
    static auto& left = *new std::vector<std::vector<Hold>>(static_cast<size_t>(callers));
    std::latch done(callers);
    for (int64_t c = 0; c < callers; ++c)
        rig.loop().spawn([&, c] { return Taker::go(rig.book(), c * each, each, left[static_cast<size_t>(c)], done); });
    done.wait();
    ASSERT_EQ(rig.book().open_holds(), holds);
    rig.reopen(false);
    EXPECT_EQ(rig.book().open_holds(), holds);
    rig.reopen();
    EXPECT_EQ(rig.book().open_holds(), 0);
    for (int64_t a = 1; a <= accounts; ++a) {
        const auto wallet = rig.wallet(AccountId{a});
        EXPECT_EQ(wallet.held_nanos, 0);
        EXPECT_EQ(wallet.available_nanos, holds * amount);
        EXPECT_EQ(rig.budget({subject_key, a, "2026-11", 0}), (std::pair<int64_t, int64_t>{0, 0}));
    }
    const auto report = rig.verify();
    EXPECT_TRUE(report.ok) << ::testing::PrintToString(report.faults);
    EXPECT_EQ(report.entries, accounts + holds);
    rig.reopen();
    EXPECT_EQ(rig.verify().entries, accounts + holds) << "there was nothing left to void";
}
}  // namespace
}  // namespace aig::ledger::testing
