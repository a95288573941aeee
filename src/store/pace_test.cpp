#include <gtest/gtest.h>

#include "store/detail/pace.h"

namespace aig::store {
namespace {

constexpr int64_t ms = 1'000'000;

/// Transactions one after the other, a millisecond from begin to begin.
struct Writing {
    Pace pace;
    int64_t now_ns = 10 * ms;
    void transactions(int n, size_t batches, bool in_vain = false) {
        for (int i = 0; i < n; ++i) pace.begins(batches, in_vain, now_ns += ms);
    }
};

TEST(Pace, who_comes_alone_waits_for_nobody) {
    Writing w;
    EXPECT_EQ(w.pace.wanted(), 0U);
    w.transactions(1'000, 1);
    EXPECT_EQ(w.pace.wanted(), 0U);
    w.transactions(1'000, Pace::busy_from - 1);
    EXPECT_EQ(w.pace.wanted(), 0U);
}

TEST(Pace, under_load_transactions_begin_a_millisecond_apart) {
    Writing w;
    w.transactions(1, Pace::busy_from);
    EXPECT_EQ(w.pace.wanted(), Pace::enough);
    EXPECT_EQ(w.pace.until_ns(), w.now_ns + ms);
}

TEST(Pace, the_wait_ends_with_the_load) {
    Writing w;
    w.transactions(10, 20);
    w.transactions(1, Pace::busy_above + 1);
    EXPECT_EQ(w.pace.wanted(), Pace::enough);
    w.transactions(1, Pace::busy_above);
    EXPECT_EQ(w.pace.wanted(), 0U);
}

TEST(Pace, a_fixed_number_of_callers_is_found_out_and_asked_for_again_after_a_while) {
    Writing w;
    w.transactions(1, 16);
    w.transactions(2, 16, true);
    EXPECT_EQ(w.pace.wanted(), Pace::enough);
    w.transactions(1, 16, true);
    EXPECT_EQ(w.pace.wanted(), 16U) << "nobody came three times: those are all";
    w.transactions(63, 16);
    EXPECT_EQ(w.pace.wanted(), 16U);
    w.transactions(1, 16);
    EXPECT_EQ(w.pace.wanted(), Pace::enough) << "there may be more by now";
}

TEST(Pace, callers_that_keep_coming_are_not_taken_for_all_there_are) {
    Writing w;
    w.transactions(1, 16);
    for (int i = 0; i < 100; ++i) {
        w.transactions(2, 16, true);
        w.transactions(1, 17, false);
        EXPECT_EQ(w.pace.wanted(), Pace::enough);
    }
}

TEST(Pace, when_fewer_come_than_were_all_it_learns_anew) {
    Writing w;
    w.transactions(4, 16, true);
    ASSERT_EQ(w.pace.wanted(), 16U);
    w.transactions(1, 9, false);
    EXPECT_EQ(w.pace.wanted(), Pace::enough);
    w.transactions(3, 9, true);
    EXPECT_EQ(w.pace.wanted(), 9U);
}

}  // namespace
}  // namespace aig::store
