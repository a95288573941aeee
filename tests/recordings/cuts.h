// Where a recorded stream is cut into pieces: what comes out must not depend on it.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <random>
#include <vector>

namespace aig::recordings {

inline std::vector<size_t> each_byte(size_t n) {
    std::vector<size_t> cuts;
    for (size_t i = 1; i < n; ++i) cuts.push_back(i);
    return cuts;
}

/// One byte at a time, and `few` random cuts in two, of short streams every one. AIG_TEST_SCALE multiplies up to 64,
/// and from 32 on short means 4 KiB instead of 256 bytes.
inline std::vector<std::vector<size_t>> cuts_of(size_t n, std::mt19937& random, int few = 16) {
    const char* set = std::getenv("AIG_TEST_SCALE");
    const int scale = set ? std::clamp(std::atoi(set), 1, 64) : 1;
    std::vector<std::vector<size_t>> all{each_byte(n)};
    const bool every = n <= (scale >= 32 ? 4096u : 256u);
    for (size_t i = 1; every && i < n; ++i) all.push_back({i});
    for (int i = 0; !every && i < std::min(few * scale, 64); ++i) all.push_back({1 + random() % (n - 1)});
    return all;
}

}  // namespace aig::recordings
