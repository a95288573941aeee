// What a call used, in disjoint buckets: every wire's inclusive or exclusive counting is brought into this one form
// before anything is priced or reported. All counts >= 0.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/price.h"

namespace aig::canon {

/// The numbers are stored in ledgers: never renumber, only append.
enum class Component : uint16_t {
    input = 0,         ///< input tokens neither read from nor written to a provider's prompt cache
    cached_input = 1,  ///< read from the prompt cache
    cache_write = 2,   ///< written to it, 5 minutes
    cache_write_1h = 3,
    output = 4,  ///< output tokens without reasoning
    reasoning = 5,
    request = 6,
};
constexpr size_t component_count = 7;
std::string_view component_name(Component);

struct Usage {
    std::array<int64_t, component_count> units{};
    bool estimated = false;  ///< counted by us, not reported by the provider

    int64_t& operator[](Component c) { return units[static_cast<size_t>(c)]; }
    int64_t operator[](Component c) const { return units[static_cast<size_t>(c)]; }
    int64_t input_total() const;   ///< all input buckets
    int64_t output_total() const;  ///< output + reasoning
    /// Negative, above 10^9 in a bucket, or otherwise not believable: the caller falls back to its own count.
    bool sane() const;
    bool operator==(const Usage&) const = default;
};

/// Pico-USD per unit of each component.
struct PriceCard {
    int64_t id = 0;  ///< the catalogue's version of it, stored with each charge
    std::array<int64_t, component_count> pico{};
    int64_t& operator[](Component c) { return pico[static_cast<size_t>(c)]; }
    int64_t operator[](Component c) const { return pico[static_cast<size_t>(c)]; }
    bool per_request_only() const;
};

/// The lines of a charge (zero lines left out; Component::request counts once).
std::vector<PriceLine> price_lines(const PriceCard&, const Usage&);
/// charge_nanos over those lines. `terms` is fee x tier x FX x ... as one ratio.
Result<int64_t> price(const PriceCard&, const Usage&, Ratio terms);

}  // namespace aig::canon
