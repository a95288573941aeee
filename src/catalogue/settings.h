// The rows of the catalogue's part of the configuration file (providers, models, aliases), and how they are read.
#pragma once

#include <span>

#include "base/settings.h"
#include "catalogue/config.h"

namespace aig::catalogue {

std::span<const settings::Setting> settings_rows();
/// From checked values. fee_percent is the billing group's and stays at its default here.
Config read_config(const settings::Reader& root);

}  // namespace aig::catalogue
