// Sends the stream of a background response to a caller: what is kept of it, then what comes, from an event number on.
#pragma once

#include "api/openai/background.h"
#include "api/request.h"

namespace aig::api {

/// Events numbered above `after`; -1 = all.
rt::Task<Status> follow_run(Request& request, std::shared_ptr<BackgroundRun> run, int64_t after);
/// The same of one that has ended.
rt::Task<Status> send_kept_stream(Request& request, std::string events, int64_t after);

/// Whole events of `text` numbered above `after`; cuts them off the front of it.
std::string events_after(std::string& text, int64_t after);

}  // namespace aig::api
