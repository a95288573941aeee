// The one way from an HTTP request to the gateway, for every dialect: headers are checked, the body is taken within its
// budget, and gateway::run() answers. Loop of the connection.
#pragma once

#include <functional>

#include "api/request.h"

namespace aig::api {

/// `in` says the operation and what the URL says in place of the body; its body is filled here. `dialect` is one of
/// dialect/registry.h; views in `in` outlive the task (they point into the request's path).
rt::Task<Status> infer(Request& request, const canon::Dialect& dialect, canon::Incoming in);

/// Media types under which clients send JSON; media_type for others.
Status json_body(const net::Headers& headers);

/// Its two halves, for surfaces that do something to the body in between. The call as the request's headers describe
/// it, without a body; bad headers are refused.
Status fill_call(gateway::Call& call, Request& request, const canon::Dialect& dialect, canon::Incoming in);
/// What a route makes of a whole reply's body before it goes out.
using Rewrite = std::function<Result<std::string>(std::string_view body)>;
/// Runs it with the answer to the caller. `call` outlives the task.
rt::Task<Status> run_call(Request& request, gateway::Call& call, Rewrite rewrite = {});

}  // namespace aig::api
