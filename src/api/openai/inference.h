// POST /v1/chat/completions, POST /v1/completions and POST /v1/embeddings: the body goes to the gateway, the answer
// comes back through a sink.
#pragma once

#include "api/request.h"

namespace aig::api {

rt::Task<Status> chat_completions(Request& request);
rt::Task<Status> completions(Request& request);
rt::Task<Status> embeddings(Request& request);

}  // namespace aig::api
