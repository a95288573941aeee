// What keeps a call patient: pings to a caller who waits, and answers fetched for a caller who left.
#pragma once

#include <memory>

#include "gateway/detail/flow.h"

namespace aig::gateway {

/// Writes ": ping" comments into a stream when nothing was sent for 15 s; before the first content only after the 10 s
/// in which a failure can still become a clean status (the head goes out with the first ping). Comments are not
/// content: failover stays possible. Await quiet() before writing to the sink and before letting it go.
class KeepAlive {
  public:
    explicit KeepAlive(Flow& flow);
    ~KeepAlive();
    /// The call is waiting for the provider: pings may be written.
    void waiting(bool yes);
    void touched();
    /// Returns when no ping is being written.
    rt::Task<> quiet();

  private:
    struct State;
    std::shared_ptr<State> state_;
};

/// A stop that fires 120 s after the caller's did.
class LateStop {
  public:
    explicit LateStop(rt::Stop& caller);
    rt::Stop* stop() { return &inner_; }

  private:
    void caller_left();
    rt::Stop inner_;
    rt::Stop::Listener listening_;
    std::shared_ptr<void> tick_;
    int64_t left_at_ms_ = 0;
};

}  // namespace aig::gateway
