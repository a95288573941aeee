// Prices in this service's words: units of 10^-8 USD as decimal text, a price type, a rule id, and the key of what one
// price stands for ("bundle").
#pragma once

#include "api/aigenway/methods.h"
#include "base/json.h"
#include "gateway/pricing.h"

namespace aig::api {

/// What a price depends on beside the model; "" = does not.
struct Bundle {
    std::string_view mode, resolution, duration, aspect_ratio;
};
/// SHA-256 (hex) of the canonical JSON of all its members, absent ones null.
std::string bundle_key(const Service& service, const Bundle& bundle);

enum class PriceType : uint8_t { per_request, per_token_input, per_token_output, per_image, per_second };
std::string_view price_type_name(PriceType type);  ///< "per_image"
std::string_view price_unit(PriceType type);       ///< "PER_IMAGE"
/// Of a whole call: what it is chiefly charged by.
PriceType chief_price(const canon::PriceCard& card, std::string_view modality);

/// basePriceUnits ... perImageUnits with the fee and the account's terms inside; null = not charged by it.
void write_components(JsonWriter& w, const gateway::Pricing& pricing, std::string_view image_variant);
std::string rule_id(const gateway::Pricing& pricing);

}  // namespace aig::api
