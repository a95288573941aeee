// Writes messages of Amazon's binary event stream, as Bedrock sends them. The simulator's own: the gateway's reader is
// checked against it. Pure.
#pragma once

#include <string>
#include <string_view>

namespace aig::sim {

/// An event of that type with a JSON payload.
std::string amazon_event(std::string_view type, std::string_view json);
/// An exception within a stream that has begun.
std::string amazon_exception(std::string_view type, std::string_view json);

}  // namespace aig::sim
