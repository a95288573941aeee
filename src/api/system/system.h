// /healthz (the process lives), /readyz (it takes traffic), /metrics, /openapi.json, /docs/errors (where error.doc_url
// points).
#pragma once

#include "api/request.h"

namespace aig::api {

rt::Task<Status> healthz(Request& request);
rt::Task<Status> readyz(Request& request);
rt::Task<Status> metrics_page(Request& request);
rt::Task<Status> openapi(Request& request);
rt::Task<Status> error_docs(Request& request);

}  // namespace aig::api
