// Replies read from a script file: one JSON object a line,
//   {"model": "my-model", "status": 200, "headers": {"x-a": "b"}, "body": "…" | {…}, "events": ["data: …"], "wait_ms":
//   10}
// `events` makes it a stream (a blank line is added after each), whatever the request asked for. The last line of a
// model wins.
#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "sim/detail/reply.h"

namespace aig::sim {

struct Canned {
    Reply reply;
    int64_t wait_ms = 0;
};

using CannedReplies = std::map<std::string, Canned, std::less<>>;

Result<CannedReplies> parse_canned(std::string_view text);
Result<CannedReplies> load_canned(const std::string& file);

}  // namespace aig::sim
