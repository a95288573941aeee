// The catalogue of `aig dev`: the models of the public samples, served by the simulated provider through both wires, at
// realistic prices, and families of fault models that are callable but never listed.
#pragma once

#include <string_view>

#include "catalogue/config.h"

namespace aig::catalogue {

/// `sim_url` is the simulator's root ("http://127.0.0.1:4999").
Config dev_config(std::string_view sim_url);
/// The part of it for the wires that are in no listed model.
void add_dev_wires(Config& config, std::string_view sim_url);

}  // namespace aig::catalogue
