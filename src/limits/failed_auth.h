// Failed credentials by caller's address: 20 at once, then one every three seconds; beyond that nothing is looked up
// for that address any more. Loopback is exempt. An IPv6 caller has at least a /64, so those count as one. Keys that
// are known to be good pass in any case: who guesses must not lock out who shares the address. Thread-safe.
#pragma once

#include <string_view>

#include "limits/limits.h"

namespace aig::limits {

class FailedAuth {
  public:
    /// rate_limited (reason "failed_auth", with retry_after_ms) when the address has failed too often.
    Status admit(std::string_view address, int64_t now_mono_ns) const;
    void failed(std::string_view address, int64_t now_mono_ns);

  private:
    Limiter limiter_{100'000};
};

}  // namespace aig::limits
