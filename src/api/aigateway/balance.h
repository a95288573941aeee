// GET /v1/balance: one object that every surface's clients can read; only `total` changes its type.
#pragma once

#include "api/request.h"

namespace aig::api {

rt::Task<Status> balance(Request& request);

}  // namespace aig::api
