// What can be called, at which price, through whom: models, targets, providers, aliases, as one immutable Snapshot that
// is swapped whole. A call keeps the snapshot it started with. Built from the boot config (YAML) and data/*.json; every
// fault is reported at once, with the nearest known name.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/price.h"
#include "base/result.h"
#include "canon/grant.h"
#include "canon/size.h"
#include "canon/usage.h"
#include "canon/wire.h"

namespace aig::catalogue {

enum class Auth : uint8_t { bearer, x_api_key, x_goog_api_key, api_key, sigv4, google_oauth, none };

struct ProviderKey {
    std::string secret;  ///< never logged
    int64_t weight = 1;
    size_t index = 0;                             ///< position within the provider: what logs and health tables say
    std::string access_key{}, session_token{};    ///< of Amazon: what `secret` belongs to
    std::shared_ptr<const canon::Grant> grant{};  ///< of Google: traded for the tokens that calls carry; none: `secret`
                                                  ///< is one
};

struct Provider {
    std::string name;       ///< "openai", "my-vllm"
    std::string wire_name;  ///< "openai-chat"
    const canon::Wire* wire = nullptr;
    std::vector<const canon::Wire*> also;  ///< what it speaks besides, at the same address: for callers of that family
    std::string base_url, proxy, ca_file;
    std::string region;  ///< of the clouds that have some
    int64_t connect_ms = 2'000, first_byte_ms = 60'000, total_ms = 600'000;
    Auth auth = Auth::bearer;
    std::vector<ProviderKey> keys;  ///< at least one (an empty secret for Auth::none)
    std::optional<int64_t> max_concurrency;
    canon::Quirks quirks;
    std::vector<std::pair<std::string, std::string>> headers;  ///< fixed extra headers
    bool cancel_bills_full = false;  ///< goes on and bills in full when we hang up: drained instead
    bool keys_rest = true;           ///< false: its keys are never rested or disabled (the simulator's)
    size_t id = 0;  ///< dense index below max_providers; stable for one (name, base_url) across reloads
    /// The wire that carries this caller's bytes as they are, else its own.
    const canon::Wire& wire_for(canon::Family caller) const;
};
using ProviderPtr = std::shared_ptr<const Provider>;
/// How many different providers one process may ever see, reloads included, and how many keys one of them may have.
constexpr size_t max_providers = 4'096, max_keys = 64;

struct Target {
    ProviderPtr provider;
    std::string model;  ///< the provider's id
    int64_t priority = 0, weight = 1;
    canon::Quirks quirks;                  ///< the provider's and the model's own
    uint64_t breaker = 0;                  ///< fingerprint of (provider, model): names its breaker across reloads
    std::optional<canon::PriceCard> cost;  ///< the operator's own cost
};

struct Model {
    std::string id, name, owned_by, modality = "text";
    int64_t context = 0, max_output = 0;
    std::vector<Target> targets;  ///< sorted by priority
    canon::PriceCard price;       ///< base price, USD, without the fee
    canon::Tokenizer tokenizer = canon::Tokenizer::other;
    bool listed = true;
    bool callable = true;  ///< false: only priced; no route of this version serves its modality
    std::vector<std::string> capabilities;
    canon::Features lacks = 0;  ///< features no target of it can do (data)
    int64_t created_s = 0;
};

using ModelPtr = std::shared_ptr<const Model>;

/// Callable but never listed: any name that begins with `prefix`. A '*' in a target's model is replaced by the rest of
/// the name.
struct PatternRule {
    std::string prefix;
    Model model;
};

struct Snapshot {
    int64_t version = 0;
    std::vector<ProviderPtr> providers;
    std::map<std::string, ModelPtr, std::less<>> models;
    std::map<std::string, std::string, std::less<>> aliases;
    std::map<std::string, std::string, std::less<>> bare;  ///< lower-case id and unique bare name -> id; "" = ambiguous
    std::vector<PatternRule> patterns;
    std::map<std::string, size_t, std::less<>> provider_ids;  ///< every (name, base_url) this process has seen -> id
    Ratio fee;                                                ///< 21/20 for 5 %
    /// Exact id -> alias -> case-insensitive unique bare name -> Anthropic's spelling of a Claude model -> pattern;
    /// model_not_found names the nearest listed id.
    /// The model (and its targets) lives as long as the pointer: a pattern's model is in no table.
    Result<ModelPtr> resolve(std::string_view name) const;
};
using SnapshotPtr = std::shared_ptr<const Snapshot>;

/// The current snapshot; get() is an atomic load, set() swaps.
class Catalogue {
  public:
    SnapshotPtr get() const { return current_.load(std::memory_order_acquire); }
    void set(SnapshotPtr s) { current_.store(std::move(s), std::memory_order_release); }

  private:
    std::atomic<SnapshotPtr> current_;
};

}  // namespace aig::catalogue
