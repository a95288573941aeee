// GET /v1/models and GET /v1/models/{id} as Anthropic's clients read them: pages of what can be asked through Messages,
// newest first. Chosen by the anthropic-version header or the /anthropic base path (surface.h). Loop of the connection.
#pragma once

#include "api/request.h"

namespace aig::api {

rt::Task<Status> list_anthropic_models(Request& request);
rt::Task<Status> get_anthropic_model(Request& request, catalogue::ModelPtr model);

}  // namespace aig::api
