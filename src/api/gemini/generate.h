// POST /v1beta/models/MODEL:METHOD, where METHOD is generateContent, streamGenerateContent, countTokens, embedContent
// or batchEmbedContents. The model is everything before the last colon and may have slashes.
#pragma once

#include "api/request.h"

namespace aig::api {

rt::Task<Status> gemini_method(Request& request);

}  // namespace aig::api
