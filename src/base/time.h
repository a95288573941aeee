// Two clocks and never mixed up: wall time for records and periods, monotonic time for every duration and deadline.
#pragma once

#include <cstdint>
#include <string>

namespace aig {

/// Microseconds since 1970 UTC. For stamps only; it may jump.
int64_t now_us();
/// The same clock in milliseconds, to the kernel's tick: see mono_ms().
int64_t now_ms();
/// Nanoseconds of a clock that only goes forward. For deadlines and durations.
int64_t mono_ns();
/// The same clock to the kernel's tick (4 ms and less): a fifth of the cost, for deadlines and rests, of which a call
/// has several.
int64_t mono_ms();
/// What this thread has taken of a processor's time. A system call.
int64_t thread_cpu_ns();

/// "2026-11-21T14:40:00.123Z"
std::string iso_utc(int64_t us);
/// "2026-11-21" / "2026-11": the UTC day and month a stamp falls in, the names of budget periods.
std::string utc_day(int64_t us);
std::string utc_month(int64_t us);

}  // namespace aig
