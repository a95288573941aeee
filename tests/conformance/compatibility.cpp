// Plays the matrix and compares it with docs/reference/compatibility.md; UPDATE_GOLDEN=1 writes the page.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>

#include "matrix.h"

namespace aig::matrix {
namespace {

std::string_view sign(Outcome o) {
    switch (o) {
        case Outcome::kept:
            return "yes";
        case Outcome::lost:
            return "lost";
        case Outcome::refused:
            return "400";
        case Outcome::absent:
            return "–";
        case Outcome::failed:
            return "BROKEN";
    }
    return "";
}

constexpr std::string_view preface =
    "# Compatibility\n\n"
    "What comes back when a caller speaks one dialect (a table each) and the provider another wire (a column each). "
    "The\n"
    "page is made by `test_conformance`: every cell was written in the dialect's own words, sent over the wire to the\n"
    "simulated provider, and read again as the caller reads it, whole and streamed.\n\n"
    "| | |\n|---|---|\n"
    "| yes | comes back as asked; the same family goes byte for byte |\n"
    "| lost | answered without it; `x-aig-loss` names it, `x-aig-strict: true` makes it a 400 |\n"
    "| 400 | refused by name before anything is held or sent: the wire cannot do it |\n"
    "| – | the dialect has no words for it |\n";

struct Row {
    std::string line, lost;  ///< of the table; of the list below it
};

Row row_of(const North& north, const Feature& feature) {
    Row row{fmt::format("| {} |", feature.name), ""};
    for (const South& south : souths()) {
        const Cell cell = play(north, south, feature);
        EXPECT_NE(cell.outcome, Outcome::failed)
            << north.name << " -> " << south.name << ", " << feature.name << ": " << cell.note;
        EXPECT_FALSE(cell.outcome == Outcome::lost && !feature.may_be_lost)
            << north.name << " -> " << south.name << ": " << feature.name
            << " changes what the caller gets, so it may not be lost: " << cell.note;
        row.line += fmt::format(" {} |", sign(cell.outcome));
        if (cell.outcome == Outcome::lost)
            row.lost += fmt::format("{}`{}` on {}", row.lost.empty() ? "" : ", ", cell.note, south.name);
    }
    row.line += '\n';
    return row;
}

std::string table_of(const North& north) {
    std::string out = fmt::format("\n## {}\n\n| |", north.name), rule = "\n|---|", losses;
    for (const South& south : souths()) {
        out += fmt::format(" {} |", south.name);
        rule += "---|";
    }
    out += rule + "\n";
    for (const Feature& feature : features()) {
        const Row row = row_of(north, feature);
        out += row.line;
        if (!row.lost.empty()) losses += fmt::format("* {}: {}\n", feature.name, row.lost);
    }
    return losses.empty() ? out : out + "\nWhat is lost, by the names in `x-aig-loss`:\n\n" + losses;
}

std::string page() {
    std::string out(preface);
    for (const North& north : norths()) out += table_of(north);
    return out;
}

TEST(Compatibility, EveryCellIsWhatThePageSays) {
    const std::string is = page(), path = std::string(AIG_SOURCE_DIR) + "/docs/reference/compatibility.md";
    if (const char* update = std::getenv("UPDATE_GOLDEN"); update && *update && *update != '0') {
        std::ofstream(path, std::ios::binary) << is;
        return;
    }
    std::ifstream in(path, std::ios::binary);
    std::ostringstream was;
    was << in.rdbuf();
    EXPECT_EQ(was.str(), is) << "UPDATE_GOLDEN=1 writes the page; look at the difference first";
}

}  // namespace
}  // namespace aig::matrix
