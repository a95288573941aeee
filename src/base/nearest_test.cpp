#include "base/nearest.h"

#include <gtest/gtest.h>

namespace aig {
namespace {
TEST(Nearest, CountsEdits) {
    const struct {
        const char *a, *b;
        size_t distance;
    } cases[] = {{"", "", 0},
                 {"a", "", 1},
                 {"listen", "lisen", 1},
                 {"listen", "lsiten", 1},
                 {"Listen", "listen", 0},
                 {"abc", "xyz", 3},
                 {"kitten", "sitting", 3}};
    for (const auto& c : cases) {
        EXPECT_EQ(edit_distance(c.a, c.b, 10), c.distance) << c.a << " " << c.b;
        EXPECT_EQ(edit_distance(c.b, c.a, 10), c.distance) << c.b << " " << c.a;
    }
    EXPECT_EQ(edit_distance("kitten", "sitting", 2), 3u);
    EXPECT_EQ(edit_distance(std::string(65, 'a'), std::string(65, 'a'), 5), 6u);
}

TEST(Nearest, NamesTheNearestOrNothing) {
    const std::string_view known[] = {"listen", "admin_listen", "public_url", "tls"};
    EXPECT_EQ(nearest("lisen", known), "listen");
    EXPECT_EQ(nearest("adminlisten", known), "admin_listen");
    EXPECT_EQ(nearest("something_else", known), "");
    EXPECT_EQ(nearest("x", known), "");
    EXPECT_EQ(did_you_mean("publik_url", known), "; did you mean 'public_url'?");
    EXPECT_EQ(did_you_mean("zzzzz", known), "");
}
}  // namespace
}  // namespace aig
