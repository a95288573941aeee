// The faults a caller can choose with the model name `fault/<name>[@k]` (also after a prefix: `a/fault/<name>`): one
// table of name, what @k means and how the call ends. A fault bends the answer, edits the reply, or plays its own
// bytes. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/detail/answer.h"
#include "sim/detail/reply.h"

namespace aig::sim {

/// How a call with the fault ends for a caller that reads to the end.
enum class Ends : uint8_t {
    fine,    ///< a whole, correct answer
    odd,     ///< whole, well-framed HTTP whose content is not a correct answer
    error,   ///< whole HTTP with an error status
    broken,  ///< HTTP framing is violated or the connection breaks
    silent,  ///< nothing of use comes any more until the bound (60 s), then the connection closes
};

struct FaultCall {
    const Vendor* wire = nullptr;
    bool stream = false;
    int64_t k = 0;
    int64_t hold_ms = 60'000;
    std::string_view port;  ///< of the simulator, for redirects
};

struct Fault {
    std::string_view name;
    Ends whole, streamed;
    std::string_view k_means;  ///< "" = takes no @k
    int64_t k_default;
    std::string_view text;
    void (*bend)(Answer&) = nullptr;
    void (*edit)(Reply&, const FaultCall&) = nullptr;
    Script (*play)(const Reply&, const FaultCall&) = nullptr;
};

const std::vector<Fault>& faults();

struct FaultChoice {
    bool named = false;            ///< the model name asks for a fault
    const Fault* fault = nullptr;  ///< null with `named`: no such fault
    int64_t k = 0;
};
FaultChoice fault_of(std::string_view model);

}  // namespace aig::sim
