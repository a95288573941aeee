// What the directory remembers: the keys, their accounts' states, and look-ups under way. Any thread. Changes are taken
// over on the writer's thread, in the order of their commits: two at once on one key cannot leave the older one in
// memory.
#pragma once

#include <memory>
#include <mutex>
#include <unordered_map>

#include "identity/detail/key_cache.h"
#include "identity/detail/rows.h"
#include "rt/event.h"
#include "rt/loop.h"

namespace aig::identity {

/// The states of all accounts that have a key in memory: blocking one is a single store that all its keys see.
class AccountStates {
  public:
    /// What is already here is newer than what a reader found.
    std::shared_ptr<const AccountState> found(AccountId id, bool blocked) {
        std::lock_guard lock(mutex_);
        auto [at, added] = states_.try_emplace(id);
        if (added) at->second = make(blocked);
        return at->second;
    }
    void set(AccountId id, bool blocked) {
        std::lock_guard lock(mutex_);
        auto [at, added] = states_.try_emplace(id);
        if (added)
            at->second = make(blocked);
        else
            at->second->blocked.store(blocked, std::memory_order_release);
    }

  private:
    static std::shared_ptr<AccountState> make(bool blocked) {
        auto s = std::make_shared<AccountState>();
        s->blocked.store(blocked, std::memory_order_relaxed);
        return s;
    }
    std::mutex mutex_;
    std::unordered_map<AccountId, std::shared_ptr<AccountState>> states_;
};

struct KeyMemory {
    explicit KeyMemory(const Options& options) : cache(options) {}
    KeyEntryPtr entry(StoredKey stored);
    /// What is durable now; every thread sees it when this returns.
    void take_over(std::vector<StoredKey> changed);

    KeyCache cache;
    AccountStates accounts;
};

/// Writes, and fills `changed` with the keys as they are afterwards.
using Change = std::function<Status(store::Db&, std::vector<StoredKey>& changed)>;
/// An Op that takes its changed keys over once they are durable.
std::unique_ptr<store::Op> change_op(std::shared_ptr<KeyMemory> memory, Change change);

/// What a look-up found: an entry, null for a key that does not exist, or an error.
using Outcome = Result<KeyEntryPtr>;

/// Look-ups under way. The first task for a key looks, the others wait for what it finds.
class Flights {
  public:
    /// Null: the caller leads and must land().
    std::unique_ptr<rt::Answer<Outcome>> join(const KeyHash& hash) {
        std::lock_guard lock(mutex_);
        auto [at, first] = waiting_.try_emplace(hash);
        if (first) return nullptr;
        auto answer = std::make_unique<rt::Answer<Outcome>>(*rt::Loop::current());
        at->second.push_back(answer->deliverer());
        return answer;
    }
    void land(const KeyHash& hash, const Outcome& outcome) {
        std::vector<std::function<void(Outcome)>> waiters;
        {
            std::lock_guard lock(mutex_);
            const auto at = waiting_.find(hash);
            waiters = std::move(at->second);
            waiting_.erase(at);
        }
        for (const auto& deliver : waiters) deliver(outcome);
    }

    void forget(const KeyHash& hash) {
        std::lock_guard lock(mutex_);
        waiting_.erase(hash);
    }

  private:
    std::mutex mutex_;
    std::unordered_map<KeyHash, std::vector<std::function<void(Outcome)>>, KeyHash::Index> waiting_;
};

/// Ends a flight. A leader is destroyed half-way only together with its loop, at the process's end: then nobody is told
/// (the waiters' loops may be gone already), and the flights live as long as their last leader.
struct Landing {
    std::shared_ptr<Flights> flights;
    KeyHash hash;
    std::optional<Outcome> outcome;
    ~Landing() { outcome ? flights->land(hash, *outcome) : flights->forget(hash); }
};

}  // namespace aig::identity
