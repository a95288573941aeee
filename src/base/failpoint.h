// Points at which a test may end the process as kill -9 would: AIG_FAILPOINT=name in the environment. Only the
// sanitized builds have them; elsewhere they are nothing.
#pragma once

#ifdef AIG_SANITIZED
#include <csignal>
#include <cstdlib>
#include <string_view>

namespace aig {
inline void failpoint(std::string_view name) {
    static const char* const chosen = std::getenv("AIG_FAILPOINT");
    if (chosen && name == chosen) ::raise(SIGKILL);
}
}  // namespace aig
#define AIG_FAILPOINT(name) ::aig::failpoint(name)
#else
#define AIG_FAILPOINT(name) static_cast<void>(0)
#endif
