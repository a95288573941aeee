// What the two Bedrock vendors have in common: paths, keys, errors. Internal to them. Pure.
#pragma once

#include <string>
#include <string_view>

#include "sim/detail/vendor.h"

namespace aig::sim::bedrock {

/// "/model/ID/OPERATION[-stream form]" -> the place; false when the operation is another one.
bool serves(std::string_view path, std::string_view whole, std::string_view streamed, Place& place);
Checked admit(const Request& request, std::string_view key);
std::string error_body(const Refusal& refusal);
Event error_event(const Refusal& refusal, int64_t tokens);
Refusal unknown_model(std::string_view model);
void headers(Reply& reply, std::string_view content_type);
Words words();
std::string base64(std::string_view bytes);

Checked read_converse(JsonRef root, const Place& place, Ask& ask);
Reply write_converse(const Ask& ask, const Answer& answer);

}  // namespace aig::sim::bedrock
