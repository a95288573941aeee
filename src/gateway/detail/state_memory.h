// What this node remembers of state that replies held: which route made it (so that a conversation goes back to the one
// that can read it, and to nobody else), and, for callers who drop the members they do not know, the capsules of a turn
// by the ids of its tool calls. In memory only: a restart forgets, and then the provider judges. Thread-safe; both
// tables are bounded in bytes and let the oldest go first.
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "canon/state.h"

namespace aig::gateway {

/// Values by a fingerprint, each for a while, all of them within a number of bytes.
template <class Value>
class Recent {
  public:
    Recent(size_t most_bytes, int64_t ttl_ms) : most_bytes_(most_bytes), ttl_ms_(ttl_ms) {}

    /// `bytes`: what the value holds beside the table's own.
    void put(uint64_t key, Value value, size_t bytes, int64_t now_ms) {
        const std::lock_guard lock(mutex_);
        auto& entry = entries_[key];
        bytes_ += bytes - entry.bytes;
        entry = {std::move(value), bytes, now_ms + ttl_ms_, ++sequence_};
        order_.emplace_back(key, sequence_);
        shrink(now_ms);
        some_.store(!entries_.empty(), std::memory_order_release);
    }
    std::optional<Value> get(uint64_t key, int64_t now_ms) const {
        if (!some_.load(std::memory_order_acquire)) return {};
        const std::lock_guard lock(mutex_);
        const auto at = entries_.find(key);
        if (at == entries_.end() || at->second.until_ms <= now_ms) return {};
        return at->second.value;
    }
    size_t bytes() const {
        const std::lock_guard lock(mutex_);
        return used();
    }

  private:
    struct Entry {
        Value value{};
        size_t bytes = 0;
        int64_t until_ms = 0;
        uint64_t sequence = 0;
    };
    static constexpr size_t entry_cost = sizeof(Entry) + 40, order_cost = sizeof(std::pair<uint64_t, uint64_t>);
    size_t used() const { return bytes_ + entries_.size() * entry_cost + order_.size() * order_cost; }

    /// An entry that was put again stands in the order twice; only its last place counts.
    void shrink(int64_t now_ms) {
        while (!order_.empty()) {
            const auto [key, sequence] = order_.front();
            const auto at = entries_.find(key);
            const bool stale = at == entries_.end() || at->second.sequence != sequence;
            if (!stale && at->second.until_ms > now_ms && used() <= most_bytes_) return;
            order_.pop_front();
            if (stale) continue;
            bytes_ -= at->second.bytes;
            entries_.erase(at);
        }
    }

    const size_t most_bytes_;
    const int64_t ttl_ms_;
    mutable std::mutex mutex_;
    std::atomic<bool> some_{false};
    std::unordered_map<uint64_t, Entry> entries_;
    std::deque<std::pair<uint64_t, uint64_t>> order_;
    size_t bytes_ = 0;
    uint64_t sequence_ = 0;
};

class StateMemory {
  public:
    static constexpr int64_t lifetime_ms = 6 * 3'600'000;
    static constexpr size_t most_origin_bytes = size_t{24} << 20, most_turn_bytes = size_t{64} << 20,
                            most_one_turn = size_t{1} << 20;
    /// The capsules of one assistant turn, in order.
    using Turn = std::shared_ptr<const std::vector<std::string>>;

    StateMemory() : StateMemory(most_origin_bytes, most_turn_bytes, lifetime_ms) {}
    StateMemory(size_t origin_bytes, size_t turn_bytes, int64_t ttl_ms)
        : origins_(origin_bytes, ttl_ms), turns_(turn_bytes, ttl_ms) {}

    /// `print`: canon::state_print of a state, or of the id of a tool call that followed one.
    void remember(AccountId account, uint64_t print, uint64_t origin, int64_t now_ms);
    std::optional<uint64_t> origin_of(AccountId account, uint64_t print, int64_t now_ms) const;

    /// A turn above 1 MiB is not kept.
    void keep_turn(AccountId account, std::string_view call_id, const Turn& turn, int64_t now_ms);
    Turn turn_of(AccountId account, std::string_view call_id, int64_t now_ms) const;

    size_t bytes() const { return origins_.bytes() + turns_.bytes(); }

  private:
    struct KeptTurn {
        AccountId account;
        std::string call_id;
        Turn turn;
    };
    Recent<uint64_t> origins_;
    Recent<KeptTurn> turns_;
};

}  // namespace aig::gateway
