#include "base/nearest.h"

#include <algorithm>
#include <array>

namespace aig {
namespace {
constexpr size_t longest = 64;
using Row = std::array<size_t, longest + 1>;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

size_t allowed(std::string_view word) { return std::max<size_t>(2, word.size() / 3); }
}  // namespace

size_t edit_distance(std::string_view a, std::string_view b, size_t limit) {
    const size_t far = limit + 1;
    if (a.size() > longest || b.size() > longest) return far;
    if (std::max(a.size(), b.size()) - std::min(a.size(), b.size()) > limit) return far;
    Row before{}, above{}, row{};
    for (size_t j = 0; j <= b.size(); ++j) above[j] = j;
    for (size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        size_t best = i;
        for (size_t j = 1; j <= b.size(); ++j) {
            const bool same = lower(a[i - 1]) == lower(b[j - 1]);
            size_t d = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (same ? 0 : 1)});
            const bool swapped =
                i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]);
            if (swapped) d = std::min(d, before[j - 2] + 1);
            row[j] = d;
            best = std::min(best, d);
        }
        if (best > limit) return far;
        before = above;
        above = row;
    }
    return std::min(above[b.size()], far);
}

std::string_view nearest(std::string_view word, std::span<const std::string_view> known) {
    std::string_view best;
    size_t best_distance = allowed(word) + 1;
    for (const auto k : known) {
        const size_t d = edit_distance(word, k, best_distance - 1);
        if (d >= best_distance || d >= std::max(word.size(), k.size())) continue;
        best = k;
        best_distance = d;
        if (d == 0) break;
    }
    return best;
}

std::string did_you_mean(std::string_view word, std::span<const std::string_view> known) {
    const auto n = nearest(word, known);
    return n.empty() ? std::string() : "; did you mean '" + std::string(n) + "'?";
}
}  // namespace aig
