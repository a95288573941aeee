// Checks Amazon's request signatures (SigV4) by computing them anew. The simulator's own: the gateway's signer is
// checked against it. Pure but for the time it is given.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "sim/detail/http_in.h"

namespace aig::sim {

/// The one access key the simulated Amazon knows.
constexpr std::string_view sim_access_key = "AKIASIMULATED", sim_secret_key = "sim-secret-key/of+Amazon";

/// "" when the signature is right, else why not, in the vendor's words.
std::string signature_fault(const Request& request, int64_t now_s);

}  // namespace aig::sim
