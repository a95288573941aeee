// docs/reference/errors.md is made from errors.def: AIG_UPDATE_DOCS=1 test_base rewrites it, otherwise it must be
// current.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include <fmt/format.h>

#include "base/result.h"

using namespace aig;

namespace {
std::string reference() {
    static constexpr std::string_view faults[] = {"the request", "the deployment", "the provider", "the gateway"};
    static constexpr std::string_view steps[] = {"answers the caller", "tries the next target",
                                                 "rests the provider key, tries the next target",
                                                 "takes the provider key out of use, tries the next target"};
    std::string out =
        "# Errors\n\n"
        "Made from `src/base/errors.def`; the test `test_base` keeps it current. The status is the default one: "
        "surfaces render the same error\n"
        "in their own envelope, and some with another status (`src/dialect/errors.cpp`). **No error is ever "
        "billed.**\n\n"
        "| reason | status | at fault | before content, the gateway | what to do |\n|---|---|---|---|---|\n";
    for (size_t i = 0; i < error_count(); ++i) {
        const auto& row = error_row(static_cast<ErrorCode>(i));
        out += fmt::format("| <a id=\"{0}\"></a>`{0}` | {1} | {2} | {3} | {4} |\n", row.name, row.status,
                           faults[static_cast<size_t>(row.fault)], steps[static_cast<size_t>(row.next)], row.advice);
    }
    return out;
}
}  // namespace

TEST(ErrorReference, is_current) {
    const std::string path = std::string(AIG_SOURCE_DIR) + "/docs/reference/errors.md";
    if (std::getenv("AIG_UPDATE_DOCS")) std::ofstream(path) << reference();
    std::stringstream kept;
    kept << std::ifstream(path).rdbuf();
    EXPECT_EQ(kept.str(), reference()) << "run AIG_UPDATE_DOCS=1 test_base";
}

TEST(Errors, every_row_says_what_to_do_next) {
    for (size_t i = 0; i < error_count(); ++i) {
        const auto& row = error_row(static_cast<ErrorCode>(i));
        EXPECT_FALSE(row.advice.empty()) << row.name;
        EXPECT_GE(row.status, 400) << row.name;
        EXPECT_LT(row.status, 600) << row.name;
        // Only a provider's failure may be tried elsewhere.
        if (row.fault == Fault::caller) {
            EXPECT_EQ(row.next, NextStep::stop) << row.name;
        }
    }
}
