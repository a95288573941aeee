// What is left of a key's limits, as headers: OpenAI's family (reset as "12s"), the older trio of one of the services
// (reset as an epoch second), Anthropic's on its own routes (reset as a time). Nothing for a key without limits.
#pragma once

#include "canon/dialect.h"
#include "limits/limits.h"
#include "net/http.h"

namespace aig::gateway {

void add_rate_headers(net::Headers& headers, const limits::State& state, canon::Surface surface, int64_t now_us);

}  // namespace aig::gateway
