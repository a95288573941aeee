// Which provider to try, in which order, and what to do after a failure: pure decisions over tables. Health (breakers,
// resting keys, calls in flight) is shared by all loops and thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "canon/dialect.h"
#include "catalogue/catalogue.h"

namespace aig::route {

/// A call makes at most this many attempts.
constexpr size_t max_attempts = 3;

struct Attempt {
    const catalogue::Target* target = nullptr;  ///< lives as long as the Model given to plan(): keep its pointer
    const catalogue::ProviderKey* key = nullptr;
    bool lossless = false;              ///< same family: the caller's bytes go through
    const canon::Wire* wire = nullptr;  ///< of the provider's, the one for this caller
};

/// Why a target was left out, for x-aig-explain and for the error when nothing is left.
struct Skipped {
    const catalogue::Target* target;
    std::string why;
};

struct Plan {
    std::vector<Attempt> attempts;  ///< in order; at most 3 will be made
    std::vector<Skipped> skipped;
};

/// Breaker per (provider, model), key rests, retries and calls in flight per provider. A breaker opens after 5
/// consecutive failures or more than half of >= 20 in 10 s, and lets one probe through every 5 s; one success closes
/// it. An upstream 429 rests its key for Retry-After (300 s at most, 5 s without one); refused access takes the key out
/// until reset_keys().
class Health {
  public:
    Health();
    ~Health();
    Health(const Health&) = delete;

    /// A usable reply, or an answer that blames the caller: the provider lives.
    void success(const Attempt& attempt, int64_t now_mono_ms);
    void failure(const Attempt& attempt, const Error& error,
                 int64_t now_mono_ms);  ///< strike, rest or disable by error.row().next
    bool target_open(const catalogue::Target& target, int64_t now_mono_ms) const;
    /// True for one caller every 5 s while the target's breaker is open: that call is the probe.
    bool claim_probe(const catalogue::Target& target, int64_t now_mono_ms);
    bool key_usable(const catalogue::Provider& provider, size_t key_index, int64_t now_mono_ms) const;
    /// How long the key still rests; 0 = usable, -1 = disabled.
    int64_t key_rest_ms(const catalogue::Provider& provider, size_t key_index, int64_t now_mono_ms) const;

    /// One call in flight more, false at the provider's cap. `retry` = not the call's first attempt; tell leave() the
    /// same.
    bool enter(const catalogue::Provider& provider, bool retry = false);
    void leave(const catalogue::Provider& provider, bool retry = false);
    int64_t in_flight(const catalogue::Provider& provider) const;
    /// True when one more retry stays within 20 % of the provider's calls in flight (at least 3).
    bool retry_allowed(const catalogue::Provider& provider);

    /// A place in the line of a provider at its cap. When a call leaves, its slot goes to the first in line: `wake`
    /// runs on the leaving call's thread (post from it), and took() is then true: the slot is the waiter's, who must
    /// leave(). Destroying the place leaves the line, and gives back a slot that was handed over but not taken.
    class Place {
      public:
        virtual ~Place() = default;
        /// Takes the slot that was handed over; false while still in line.
        virtual bool took() = 0;
    };
    /// Null when there is a free slot after all (call enter() again), or when 1,000 are waiting already.
    std::unique_ptr<Place> wait_in_line(const catalogue::Provider& provider, bool retry, std::function<void()> wake);

    /// After a reload: every key gets a new chance (its index may name another key now).
    void reset_keys();

  private:
    struct Tables;
    std::unique_ptr<Tables> tables_;
};

/// Who can read the opaque state that a model gave (signatures, encrypted reasoning): provider, credential and family
/// of models ("claude", "gpt") as one number. Never 0.
uint64_t origin(const catalogue::Target& target, const catalogue::ProviderKey& key);

/// Lowest priority first; within one priority a weighted draw (`random` in [0,1)); targets whose wire lacks a needed
/// behaviour feature, or what is native_only, go out (unsupported_feature names it when none is left); a target with an
/// open breaker goes last, unless this call is its probe; when every breaker is open the one best target is tried,
/// once. Other usable keys of the same targets follow, for failures that are the key's own. No usable key goes out.
/// no_route (with retry_after_ms) when nothing can take it.
/// `prefer`: an origin whose state the call carries, 0 for none. Its target and key go first, whatever their priority,
/// unless their breaker is open or the key rests; what follows is in the order above.
Result<Plan> plan(const catalogue::Model& model, const canon::Envelope& envelope, Health& health, int64_t now_mono_ms,
                  double random, uint64_t prefer = 0);

enum class Decision : uint8_t { next_attempt, answer };
/// After a failure before content: may plan.attempts[attempts_made] be tried? `attempts_made` counts the failed one.
/// Never when the client is gone, when the error blames the caller, after 3 attempts, without retry budget, or when the
/// next attempt is only another key for a target that failed for other reasons than its key.
Decision decide(const Error& error, size_t attempts_made, const Plan& plan, bool client_gone, bool retry_budget_left);

}  // namespace aig::route
