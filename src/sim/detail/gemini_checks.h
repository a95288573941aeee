// Refusals in generativelanguage.googleapis.com's words (recorded 2025-2026), and the signatures of thoughts, which the
// simulator mints and checks. Shared by the files of that wire.
#pragma once

#include <string>
#include <string_view>

#include "sim/detail/ask.h"

namespace aig::sim::gemini {

inline Refusal refuse(std::string message) { return {400, "INVALID_ARGUMENT", std::move(message), "", ""}; }
inline Refusal unknown_name(std::string_view name, std::string_view at) {
    return refuse("Invalid JSON payload received. Unknown name \"" + std::string(name) + "\"" +
                  (at.empty() ? "" : " at '" + std::string(at) + "'") + ": Cannot find field.");
}
inline bool given(JsonRef v) { return v && !v.is_null(); }

/// The member in camelCase or, as protobuf's JSON allows, snake_case.
JsonRef field(JsonRef object, std::string_view camel);
bool names(std::string_view key, std::string_view camel);

/// A signature for what a part says; white space between tokens of JSON does not count.
std::string signature(std::string_view said, uint64_t account);
/// Was it minted here, for anything?
bool minted(std::string_view signature, uint64_t account);

/// The reply's text is signed once, on its last part.
inline std::string text_signature(std::string_view text, uint64_t account) {
    return signature("text " + std::string(text), account);
}
inline std::string call_signature(std::string_view name, std::string_view args, uint64_t account) {
    return signature("call " + std::string(name) + " " + std::string(args), account);
}

Checked read_contents(JsonRef list, Ask& ask, PromptMeter& meter);

}  // namespace aig::sim::gemini
