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

TEST(Pace, under_load_commits_take_a_twelfth_of_a_processor) {
    Writing w;
    w.transactions(1, Pace::busy_from);
    EXPECT_EQ(w.pace.wanted(), Pace::enough);
    for (int i = 0; i < 100; ++i) w.pace.committed(100'000);
    EXPECT_NEAR(w.pace.apart_ns(), 1'200'000, 1'000);
    EXPECT_EQ(w.pace.until_ns(), w.now_ns + w.pace.apart_ns());
}

TEST(Pace, a_cheap_disk_answers_sooner_and_nobody_waits_longer_than_two_milliseconds) {
    Pace pace;
    for (int i = 0; i < 100; ++i) pace.committed(10'000);
    EXPECT_EQ(pace.apart_ns(), Pace::least_apart_ns);
    for (int i = 0; i < 100; ++i) pace.committed(5'000'000);
    EXPECT_EQ(pace.apart_ns(), Pace::most_apart_ns);
    EXPECT_EQ(Pace::most_apart_ns, 2 * ms);
}

TEST(Pace, one_slow_commit_changes_little) {
    Pace pace;
    for (int i = 0; i < 100; ++i) pace.committed(80'000);
    const int64_t before = pace.apart_ns();
    pace.committed(160'000);
    EXPECT_LT(pace.apart_ns(), before * 5 / 4);
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
