// What keys with a brake spent lately, and which of them are stopped. A bucket a key: it fills with what is charged and
// drains at the key's rate; spending more than a minute's worth at once overflows it. Writer thread only.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace aig::ledger {

class Brakes {
  public:
    bool stopped(int64_t key) const { return !stopped_.empty() && stopped_.contains(key); }
    void release(int64_t key) {
        stopped_.erase(key);
        buckets_.erase(key);
    }
    /// Adds a charge; true when this one stopped the key: it has now spent more than it may in a minute.
    bool add(int64_t key, int64_t nanos_per_minute, int64_t charged, int64_t mono_ns);
    /// What was added is durable, or is not.
    void kept() { undo_.clear(); }
    void undo();

  private:
    struct Bucket {
        int64_t level = 0, at_ns = 0;
    };
    struct Step {
        int64_t key = 0;
        Bucket before;
        bool stopped = false;
    };
    void trim();
    std::unordered_map<int64_t, Bucket> buckets_;
    std::unordered_set<int64_t> stopped_;
    std::vector<Step> undo_;
};

}  // namespace aig::ledger
