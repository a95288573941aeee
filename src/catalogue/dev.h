// The catalogue of `aig dev`: the models of the public samples, served by the simulated provider through both wires, at
// realistic prices, and families of fault models that are callable but never listed.
#pragma once

#include <string_view>

#include "catalogue/config.h"

namespace aig::catalogue {

/// `sim_url` is the simulator's root ("http://127.0.0.1:4999").
Config dev_config(std::string_view sim_url);
/// The same with an operator's own: where both name a provider or a model, the file's is taken; a file without models
/// brings those of data/models.json for its providers, as it would in `aig serve`.
Config dev_config_with(Config file, std::string_view sim_url);
/// The part of it for the wires that are in no listed model.
void add_dev_wires(Config& config, std::string_view sim_url);

}  // namespace aig::catalogue
