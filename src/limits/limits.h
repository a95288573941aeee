// Rates and concurrency per key, in memory: GCRA for requests and tokens a minute, counters for requests a UTC day and
// for calls in flight. A Ticket holds what was taken; destroying it gives the concurrency back, correct() fixes the
// tokens once they are known, refund() undoes all. The burst is one minute's worth: a limit of N a minute admits N at
// once, then one every minute/N, exactly (no rounding drift). Thread-safe: 64 shards, each with its lock. Memory is
// bounded: keys that have nothing to remember are forgotten, oldest first. A key without limits costs nothing and is
// not remembered at all.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"

namespace aig::limits {

/// A limit of zero admits nothing; what is not set is not limited.
struct Limits {
    std::optional<int64_t> rpm{}, tpm{}, concurrency{};
    std::optional<int64_t> rpd{};    ///< requests a UTC day
    std::string_view whose = "key";  ///< what a refusal calls it
    bool any() const { return rpm || tpm || concurrency || rpd; }
};

/// For x-ratelimit-* headers; -1 = not limited. reset = until the whole limit is there again.
struct State {
    int64_t limit_requests = -1, remaining_requests = -1, reset_requests_ms = 0;
    int64_t limit_tokens = -1, remaining_tokens = -1, reset_tokens_ms = 0;
    int64_t limit_day = -1, remaining_day = -1, reset_day_ms = 0;
};

class Limiter;
/// Must not outlive its Limiter.
class Ticket {
  public:
    Ticket() = default;
    Ticket(Ticket&&) noexcept;
    Ticket& operator=(Ticket&&) noexcept;
    ~Ticket();
    const State& state() const { return shown_; }
    /// The tokens really used; the difference to the estimate goes back or is taken. Once; later calls do nothing.
    void correct(int64_t tokens);
    /// The call was refused by a later check: request and tokens go back as if it had never been admitted.
    void refund();
    /// Of the same call, by a second meter (all keys of a sub-account): goes the way of this one from here on. state()
    /// is then, of each limit, the one with less left.
    void join(Ticket other);

  private:
    friend class Limiter;
    void release() noexcept;
    Limiter* limiter_ = nullptr;
    KeyId key_;
    int64_t tokens_ = 0, admitted_ns_ = 0;
    int64_t day_ = -1;  ///< the UTC day it counts in, -1 = in none
    bool requests_limited_ = false, tokens_limited_ = false, counted_ = false;
    State state_, shown_;  ///< as admitted; with what joined
    std::unique_ptr<Ticket> joined_;
};

class Limiter {
  public:
    /// At most about `max_keys` keys are remembered; when all of them are busy a new one is refused (overloaded).
    explicit Limiter(size_t max_keys = 1'000'000);
    ~Limiter();
    Limiter(const Limiter&) = delete;
    /// Checks all, then takes all. rate_limited carries retry_after_ms (exact: the same call passes then, if nothing
    /// else came) and reason "requests" | "tokens" | "concurrency" | "requests_day". A call that needs more than a
    /// whole minute's tokens can never pass: rate_limited without retry_after_ms. The wall clock only says which day it
    /// is; a day that has begun does not begin again when the clock is set back.
    Result<Ticket> admit(KeyId key, const Limits& limits, int64_t estimated_tokens, int64_t now_mono_ns,
                         int64_t now_wall_us = 0);
    /// Would one more request pass? Takes nothing.
    Status peek(KeyId key, const Limits& limits, int64_t now_mono_ns, int64_t now_wall_us = 0) const;
    /// What is left now.
    State state(KeyId key, const Limits& limits, int64_t now_mono_ns, int64_t now_wall_us = 0) const;
    /// Requests of the day before this process: day counts outlive a restart.
    void used_today(KeyId key, int64_t requests, int64_t now_wall_us);
    size_t remembered() const;

  private:
    friend class Ticket;
    struct Shards;
    std::unique_ptr<Shards> shards_;
};

}  // namespace aig::limits
