// POST /v1/responses and what belongs to it: stored responses, background runs, the estimate of input tokens. What a
// caller stored is expanded here, in front of the gateway: no provider ever sees an id of ours.
#pragma once

#include "api/request.h"

namespace aig::api {

rt::Task<Status> create_response(Request& request);
rt::Task<Status> get_response(Request& request);
rt::Task<Status> delete_response(Request& request);
rt::Task<Status> cancel_response(Request& request);
rt::Task<Status> list_input_items(Request& request);
rt::Task<Status> count_input_tokens(Request& request);
rt::Task<Status> compact_response(Request& request);

}  // namespace aig::api
