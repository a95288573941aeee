// GET /v1beta/models and GET /v1beta/models/{id}: the catalogue in Google's list shape, for Gemini's own clients.
#pragma once

#include "api/request.h"

namespace aig::api {

rt::Task<Status> list_gemini_models(Request& request);
rt::Task<Status> get_gemini_model(Request& request);

}  // namespace aig::api
