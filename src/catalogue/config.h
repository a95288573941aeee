// What an operator says about providers, models and prices: plain text and numbers, as read from the file or from
// data/*.json. Nothing here is checked against anything else yet; build.h does that. Immutable once read.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/settings.h"

namespace aig::catalogue {

struct PriceFacts;

struct KeyConfig {
    std::string secret;
    int64_t weight = 1;
    std::string access_key{}, session_token{};  ///< of Amazon: what the secret belongs to
};

struct ProviderConfig {
    std::string name;
    std::string wire, base_url;     ///< "" = from data/providers.json
    std::vector<std::string> also;  ///< further wires at that address
    std::string auth;               ///< "" = what the wire uses
    std::vector<KeyConfig> keys;
    std::optional<int64_t> connect_ms, first_byte_ms, total_ms;
    std::string proxy, ca_file;
    std::string region, account, project;  ///< stand in for {region} and so on in base_url
    std::optional<int64_t> max_concurrency;
    std::vector<std::string> quirks;  ///< names of canon::Quirks' flags
    std::vector<std::pair<std::string, std::string>> headers;
    bool keys_rest = true;  ///< false: never rest or disable a key (the simulator's providers)
};

/// Price key -> decimal text in USD: "input_per_million" -> "1.25"; groups of the file with dots:
/// "above.200000.input_per_million", "images.1024x1024/hd", "tools.web_search".
using PriceConfig = std::map<std::string, std::string>;

struct TargetConfig {
    std::string provider, model;
    int64_t priority = 0, weight = 1;
    PriceConfig cost;                   ///< empty = not told
    std::vector<std::string> quirks{};  ///< of this model there, on top of the provider's
};

struct ModelConfig {
    std::string id, name, owned_by, modality = "text", tokenizer;
    int64_t context = 0, max_output = 0, created_s = 0;
    std::vector<std::string> capabilities;  ///< when given, complete: what is not in it is refused before it costs
    std::vector<std::string> aliases;
    std::vector<TargetConfig> targets;
    PriceConfig price;
    bool listed = true;
    bool priced_only = false;  ///< `aig dev` only: a modality that no route serves yet, for estimates
};

/// A family of callable, never listed models: "<prefix>anything". A target's model "fault/*" takes the anything for the
/// star.
struct PatternConfig {
    std::string prefix;
    ModelConfig model;
};

struct Config {
    std::vector<ProviderConfig> providers;
    std::optional<std::vector<ModelConfig>>
        models;              ///< not given: the rows of data/models.json for the providers configured
    bool known_too = false;  ///< `aig dev` only: data/models.json's rows as well, before `models` of the same id
    std::map<std::string, std::string> aliases;
    std::vector<PatternConfig> patterns;  ///< `aig dev` only
    std::string fee_percent = "5";
    /// The operator's own list prices, which win over data/prices.json's.
    std::shared_ptr<const PriceFacts> prices;
};

using settings::Fault;

}  // namespace aig::catalogue
