// Fingerprints of opaque state (request.h State). The gateway remembers which provider gave which state, so that a
// conversation goes back to the one that can read it. Not a secret and not a proof: a collision costs a detour.
#pragma once

#include <cstdint>
#include <string_view>

namespace aig::canon {

constexpr uint64_t state_print(std::string_view data) {
    uint64_t h = 0xcbf29ce484222325;
    for (const char c : data) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3;
    return h;
}

}  // namespace aig::canon
