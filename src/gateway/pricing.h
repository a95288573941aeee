// What a call is charged by: its card and its terms, chosen before the hold and fixed for the call. The model's own
// card, or the account's price list, or a quote; fee, list and coupon as ratios; the wallet's rate.
//
// preview() answers what a call would hold and cost at most, without one: estimates and x-aig-explain. Everything in
// this header reads memory only.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "canon/dialect.h"
#include "catalogue/catalogue.h"
#include "catalogue/price_lists.h"
#include "catalogue/quotes.h"
#include "identity/identity.h"
#include "ledger/book.h"
#include "ledger/coupons.h"

namespace aig::gateway {

struct Services;

enum class PriceSource : uint8_t { model, list, list_card, quote };
std::string_view price_source_name(PriceSource source);

struct Pricing {
    const canon::PriceCard* card = nullptr;  ///< lives in the model, the list or the quote
    canon::Terms terms;                      ///< of a quote: only the product is known, in `ratio`
    Ratio ratio;                             ///< the terms, folded
    ledger::Rate fx;
    PriceSource source = PriceSource::model;
    catalogue::PriceListPtr list;                   ///< keeps its card
    std::shared_ptr<const catalogue::Quote> quote;  ///< keeps its card; the charge is capped
};

/// `coupon` may be null. An error: nobody has set a rate for the wallet's currency, or the terms are too fine together.
Result<Pricing> price_for(const Services& services, const identity::Principal& principal, const catalogue::Model& model,
                          Ratio fee, const ledger::Coupon* coupon = nullptr);

/// A quote's cap over a cost: true when it was lower.
bool cap(const Pricing& pricing, int64_t& cost_nanos);

struct Asked {
    canon::Envelope envelope;              ///< its model, size, n and maximum
    std::vector<canon::ExtraUnits> units;  ///< of media, instead of tokens
};
struct Preview {
    catalogue::ModelPtr model;
    Pricing pricing;
    int64_t input_estimate = 0, input_bound = 0;  ///< tokens
    int64_t output_most = 0;                      ///< tokens, all choices together
    int64_t least_nanos = 0;                      ///< the estimated input and no output
    int64_t most_nanos = 0;                       ///< the bound and the whole output: what a quote caps at
    int64_t list_nanos = 0;                       ///< the same without the coupon
};
Result<Preview> preview(const Services& services, const identity::Principal& principal, const Asked& asked,
                        const ledger::Coupon* coupon);

}  // namespace aig::gateway
