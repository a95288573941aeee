// The rows of the configuration file's groups that belong to no other room.
#pragma once

#include <span>

#include "base/settings.h"

namespace aig::app {
std::span<const settings::Setting> app_settings_rows();
}
