// Writes a JSON value that satisfies a JSON schema: what a model with structured output or a tool call would answer.
// Knows type (also lists), enum, const, properties, required, items, prefixItems, minItems, uniqueItems, bounds,
// multipleOf, string formats and lengths, simple patterns, allOf, anyOf, oneOf and $ref inside the document. Depth is
// bounded. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"

namespace aig::sim {

struct InstanceHints {
    std::string_view subject;  ///< what string members are about ("Paris"); "" = a word made from the member's name
    std::string_view prompt;   ///< an enum word that occurs here is preferred
};

/// JSON text. A missing or empty schema gives {}.
std::string schema_instance(JsonRef schema, const InstanceHints& hints);

}  // namespace aig::sim
