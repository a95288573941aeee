// POST /v1/estimate: what a request costs at most, as a quote that a call can present (x-aig-quote) within 15 minutes:
// it then pays by the quote's price, rate and coupon, and never more than its cap. Takes this service's own body
// (provider, model, method, params) and the bodies of chat completions and embeddings. Nothing is held or charged.
#pragma once

#include "api/request.h"

namespace aig::api {

rt::Task<Status> estimate(Request& request);

}  // namespace aig::api
