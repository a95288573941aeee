// Embedding vectors between their two forms: a JSON array of numbers, and base64 of little-endian float32. OpenAI's
// SDKs ask for base64 by themselves; few other wires have it. Vectors are not money: float is their own type.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace aig::dialect::openai {

/// `json` is either form; the result is the JSON of the wanted one. upstream_garbage when it is neither.
Result<std::string> vector_as(std::string_view json, bool base64);

}  // namespace aig::dialect::openai
