// Which provider to try, in which order, and what to do after a failure: pure decisions over tables. Health (breakers, resting
// keys, calls in flight) is shared by all loops and thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "canon/dialect.h"
#include "catalogue/catalogue.h"

namespace aig::route {

struct Attempt {
    const catalogue::Target* target = nullptr;   ///< lives as long as the snapshot
    const catalogue::ProviderKey* key = nullptr;
    bool lossless = false;                       ///< same family: the caller's bytes go through
};

/// Why a target was left out, for x-aig-explain and for the error when nothing is left.
struct Skipped { const catalogue::Target* target; std::string why; };

struct Plan {
    std::vector<Attempt> attempts;               ///< at most 3 will be made
    std::vector<Skipped> skipped;
};

/// Breaker per (provider, model), key rests, retry budget, calls in flight per provider. Opens after 5 consecutive failures or
/// more than half of >= 20 in 10 s; lets one probe through every 5 s; the last live target of a model is never ejected.
class Health {
  public:
    Health();
    ~Health();
    void success(const Attempt& attempt, int64_t now_mono_ms);
    void failure(const Attempt& attempt, const Error& error, int64_t now_mono_ms);   ///< strike, rest or disable by error.row().next
    bool target_open(const catalogue::Target& target, int64_t now_mono_ms) const;
    bool key_usable(const catalogue::Provider& provider, size_t key_index, int64_t now_mono_ms) const;
    /// One call in flight more, false at the provider's cap.
    bool enter(const catalogue::Provider& provider);
    void leave(const catalogue::Provider& provider);
    /// True when one more retry stays within 20 % of the provider's calls in flight (at least 3).
    bool retry_allowed(const catalogue::Provider& provider);
    /// After a reload: keys that were disabled get a new chance.
    void reset_keys();

  private:
    struct Tables;
    std::unique_ptr<Tables> tables_;
};

/// Lowest priority first; within one priority a weighted draw (`random` in [0,1)); targets whose wire lacks a needed behaviour
/// feature go out (unsupported_feature names it when none is left); open breakers go last; no usable key goes out. no_route
/// (with retry_after_ms) when nothing can take it.
Result<Plan> plan(const catalogue::Model& model, const canon::Envelope& envelope, const Health& health, int64_t now_mono_ms, double random);

enum class Decision : uint8_t { next_attempt, answer };
/// After a failure before content. `attempts_made` counts the failed one.
Decision decide(const Error& error, size_t attempts_made, const Plan& plan, bool client_gone, bool retry_budget_left);

}  // namespace aig::route
