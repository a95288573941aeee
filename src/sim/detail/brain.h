// One request in, one script out: authentication, routes, the vendor's checks, the answer, the fault. Holds what the
// simulated provider remembers between calls. Thread-safe.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>

#include "sim/detail/bill.h"
#include "sim/detail/canned.h"
#include "sim/detail/faults.h"
#include "sim/detail/http_in.h"
#include "sim/detail/stats.h"
#include "sim/detail/vendor.h"
#include "sim/sim.h"

namespace aig::sim {

/// Prompts seen, by the hash of their beginnings; at most 10,000, then it forgets all.
class PromptCache {
  public:
    /// Fills the cached and written tokens of the usage and remembers the prompt.
    void apply(const Ask& ask, Usage& usage);
    void clear();

  private:
    std::mutex mutex_;
    std::unordered_set<uint64_t> seen_;
};

class Brain {
  public:
    Brain(SimOptions options, std::unique_ptr<Bill> bill, CannedReplies canned)
        : options_(std::move(options)), bill_(std::move(bill)), canned_(std::move(canned)) {}

    void listening_on(uint16_t port) { port_ = std::to_string(port); }
    /// `call` is filled with what is known before the bytes leave; the player adds how it went and hands it to done().
    Script answer(const Request& request, Call& call);
    void done(const Call& call);
    void reset();
    Stats& stats() { return stats_; }
    const SimOptions& options() const { return options_; }

  private:
    Reply wire_reply(const Request& request, const Vendor& vendor, Place place, Call& call, Script& script);
    /// A model that is not there, or a fault that comes before anything is read.
    Checked refuse_model(const Vendor& vendor, std::string_view model);
    Reply generate(JsonRef root, const Vendor& vendor, const Place& place, Call& call, Script& script);
    Reply embed(JsonRef root, const Vendor& vendor, const Place& place, Call& call, Script& script);
    void play_fault(Reply& reply, const FaultChoice& choice, FaultCall how, Script& script);

    const SimOptions options_;
    const std::unique_ptr<Bill> bill_;
    const CannedReplies canned_;
    std::string port_;
    Stats stats_;
    PromptCache cache_;
    std::atomic<uint64_t> salt_{1};
};

}  // namespace aig::sim
