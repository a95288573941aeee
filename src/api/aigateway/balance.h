// GET /v1/balance: one object that every surface's clients can read; only `total` changes its type. GET
// /api/v1/balance/{key}: the balance alone, a bare number. A key of a sub-account with a spend cap sees what is left of
// that, not the account's wallet.
#pragma once

#include "api/request.h"

namespace aig::api {

rt::Task<Status> balance(Request& request);
rt::Task<Status> bare_balance(Request& request);

}  // namespace aig::api
