// What a call used, in disjoint buckets, and what a unit of each costs: every wire's inclusive or exclusive counting is
// brought into this one form before anything is priced or reported. All counts >= 0. Pure values.
//
// Tokens and the request itself have fixed places, because every call has them; the rarer components (images, seconds,
// pages ...) stand in a short list that is empty, and costs nothing, where they are not used.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
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
    image = 7,        ///< one image; its variant is "size" or "size/quality": "1024x1024/hd"
    second = 8,       ///< of audio or video
    millisecond = 9,  ///< the same where a service sells by it
    character = 10,   ///< of text
    page = 11,        ///< of a document
    tool_call = 12,   ///< a provider's own tool; its variant is the tool's name: "web_search"
    quote = 13,       ///< not a use: what a binding estimate capped a charge at, in nano-units
};
/// Components with a place of their own in every usage and every card; the others stand in `extra`.
constexpr size_t fixed_components = 7;
constexpr size_t all_components = 14;
std::string_view component_name(Component);
std::optional<Component> component_named(std::string_view name);

/// Units of a rarer component. The variant tells images of different sizes, and tools, apart.
struct ExtraUnits {
    Component component = Component::image;
    std::string variant;
    int64_t units = 0;
    bool operator==(const ExtraUnits&) const = default;
};

struct Usage {
    std::array<int64_t, fixed_components> units{};
    bool estimated = false;  ///< counted by us, not reported by the provider
    std::vector<ExtraUnits> extra;

    int64_t& operator[](Component c) { return units[static_cast<size_t>(c)]; }
    int64_t operator[](Component c) const { return units[static_cast<size_t>(c)]; }
    int64_t input_total() const;   ///< all input buckets
    int64_t output_total() const;  ///< output + reasoning
    /// Negative, above 10^9 in a bucket, or otherwise not believable: the caller falls back to its own count.
    bool sane() const;
    bool operator==(const Usage&) const = default;
};

/// Pico-USD per unit of each fixed component.
using FixedPrices = std::array<int64_t, fixed_components>;

/// Prices of a long context, as providers publish them: when the whole input is larger than `above_input` tokens, these
/// prices hold for the whole request, not only for what is above.
struct PriceTier {
    int64_t above_input = 0;
    FixedPrices pico{};
    bool operator==(const PriceTier&) const = default;
};

struct ExtraPrice {
    Component component = Component::image;
    std::string variant;  ///< "" = every variant that has no price of its own
    int64_t pico = 0;
    bool operator==(const ExtraPrice&) const = default;
};

/// One version of a model's prices. Cards are never changed: other prices are another card with another id.
struct PriceCard {
    int64_t id = 0;  ///< fingerprint of the prices: the version that is stored with each charge
    FixedPrices pico{};
    std::vector<PriceTier> tiers;   ///< ascending
    std::vector<ExtraPrice> extra;  ///< by (component, variant)
    int64_t& operator[](Component c) { return pico[static_cast<size_t>(c)]; }
    int64_t operator[](Component c) const { return pico[static_cast<size_t>(c)]; }
    /// The prices of a request with this much input.
    const FixedPrices& at(int64_t input_total) const;
    /// Component by component the most that a request of at most this much input can cost.
    FixedPrices dearest_up_to(int64_t input_total) const;
    /// Of a rarer component: the variant's own, else its size's (before the '/'), else the plain one, else the dearest
    /// variant: what has a price is never free because its variant is new. 0 when the component is not sold.
    int64_t extra_price(Component component, std::string_view variant) const;
    bool per_request_only() const;
    bool operator==(const PriceCard&) const = default;
};

/// Everything a price is multiplied with, each an exact ratio; fold() is their product, the one ratio a charge has.
struct Terms {
    Ratio fee;         ///< 21/20 for 5 % on top
    Ratio price_list;  ///< the account's: 9/10 for 10 % off
    Ratio cache;       ///< an answer from the response cache: 1/10
    Ratio batch;       ///< 1/2
    Ratio coupon;      ///< 4/5 for 20 % off
    Ratio fx;          ///< wallet units for a USD: 7/2
    Result<Ratio> fold() const;
    bool operator==(const Terms&) const = default;
};

/// The lines of a charge (zero lines left out; Component::request counts once).
std::vector<PriceLine> price_lines(const PriceCard&, const Usage&);
/// charge_nanos over those lines, without making them. `ratio` is Terms::fold().
Result<int64_t> price(const PriceCard&, const Usage&, Ratio ratio);
/// The one line of a charge that a quote capped: it re-prices to `nanos` at ratio 1.
PriceLine capped_line(int64_t nanos);

}  // namespace aig::canon
