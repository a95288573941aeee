// Takes the `topups` section of a checked configuration apart. What rows cannot say is a fault here.
#pragma once

#include <functional>
#include <string>

#include "base/settings.h"
#include "topup/topups.h"

namespace aig::app {

using TellFault = std::function<void(std::string path, std::string message)>;
topup::TopupSettings read_topups(const settings::Reader& topups, const TellFault& fault);
/// All of it as one text, to see whether a reload would change something; holds secrets.
std::string topups_text(const topup::TopupSettings& settings);

}  // namespace aig::app
