#include "app/descriptors.h"

#include <sys/resource.h>

#include <algorithm>
#include <cstdint>

#include "base/log.h"

namespace aig::app {
namespace {

constexpr rlim_t most = 1'048'576;

}  // namespace

void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    const rlim_t wanted = std::min(limit.rlim_max, most);
    if (limit.rlim_cur >= wanted) return;
    limit.rlim_cur = wanted;
    (void)::setrlimit(RLIMIT_NOFILE, &limit);  // where it is refused, warn_of_few_descriptors() says so
}

void warn_of_few_descriptors(size_t max_connections) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= 2 * max_connections) return;
    log::warn("few_descriptors", {{"limit", static_cast<int64_t>(limit.rlim_cur)},
                                  {"max_connections", static_cast<int64_t>(max_connections)},
                                  {"next",
                                   "a call takes two: raise the hard limit (LimitNOFILE of systemd, ulimit -n, "
                                   "--ulimit nofile of a container) or lower server.max_connections"}});
}

}  // namespace aig::app
