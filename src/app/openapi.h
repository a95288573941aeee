// The public contract: openapi/gateway.yaml as JSON, for GET /openapi.json.
#pragma once

#include <string>

namespace aig::app {

/// Converted once at start from the embedded file.
std::string openapi_json();

}  // namespace aig::app
