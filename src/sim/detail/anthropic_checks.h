// Refusals in api.anthropic.com's words (recorded 2025-2026), shared by the readers of that wire.
#pragma once

#include <algorithm>
#include <array>

#include "sim/detail/ask.h"

namespace aig::sim::anthropic {

inline Refusal refuse(std::string message) { return {400, "invalid_request_error", std::move(message), "", ""}; }
inline Refusal required(const std::string& at) { return refuse(at + ": Field required"); }
inline Refusal extra(const std::string& at) { return refuse(at + ": Extra inputs are not permitted"); }

inline bool given(JsonRef v) { return v && !v.is_null(); }

/// The vendor forbids members it does not know.
template <size_t N>
Checked only_known(JsonRef object, const std::string& at, const std::array<std::string_view, N>& known) {
    for (JsonRef member : object)
        if (std::find(known.begin(), known.end(), member.key()) == known.end())
            return extra(at + std::string(member.key()));
    return {};
}

/// Notes a cache_control mark on the block just read.
inline void mark(JsonRef block, PromptMeter& meter) {
    if (block["cache_control"].is_object()) meter.cache_mark(block["cache_control"]["ttl"].text() == "1h");
}

}  // namespace aig::sim::anthropic
