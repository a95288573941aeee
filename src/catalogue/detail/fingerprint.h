// Stable fingerprints: the same content has the same number in every process, so they may be stored and compared.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "catalogue/catalogue.h"

namespace aig::catalogue {

/// FNV-1a, 64 bit.
constexpr uint64_t fnv1a(std::string_view bytes, uint64_t h = 14695981039346656037u) {
    for (const char c : bytes) h = (h ^ static_cast<uint8_t>(c)) * 1099511628211u;
    return h;
}

inline uint64_t breaker_of(const Provider& provider, std::string_view model) {
    return fnv1a(model, fnv1a("\n", fnv1a(provider.base_url, fnv1a("\n", fnv1a(provider.name)))));
}

inline std::string lower_case(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return out;
}

}  // namespace aig::catalogue
