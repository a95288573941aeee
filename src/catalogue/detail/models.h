// One configured model -> the snapshot's.
#pragma once

#include <string>

#include "catalogue/detail/providers.h"
#include "catalogue/price_facts.h"

namespace aig::catalogue {

/// List prices: the operator's first, then the embedded ones.
struct ListPrices {
    const PriceFacts* own = nullptr;
    const PriceFacts& embedded;
    const PriceConfig* find(std::string_view provider, std::string_view model) const {
        const auto* p = own ? own->find(provider, model) : nullptr;
        return p ? p : embedded.find(provider, model);
    }
};

/// A model without a price of its own gets, component by component, the dearest of its targets' list prices, so that no
/// failover is sold at a loss; `from_list` tells. A target without a list price then stops the start.
Model make_model(const ModelConfig& config, const std::string& where, const ListPrices& prices,
                 const Providers& providers, Faults& faults, bool& from_list);

}  // namespace aig::catalogue
