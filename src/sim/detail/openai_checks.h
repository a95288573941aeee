// Checks and refusals in api.openai.com's words (recorded 2025-2026), shared by the readers of that wire.
#pragma once

#include "sim/detail/ask.h"

namespace aig::sim::openai {

Refusal refuse(std::string message, std::string param, std::string code);
Refusal missing(const std::string& param);
Refusal wrong_type(const std::string& param, std::string_view wanted, JsonRef v);
Refusal wrong_value(const std::string& param, std::string_view got, std::string_view allowed);

inline bool given(JsonRef v) { return v && !v.is_null(); }
bool tool_name_ok(std::string_view name);

/// A member that is absent or null passes and leaves `out` alone.
Checked bounded_integer(JsonRef root, std::string_view name, int64_t low, int64_t high, std::optional<int64_t>& out);
Checked bounded_number(JsonRef root, std::string_view name, double low, double high);
Checked boolean(JsonRef root, std::string_view name, bool& out);

/// A strict schema must close every object and require every property; OpenAI refuses anything else. "" = fine.
std::string strict_fault(JsonRef schema, const std::string& context, int depth = 0);

}  // namespace aig::sim::openai
