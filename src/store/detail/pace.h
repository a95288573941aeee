// When the writer's next transaction begins. A commit costs the processor as much as dozens of holds do, so under load
// transactions begin so far apart that commits take a twelfth of a processor, and what comes in between shares one: a
// disk whose syncs are cheap answers sooner. Who comes alone, or to a gateway with little to do, waits for nobody; and
// where nobody else can come (a fixed number of callers, all of whom wait already) nobody waits for long. Writer thread
// only.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace aig::store {

class Pace {
  public:
    static constexpr int64_t least_apart_ns = 500'000, most_apart_ns = 2'000'000, share = 12;
    static constexpr size_t busy_from = 4, busy_above = 2;  ///< batches a transaction: when the load begins, and ends
    static constexpr size_t enough = 64;  ///< batches: more would not show in what a commit costs each

    /// A transaction begins with this many batches, or at until_ns() with those that are there.
    size_t wanted() const { return !busy_ ? 0 : all_ > 0 ? all_ : enough; }
    int64_t until_ns() const { return begun_ns_ + apart_ns(); }
    int64_t apart_ns() const { return std::clamp(share * commit_ns_, least_apart_ns, most_apart_ns); }

    /// A commit took so much of the processor's time.
    void committed(int64_t cpu_ns) { commit_ns_ += (cpu_ns - commit_ns_) / 8; }

    /// A transaction begins. `in_vain`: the last part of the wait for it, nobody came.
    void begins(size_t batches, bool in_vain, int64_t now_ns) {
        if (batches < wanted())
            note_all(batches, in_vain);
        else if (all_ > 0 && --trusted_ == 0)
            all_ = 0;
        busy_ = batches > (busy_ ? busy_above : busy_from - 1);
        begun_ns_ = now_ns;
    }

  private:
    /// Where nobody came several times, those who were there are all there are: for a while, that many are enough.
    void note_all(size_t batches, bool in_vain) {
        all_ = 0;
        times_in_vain_ = in_vain ? times_in_vain_ + 1 : 0;
        if (times_in_vain_ < times_to_believe) return;
        times_in_vain_ = 0;
        all_ = batches;
        trusted_ = transactions_trusted;
    }

    static constexpr int times_to_believe = 3, transactions_trusted = 64;
    bool busy_ = false;
    size_t all_ = 0;  ///< batches after which nobody is left to come; 0 = not known
    int trusted_ = 0, times_in_vain_ = 0;
    int64_t begun_ns_ = 0;
    int64_t commit_ns_ = 80'000;  ///< until one was measured
};

}  // namespace aig::store
