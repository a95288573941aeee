#include "limits/detail/meter.h"

#include <algorithm>

namespace aig::limits {
namespace {
using Wide = __int128;
constexpr int64_t most_ahead_ns = 10 * minute_ns;
constexpr int64_t most_units = 1'000'000'000'000;
}  // namespace

/// TAT or now, whichever is later, with its fraction in units of 1/limit; another limit than before rounds up to a
/// whole ns.
Meter::Moment Meter::at_least(int64_t limit, int64_t now_ns) const {
    if (tat_ns_ < now_ns) return {now_ns, 0};
    if (limit == limit_ || part_ == 0) return {tat_ns_, part_};
    return {tat_ns_ + 1, 0};
}

int64_t Meter::wait_ns(int64_t units, int64_t limit, int64_t now_ns) const {
    if (units > limit) return -1;
    const Moment from = at_least(limit, now_ns);
    const Wide cost = static_cast<Wide>(units) * minute_ns + from.part;  // in 1/limit ns
    const Wide end = static_cast<Wide>(from.ns) * limit + cost;
    const Wide over = end - (static_cast<Wide>(now_ns) + minute_ns) * limit;
    return over <= 0 ? 0 : static_cast<int64_t>((over + limit - 1) / limit);
}

void Meter::take(int64_t units, int64_t limit, int64_t now_ns) {
    const Moment from = at_least(limit, now_ns);
    const Wide cost = static_cast<Wide>(std::min(units, most_units)) * minute_ns + from.part;
    const Wide ns = from.ns + cost / limit;
    limit_ = limit;
    part_ = static_cast<int64_t>(cost % limit);
    tat_ns_ = static_cast<int64_t>(std::min<Wide>(ns, static_cast<Wide>(now_ns) + most_ahead_ns));
}

void Meter::give(int64_t units, int64_t limit) {
    if (limit != limit_) return;  // the limit was changed meanwhile: what was taken under the old one stays taken
    const Wide back = static_cast<Wide>(std::min(units, most_units)) * minute_ns;
    Wide part = part_ - back % limit;
    Wide ns = tat_ns_ - back / limit;
    if (part < 0) {
        part += limit;
        --ns;
    }
    tat_ns_ = static_cast<int64_t>(std::max<Wide>(ns, 0));
    part_ = static_cast<int64_t>(part);
}

int64_t Meter::remaining(int64_t limit, int64_t now_ns) const {
    const Moment from = at_least(limit, now_ns);
    const Wide left = (static_cast<Wide>(now_ns) + minute_ns - from.ns) * limit - from.part;  // in 1/limit ns
    return left <= 0 ? 0 : static_cast<int64_t>(left / minute_ns);
}

int64_t Meter::reset_ns(int64_t now_ns) const { return tat_ns_ < now_ns ? 0 : tat_ns_ - now_ns + (part_ != 0); }
}  // namespace aig::limits
