#include "route/detail/breakers.h"

namespace aig::route {

Breakers::Second& Breakers::Entry::second(int64_t now_ms) {
    const int64_t at = now_ms / 1000;
    auto& s = seconds[static_cast<size_t>(at) % seconds.size()];
    if (s.at != at) s = {at, 0, 0};
    return s;
}

bool Breakers::Entry::mostly_failing(int64_t now_ms) const {
    const int64_t oldest = (now_ms - window_ms) / 1000;
    int64_t good = 0, bad = 0;
    for (const auto& s : seconds) {
        if (s.at <= oldest) continue;
        good += s.good;
        bad += s.bad;
    }
    return good + bad >= least_calls && bad > good;
}

bool Breakers::success(uint64_t name, int64_t now_ms) {
    if (tracked_.load(std::memory_order_relaxed) == 0) return false;
    auto& s = shard(name);
    const std::lock_guard lock(s.mutex);
    const auto at = s.entries.find(name);
    if (at == s.entries.end()) return false;
    auto& e = at->second;
    if (e.open && !e.probing) return false;
    const bool closed = e.open;
    if (e.open || now_ms - e.last_failure_ms > window_ms) {
        s.entries.erase(at);
        tracked_.fetch_sub(1, std::memory_order_relaxed);
        return closed;
    }
    e.consecutive = 0;
    ++e.second(now_ms).good;
    return false;
}

Breakers::Change Breakers::failure(uint64_t name, int64_t now_ms) {
    auto& s = shard(name);
    const std::lock_guard lock(s.mutex);
    const bool first = !s.entries.contains(name);
    if (first) {
        make_room(s, now_ms);
        tracked_.fetch_add(1, std::memory_order_relaxed);
    }
    auto& e = s.entries[name];
    ++e.consecutive;
    ++e.second(now_ms).bad;
    e.last_failure_ms = now_ms;
    e.probing = false;
    if (e.open || (e.consecutive < consecutive_limit && !e.mostly_failing(now_ms)))
        return first ? Change::first : Change::none;
    e.open = true;
    e.next_probe_ms = now_ms + probe_every_ms;
    return Change::opened;
}

bool Breakers::open(uint64_t name, int64_t) const {
    if (tracked_.load(std::memory_order_relaxed) == 0) return false;
    const auto& s = shard(name);
    const std::lock_guard lock(s.mutex);
    const auto at = s.entries.find(name);
    return at != s.entries.end() && at->second.open;
}

bool Breakers::claim_probe(uint64_t name, int64_t now_ms) {
    auto& s = shard(name);
    const std::lock_guard lock(s.mutex);
    const auto at = s.entries.find(name);
    if (at == s.entries.end() || !at->second.open || now_ms < at->second.next_probe_ms) return false;
    at->second.next_probe_ms = now_ms + probe_every_ms;
    at->second.probing = true;
    return true;
}

/// Entries whose last failure is old go first; if there is none, any: forgetting a breaker costs a few failed attempts.
void Breakers::make_room(Shard& s, int64_t now_ms) {
    if (s.entries.size() < most_entries) return;
    const auto old = std::erase_if(
        s.entries, [&](const auto& e) { return !e.second.open && now_ms - e.second.last_failure_ms > window_ms; });
    tracked_.fetch_sub(static_cast<int64_t>(old), std::memory_order_relaxed);
    if (s.entries.size() < most_entries) return;
    s.entries.erase(s.entries.begin());
    tracked_.fetch_sub(1, std::memory_order_relaxed);
}
}  // namespace aig::route
