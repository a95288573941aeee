// The end of a reply that is kept under an idempotency key. It is written inside the charge's transaction, because it
// names what was charged; the transaction may outlive the call's task (a gateway that is stopped), so both share it.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "gateway/detail/flow.h"

namespace aig::gateway {

class Keeping {
  public:
    Keeping(const Flow& flow, Tried& tried, const canon::Usage& usage);
    /// Writer thread.
    Status write(store::Db& db, const Receipt& receipt);
    /// The relay goes back to its call: what it stands on goes with that.
    void give_back(Tried& tried);
    /// The tail as it is kept; "" when none was written, or for another amount.
    std::string tail_for(const Receipt& receipt);

  private:
    const KeepReply keep_;
    const Ending ending_;
    const bool streamed_;
    const canon::Usage usage_;
    const net::Headers headers_;
    std::mutex mutex_;
    std::unique_ptr<canon::Relay> relay_;
    std::string tail_;
    std::optional<int64_t> cost_;
};

/// Has the settlement keep the reply when the call wants that; null otherwise.
std::shared_ptr<Keeping> keep_reply(const Flow& flow, Tried& tried, const canon::Usage& usage,
                                    ledger::Settlement& terms);

/// Takes the relay back however the settlement ends.
class KeepingGuard {
  public:
    KeepingGuard(Tried& tried, std::shared_ptr<Keeping> keeping) : tried_(tried), keeping_(std::move(keeping)) {}
    KeepingGuard(const KeepingGuard&) = delete;
    ~KeepingGuard() { end(); }
    void end() {
        if (keeping_ && !std::exchange(ended_, true)) keeping_->give_back(tried_);
    }
    std::string tail_for(const Receipt& receipt) { return keeping_ ? keeping_->tail_for(receipt) : std::string(); }

  private:
    Tried& tried_;
    std::shared_ptr<Keeping> keeping_;
    bool ended_ = false;
};

/// The last bytes of a reply that ended well, or dry.
std::string tail_of(Ending ending, canon::Relay& relay, const canon::Bill& bill);

}  // namespace aig::gateway
