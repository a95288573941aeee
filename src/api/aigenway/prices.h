// GET /v1/prices: every price an account pays, a page at a time, with the fee and its own price list inside.
#pragma once

#include "api/request.h"

namespace aig::api {

rt::Task<Status> list_prices(Request& request);

}  // namespace aig::api
