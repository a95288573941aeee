// GET /v1/models and GET /v1/models/{id}: the catalogue with prices, in OpenAI's list shape (Anthropic's for Anthropic
// clients).
#pragma once

#include "api/request.h"

namespace aig::api {

rt::Task<Status> list_models(Request& request);
rt::Task<Status> get_model(Request& request);

}  // namespace aig::api
