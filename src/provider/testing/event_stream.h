// Writes messages of Amazon's event stream, for tests of what reads them. A small writer of its own: it shares nothing
// with the reader but the format.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aig::provider::testing {

std::string event_message(const std::vector<std::pair<std::string, std::string>>& headers, std::string_view payload);
/// The same of a header block that is whatever it is, and the twelve bytes before it alone; checksums are right.
std::string raw_message(std::string_view headers, std::string_view payload);
std::string prelude(size_t message_size, size_t headers_size);
/// A message as Bedrock sends it: ":event-type", ":content-type", ":message-type".
std::string event(std::string_view type, std::string_view payload);
std::string exception(std::string_view type, std::string_view payload);

}  // namespace aig::provider::testing
