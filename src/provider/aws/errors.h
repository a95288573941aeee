// How Bedrock says no: HTTP answers, and exceptions within an event stream. Pure.
#pragma once

#include <string_view>

#include "base/result.h"

namespace aig::provider::aws {

/// An answer with an error status.
Error error_of(int status, std::string_view body);
/// An exception of a stream that began with status 200: "throttlingException" and its payload.
Error exception_of(std::string_view type, std::string_view payload);

}  // namespace aig::provider::aws
