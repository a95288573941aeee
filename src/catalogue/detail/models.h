// One configured model -> the snapshot's.
#pragma once

#include <string>

#include "catalogue/detail/providers.h"

namespace aig::catalogue {

/// `price_from_costs`: the public price is, component by component, the dearest of its targets' costs, so that no
/// failover is sold at a loss; else the model must have its own price.
Model make_model(const ModelConfig& config, const std::string& where, bool price_from_costs, const Providers& providers,
                 Faults& faults);

}  // namespace aig::catalogue
