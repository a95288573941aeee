#include "identity/detail/key_cache.h"

#include <algorithm>
#include <vector>

#include "base/time.h"

namespace aig::identity {
namespace {
/// Epochs are unique over all directories of the process, so that the threads' tables need no owner.
uint64_t next_epoch() {
    static std::atomic<uint64_t> last{0};
    return last.fetch_add(1, std::memory_order_acq_rel) + 1;
}

struct NearSlot {
    KeyHash hash;
    uint64_t epoch = 0;
    std::shared_ptr<const void> holder;
    const KeyEntry* entry = nullptr;
};
constexpr size_t near_slots = 1024;

NearSlot& near_slot(const KeyHash& hash) {
    thread_local std::vector<NearSlot> table(near_slots);
    return table[hash.word(0) % near_slots];
}
}  // namespace

KeyCache::KeyCache(const Options& options) : options_(options), epoch_(next_epoch()) {}

KeyCache::Found KeyCache::find(const KeyHash& hash) {
    NearSlot& near = near_slot(hash);
    const uint64_t now = epoch();
    if (near.epoch == now && near.hash == hash) return {near.holder, near.entry};
    KeyEntryPtr entry;
    {
        Shard& s = shard(hash);
        std::lock_guard lock(s.mutex);
        const auto at = s.keys.find(hash);
        if (at == s.keys.end()) return {};
        s.by_use.splice(s.by_use.begin(), s.by_use, at->second.place);
        entry = at->second.entry;
    }
    // A control block of this thread's own around the shared pointer.
    const KeyEntry* raw = entry.get();
    near = {hash, now, std::make_shared<KeyEntryPtr>(std::move(entry)), raw};
    return {near.holder, near.entry};
}

bool KeyCache::known_unknown(const KeyHash& hash) {
    Shard& s = shard(hash);
    std::lock_guard lock(s.mutex);
    const auto at = s.unknown.find(hash);
    return at != s.unknown.end() && at->second > mono_ms();
}

void KeyCache::put(Shard& s, const KeyHash& hash, KeyEntryPtr entry) {
    s.unknown.erase(hash);
    const auto at = s.keys.find(hash);
    if (at != s.keys.end()) {
        at->second.entry = std::move(entry);
        return;
    }
    while (s.keys.size() >= std::max<size_t>(1, options_.capacity / shards_.size())) {
        incomplete();
        s.keys.erase(s.by_use.back());
        s.by_use.pop_back();
    }
    s.by_use.push_front(hash);
    s.keys.emplace(hash, Slot{std::move(entry), s.by_use.begin()});
}

void KeyCache::put_unknown(Shard& s, const KeyHash& hash) {
    const size_t most = std::max<size_t>(1, options_.unknown_capacity / shards_.size());
    while (s.unknown_by_age.size() >= most) {
        s.unknown.erase(s.unknown_by_age.front());
        s.unknown_by_age.pop_front();
    }
    if (s.unknown.insert_or_assign(hash, mono_ms() + options_.unknown_ms).second) s.unknown_by_age.push_back(hash);
}

void KeyCache::bump() { epoch_.store(next_epoch(), std::memory_order_release); }

bool KeyCache::remember(const KeyHash& hash, KeyEntryPtr entry, uint64_t epoch_before) {
    Shard& s = shard(hash);
    std::lock_guard lock(s.mutex);
    if (epoch() != epoch_before) return false;
    entry ? put(s, hash, std::move(entry)) : put_unknown(s, hash);
    return true;
}

void KeyCache::change(const KeyHash& hash, KeyEntryPtr entry) {
    bump();
    {
        Shard& s = shard(hash);
        std::lock_guard lock(s.mutex);
        put(s, hash, std::move(entry));
    }
    // A thread may have filled its own table between the first bump and the new entry.
    bump();
}

void KeyCache::clear() {
    incomplete();
    bump();
    for (Shard& s : shards_) {
        std::lock_guard lock(s.mutex);
        s.keys.clear();
        s.by_use.clear();
        s.unknown.clear();
        s.unknown_by_age.clear();
    }
    bump();
}

size_t KeyCache::unknown_count() {
    size_t n = 0;
    for (Shard& s : shards_) {
        std::lock_guard lock(s.mutex);
        n += s.unknown.size();
    }
    return n;
}

}  // namespace aig::identity
