#include "base/few.h"

#include <gtest/gtest.h>

namespace aig {
namespace {
using Ints = Few<int, 2>;

TEST(Few, keeps_what_is_put_in_wherever_it_stands) {
    Ints few;
    EXPECT_TRUE(few.empty());
    for (int n = 0; n < 7; ++n) {
        few.push_back(n);
        EXPECT_EQ(few.size(), static_cast<size_t>(n) + 1);
        int expected = 0;
        for (const int v : few) EXPECT_EQ(v, expected++);
        EXPECT_EQ(expected, n + 1);
    }
    few[6] = 60;
    EXPECT_EQ(few, (Ints{0, 1, 2, 3, 4, 5, 60}));
    EXPECT_FALSE(few == (Ints{0, 1}));
    few.clear();
    few.push_back(9);
    EXPECT_EQ(few, Ints{9});
    few.reset(3);
    EXPECT_EQ(few, (Ints{0, 0, 0}));
}

TEST(Few, is_empty_when_it_was_moved_away) {
    for (const size_t n : {1u, 2u, 5u}) {
        Ints from;
        from.reset(n);
        from[n - 1] = 7;
        const Ints copy = from;
        Ints to = std::move(from);
        EXPECT_EQ(to, copy);
        EXPECT_TRUE(from.empty());
        from.push_back(3);
        EXPECT_EQ(from, Ints{3});
        from = std::move(to);
        EXPECT_EQ(from, copy);
        EXPECT_TRUE(to.empty());
    }
}

}  // namespace
}  // namespace aig
