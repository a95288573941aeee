// Configuration -> Snapshot: everything that can be wrong between providers, models, prices and aliases is found here,
// all of it at once. Pure but for the embedded data files. Called at start and on reload, on one thread at a time.
#pragma once

#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "catalogue/catalogue.h"
#include "catalogue/config.h"

namespace aig::catalogue {

using WireResolver = std::function<const canon::Wire*(std::string_view wire_name)>;

struct Built {
    SnapshotPtr snapshot;  ///< null when there is a fault
    std::vector<Fault> faults;
    std::vector<std::string> warnings;  ///< worth a log line, not worth refusing
};

/// `previous` (may be null) gives the provider ids that must stay and the version to follow.
Built build(const Config& config, const WireResolver& wire, const Snapshot* previous = nullptr);

/// A price card from price keys (USD, decimal text), exact at 1e-12 USD a unit. What is not given: cached_input and
/// cache_write cost what input costs, cache_write_1h what cache_write costs, reasoning what output costs.
/// A tier ("above.200000.output_per_million") has the card's prices where it gives none.
Result<canon::PriceCard> price_card(const PriceConfig& price);
/// The same prices as price keys: price_card() of them is the card.
PriceConfig price_text(const canon::PriceCard& card);
/// The number of a version: the same prices have the same in every process.
int64_t fingerprint(const canon::PriceCard& card);
/// Component by component the largest of `cards`.
canon::PriceCard dearest(std::span<const canon::PriceCard> cards);
/// All price keys this version can charge.
std::vector<std::string_view> price_keys();

}  // namespace aig::catalogue
