#include "base/time.h"

#include <ctime>

#include <fmt/format.h>

namespace aig {
namespace {
int64_t read_clock(clockid_t id) {
    timespec t{};
    clock_gettime(id, &t);
    return t.tv_sec * 1'000'000'000 + t.tv_nsec;
}
std::tm split(int64_t us) {
    const time_t s = us / 1'000'000;
    std::tm tm{};
    gmtime_r(&s, &tm);
    return tm;
}
}  // namespace

int64_t now_us() { return read_clock(CLOCK_REALTIME) / 1000; }
int64_t mono_ns() { return read_clock(CLOCK_MONOTONIC); }

std::string iso_utc(int64_t us) {
    const auto t = split(us);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday,
                       t.tm_hour, t.tm_min, t.tm_sec, us / 1000 % 1000);
}
std::string utc_day(int64_t us) { return iso_utc(us).substr(0, 10); }
std::string utc_month(int64_t us) { return iso_utc(us).substr(0, 7); }
}  // namespace aig
