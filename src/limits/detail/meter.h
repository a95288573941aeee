// One GCRA meter: the theoretical arrival time (TAT) of the next unit, kept as nanoseconds and an exact fraction of
// one, so that no rate is rounded. Limit N a minute = interval minute/N, tolerance one minute. Not thread-safe; pure
// but for its own state.
#pragma once

#include <cstdint>

namespace aig::limits {

constexpr int64_t minute_ns = 60'000'000'000;
/// Rates above this are the same as this, so that products fit 128 bits with room to spare.
constexpr int64_t max_rate = 1'000'000'000'000;

class Meter {
  public:
    /// Nanoseconds until `units` would fit under `limit`; 0 = now, -1 = never (more than the whole limit).
    int64_t wait_ns(int64_t units, int64_t limit, int64_t now_ns) const;
    /// Takes them, whether they fit or not (corrections may overdraw, at most ten minutes ahead of `now_ns`).
    void take(int64_t units, int64_t limit, int64_t now_ns);
    /// Gives units back. What time has returned already is not returned twice: TAT below now counts as now.
    void give(int64_t units, int64_t limit);
    int64_t remaining(int64_t limit, int64_t now_ns) const;
    /// Until the whole limit is there again.
    int64_t reset_ns(int64_t now_ns) const;
    bool idle(int64_t now_ns) const { return tat_ns_ < now_ns; }

  private:
    struct Moment {
        int64_t ns, part;
    };  ///< ns + part/limit
    Moment at_least(int64_t limit, int64_t now_ns) const;
    int64_t tat_ns_ = 0, part_ = 0, limit_ = 1;  ///< part_ is in units of 1/limit_ ns
};

}  // namespace aig::limits
