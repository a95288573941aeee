// For handlers whose work blocks on the database: it runs in the blocking pool, its answer goes out from the loop. The
// pool's thread may outlive the request's task, so the work owns what it touches.
#pragma once

#include <functional>

#include "api/request.h"

namespace aig::api {

struct Answer {
    int status = 200;
    std::string json{};
};

rt::Task<Status> answer_off_loop(Request& request, std::function<Result<Answer>()> work);

}  // namespace aig::api
