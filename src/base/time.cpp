#include "base/time.h"

#include <ctime>
#include <string_view>

namespace aig {
namespace {
int64_t read_clock(clockid_t id) {
    timespec t{};
    clock_gettime(id, &t);
    return t.tv_sec * 1'000'000'000 + t.tv_nsec;
}
/// "2026-11-21T10:00:00", made once a second and thread: every line of the log wants it.
std::string_view to_the_second(time_t s) {
    thread_local time_t made = -1;
    thread_local char text[32];
    thread_local size_t size = 0;
    if (s != made) {
        std::tm tm{};
        gmtime_r(&s, &tm);
        size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
        made = s;
    }
    return {text, size};
}
}  // namespace

int64_t now_us() { return read_clock(CLOCK_REALTIME) / 1000; }
int64_t now_ms() { return read_clock(CLOCK_REALTIME_COARSE) / 1'000'000; }
int64_t mono_ns() { return read_clock(CLOCK_MONOTONIC); }
int64_t thread_cpu_ns() { return read_clock(CLOCK_THREAD_CPUTIME_ID); }
int64_t mono_ms() { return read_clock(CLOCK_MONOTONIC_COARSE) / 1'000'000; }

std::string iso_utc(int64_t us) {
    std::string out;
    out.reserve(24);
    out += to_the_second(us / 1'000'000);
    const int64_t ms = us / 1000 % 1000;
    const char tail[] = {'.', static_cast<char>('0' + ms / 100), static_cast<char>('0' + ms / 10 % 10),
                         static_cast<char>('0' + ms % 10), 'Z'};
    out.append(tail, sizeof tail);
    return out;
}
std::string utc_day(int64_t us) { return iso_utc(us).substr(0, 10); }
std::string utc_month(int64_t us) { return iso_utc(us).substr(0, 7); }
}  // namespace aig
