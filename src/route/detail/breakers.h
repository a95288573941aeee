// One breaker per (provider, model), named by its fingerprint. A target without a recent failure has no entry at all,
// so the healthy path costs one atomic load. Thread-safe: 64 shards, each with its lock; at most 64 x 512 entries.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <unordered_map>

namespace aig::route {

class Breakers {
  public:
    static constexpr int64_t consecutive_limit = 5, window_ms = 10'000, least_calls = 20, probe_every_ms = 5'000;

    /// True when this success closed an open breaker. Only a probe's does: calls that were already under way when it
    /// opened would make a half-broken target flap.
    bool success(uint64_t name, int64_t now_ms);
    enum class Change : uint8_t { none, first, opened };
    /// `first` = it had no recent failure before.
    Change failure(uint64_t name, int64_t now_ms);
    bool open(uint64_t name, int64_t now_ms) const;
    /// True for one caller every 5 s while it is open.
    bool claim_probe(uint64_t name, int64_t now_ms);

  private:
    struct Second {
        int64_t at = -1;
        uint32_t good = 0, bad = 0;
    };
    struct Entry {
        std::array<Second, 10> seconds;
        int64_t consecutive = 0, next_probe_ms = 0, last_failure_ms = 0;
        bool open = false, probing = false;
        Second& second(int64_t now_ms);
        bool mostly_failing(int64_t now_ms) const;
    };
    struct alignas(64) Shard {
        mutable std::mutex mutex;
        std::unordered_map<uint64_t, Entry> entries;
    };
    static constexpr size_t shards = 64, most_entries = 512;
    Shard& shard(uint64_t name) { return shards_[name % shards]; }
    const Shard& shard(uint64_t name) const { return shards_[name % shards]; }
    void make_room(Shard& shard, int64_t now_ms);

    std::array<Shard, shards> shards_;
    std::atomic<int64_t> tracked_{0};  ///< entries in all shards
};

}  // namespace aig::route
