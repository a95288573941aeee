// Anthropic's surface: POST /v1/messages, POST /v1/messages/count_tokens, and the probe of clients that look whether
// somebody is there. Also under /anthropic/v1 and /v1/v1 (api.cpp). Loop of the connection.
#pragma once

#include "api/request.h"

namespace aig::api {

rt::Task<Status> create_message(Request& request);
/// Our own estimate, for every model; reaches no provider and costs nothing. `x-aig-estimated: true` says so.
rt::Task<Status> count_message_tokens(Request& request);
/// 200 for HEAD and GET of a base URL, without a key.
rt::Task<Status> base_url(Request& request);

}  // namespace aig::api
