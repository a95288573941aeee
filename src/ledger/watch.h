// The books checked while they are written: each step reads what was added since the last one and compares it with the
// counters it changed, and reads a piece of history again, so that a byte that flips at rest is found within days. What
// a full verify finds at once, this finds without ever being felt. A step blocks: not on a loop; one thread at a time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "store/store.h"

namespace aig::ledger {

struct WatchReport {
    std::vector<std::string> faults;  ///< of this step; each names the invariant and the row
    int64_t entries = 0;              ///< new ones checked
    int64_t history = 0;              ///< old ones read again
};

class Watch {
  public:
    explicit Watch(store::Store& store);
    ~Watch();
    /// Logs each fault once (ledger_fault), counts them (aig_ledger_faults_total) and writes the operator's event.
    Result<WatchReport> step();

  private:
    struct Inside;
    Status read(store::Db& db, WatchReport& report);
    void tell(const WatchReport& report);
    void tell_overage();
    store::Store& store_;
    std::unique_ptr<Inside> in_;
};

}  // namespace aig::ledger
