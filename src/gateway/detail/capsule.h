// Capsules: a model's opaque state (signatures, encrypted reasoning) as callers of another dialect hold it. Sealed with
// the node's data key and bound to the account, so that nobody can read, alter or pass on what is inside; the route
// that made the state stands inside too, so that it goes back to nobody else. Any thread, no I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "canon/request.h"
#include "store/seal.h"

namespace aig::gateway {

/// What a state belonged to in the reply that brought it.
enum class StatePlace : uint8_t { reasoning, text, media, tool_call };

/// One state with what its wire needs to take it back byte for byte.
struct SealedState {
    uint64_t origin = 0;  ///< route::origin of the attempt that made it
    int64_t expires_s = 0;
    canon::State state;
    StatePlace place = StatePlace::reasoning;
    bool summary = false;  ///< `text` is a summary
    std::string text;      ///< the reasoning it was made for: signatures are checked against it
    std::string call_id;   ///< of the tool call, for StatePlace::tool_call
    std::string item_id;   ///< of a reasoning item
};

class Capsules {
  public:
    static constexpr int64_t lifetime_s = 30 * 86'400;
    static constexpr size_t most_plain = size_t{4} << 20, most_text = most_plain / 3 * 4 + 256;

    /// Without a sealer nothing is sealed and nothing opens.
    explicit Capsules(const store::Sealer* sealer) : sealer_(sealer) {}
    /// "aigs1." and base64url. Nothing without a sealer, or for more than 4 MiB.
    std::optional<std::string> seal(const SealedState& state, AccountId account) const;
    /// Nothing for what was not sealed here, for another account, altered, or has expired.
    std::optional<SealedState> open(std::string_view capsule, AccountId account, int64_t now_s) const;

  private:
    const store::Sealer* sealer_;
};

inline bool is_capsule(std::string_view state) { return state.starts_with(canon::capsule_prefix); }

}  // namespace aig::gateway
