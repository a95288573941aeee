#include "ledger/detail/brakes.h"

#include <algorithm>

namespace aig::ledger {
namespace {
constexpr __int128 ns_per_minute = 60'000'000'000;
constexpr size_t max_buckets = 100'000;
}  // namespace

bool Brakes::add(int64_t key, int64_t nanos_per_minute, int64_t charged, int64_t mono_ns) {
    trim();
    auto& bucket = buckets_.try_emplace(key, Bucket{0, mono_ns}).first->second;
    undo_.push_back({key, bucket, false});
    const __int128 drained = static_cast<__int128>(std::max<int64_t>(mono_ns - bucket.at_ns, 0)) * nanos_per_minute;
    const __int128 level = std::max<__int128>(0, bucket.level - drained / ns_per_minute) + charged;
    bucket = {static_cast<int64_t>(std::min<__int128>(level, INT64_MAX)), mono_ns};
    undo_.back().stopped = level > nanos_per_minute && stopped_.insert(key).second;
    return undo_.back().stopped;
}

void Brakes::undo() {
    for (auto it = undo_.rbegin(); it != undo_.rend(); ++it) {
        buckets_[it->key] = it->before;
        if (it->stopped) stopped_.erase(it->key);
    }
    undo_.clear();
}

/// Forgetting is in the key's favour, so it takes many keys to come here; what was stopped is frozen durably by then.
void Brakes::trim() {
    if (buckets_.size() < max_buckets) return;
    buckets_.clear();
    stopped_.clear();
    undo_.clear();
}

}  // namespace aig::ledger
