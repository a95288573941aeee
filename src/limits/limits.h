// Rates and concurrency per key, in memory: GCRA for requests and tokens a minute, a counter for calls in flight. A Ticket holds
// what was taken; destroying it gives the concurrency back, correct() fixes the tokens once they are known. Thread-safe (sharded).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/ids.h"
#include "base/result.h"

namespace aig::limits {

struct Limits { std::optional<int64_t> rpm, tpm, concurrency; };

/// For x-ratelimit-* headers; -1 = not limited.
struct State {
    int64_t limit_requests = -1, remaining_requests = -1, reset_requests_ms = 0;
    int64_t limit_tokens = -1, remaining_tokens = -1, reset_tokens_ms = 0;
};

class Limiter;
class Ticket {
  public:
    Ticket() = default;
    Ticket(Ticket&&) noexcept;
    Ticket& operator=(Ticket&&) noexcept;
    ~Ticket();
    const State& state() const { return state_; }
    /// The tokens really used; the difference to the estimate goes back or is taken.
    void correct(int64_t tokens);

  private:
    friend class Limiter;
    Limiter* limiter_ = nullptr;
    KeyId key_;
    int64_t tokens_ = 0;
    bool tokens_limited_ = false, counted_ = false;
    State state_;
};

class Limiter {
  public:
    Limiter();
    ~Limiter();
    /// Checks all, then takes all. rate_limited carries retry_after_ms and reason "requests" | "tokens" | "concurrency".
    Result<Ticket> admit(KeyId key, const Limits& limits, int64_t estimated_tokens, int64_t now_mono_ns);

  private:
    friend class Ticket;
    struct Shards;
    std::unique_ptr<Shards> shards_;
};

}  // namespace aig::limits
