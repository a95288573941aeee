// What every encoder does with members that have no field of their own, and how it says that something cannot be said.
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "canon/request.h"

namespace aig::provider {

/// The raw value of an extra, the last of its name; "" when it is not there or null.
std::string_view find_extra(const canon::Extras& extras, std::string_view name);
/// null, [], {}, "", false: leaving it out loses nothing.
bool says_nothing(std::string_view json);
/// unsupported_feature that names the member of the request.
Error refuse(std::string_view feature, std::string param);

}  // namespace aig::provider
