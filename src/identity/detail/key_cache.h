// Keys in memory. Three layers, so that loops do not meet on one lock or one reference count: a small table per thread,
// valid while the directory's epoch stands; 64 locked shards with all keys (least recently looked up leave first); and
// in each shard the keys known to be unknown. Every change bumps the epoch before it touches a shard, and whoever wants
// to remember what it read from the database passes the epoch from before its read: a stale answer is never remembered.
#pragma once

#include <array>
#include <atomic>
#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "identity/detail/key_text.h"

namespace aig::identity {

/// Shared by all keys of an account.
struct AccountState {
    std::atomic<bool> blocked{false};
};

/// One key as it is in the database; immutable but for its use stamp.
struct KeyEntry {
    Principal principal;
    bool revoked = false, frozen = false;
    std::shared_ptr<const AccountState> account;
    mutable std::atomic<int64_t> used_minute{0};
};
using KeyEntryPtr = std::shared_ptr<const KeyEntry>;

class KeyCache {
  public:
    explicit KeyCache(const Options& options);

    /// From the calling thread's own table, else from the shards; null when not in memory. `holder` keeps the entry
    /// alive without touching a reference count that other threads use.
    struct Found {
        std::shared_ptr<const void> holder;
        const KeyEntry* entry = nullptr;
    };
    Found find(const KeyHash& hash);
    bool known_unknown(const KeyHash& hash);

    uint64_t epoch() const { return epoch_.load(std::memory_order_acquire); }
    /// False: something changed since `epoch`, read again. An entry that is not null replaces; null remembers
    /// "unknown".
    bool remember(const KeyHash& hash, KeyEntryPtr entry, uint64_t epoch);
    /// A change made here and now durable (a new key, a revoked one).
    void change(const KeyHash& hash, KeyEntryPtr entry);
    /// Forgets everything (an operator's flush, tests).
    void clear();
    /// True while no key ever had to leave: then what is not here does not exist.
    bool complete() const { return complete_.load(std::memory_order_acquire); }
    void incomplete() { complete_.store(false, std::memory_order_release); }
    size_t unknown_count();

  private:
    struct Slot {
        KeyEntryPtr entry;
        std::list<KeyHash>::iterator place;
    };
    struct alignas(64) Shard {
        std::mutex mutex;
        std::unordered_map<KeyHash, Slot, KeyHash::Index> keys;
        std::list<KeyHash> by_use;                                     // most recent first
        std::unordered_map<KeyHash, int64_t, KeyHash::Index> unknown;  // until, monotonic ms
        std::deque<KeyHash> unknown_by_age;
    };
    Shard& shard(const KeyHash& hash) { return shards_[hash.word(2) % shards_.size()]; }
    void put(Shard& s, const KeyHash& hash, KeyEntryPtr entry);
    void put_unknown(Shard& s, const KeyHash& hash);
    void bump();

    Options options_;
    std::atomic<uint64_t> epoch_;
    std::atomic<bool> complete_{true};
    std::array<Shard, 64> shards_;
};

}  // namespace aig::identity
