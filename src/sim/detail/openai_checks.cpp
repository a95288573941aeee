#include "sim/detail/openai_checks.h"

#include <fmt/format.h>

#include <cctype>
#include <set>

namespace aig::sim::openai {

namespace {

std::string_view kind_name(JsonRef v) {
    switch (v.kind()) {
        case JsonKind::null:
            return "null";
        case JsonKind::boolean:
            return "a boolean";
        case JsonKind::number:
            return v.integer() ? "an integer" : "a decimal";
        case JsonKind::string:
            return "a string";
        case JsonKind::array:
            return "an array";
        case JsonKind::object:
            return "an object";
    }
    return "null";
}

}  // namespace

Refusal refuse(std::string message, std::string param, std::string code) {
    return {400, "invalid_request_error", std::move(message), std::move(param), std::move(code)};
}
Refusal missing(const std::string& param) {
    return refuse(fmt::format("Missing required parameter: '{}'.", param), param, "missing_required_parameter");
}
Refusal wrong_type(const std::string& param, std::string_view wanted, JsonRef v) {
    return refuse(fmt::format("Invalid type for '{}': expected {}, but got {} instead.", param, wanted, kind_name(v)),
                  param, "invalid_type");
}
Refusal wrong_value(const std::string& param, std::string_view got, std::string_view allowed) {
    return refuse(fmt::format("Invalid value: '{}'. Supported values are: {}.", got, allowed), param, "invalid_value");
}

Checked bounded_integer(JsonRef root, std::string_view name, int64_t low, int64_t high, std::optional<int64_t>& out) {
    const JsonRef v = root[name];
    if (!given(v)) return {};
    const auto n = v.integer();
    if (!n) return wrong_type(std::string(name), "an integer", v);
    if (*n < low)
        return refuse(
            fmt::format("Invalid '{}': integer below minimum value. Expected a value >= {}, but got {} instead.", name,
                        low, *n),
            std::string(name), "integer_below_min_value");
    if (*n > high)
        return refuse(
            fmt::format("Invalid '{}': integer above maximum value. Expected a value <= {}, but got {} instead.", name,
                        high, *n),
            std::string(name), "integer_above_max_value");
    out = *n;
    return {};
}

Checked bounded_number(JsonRef root, std::string_view name, double low, double high) {
    const JsonRef v = root[name];
    if (!given(v)) return {};
    if (!v.is_number()) return wrong_type(std::string(name), "a decimal", v);
    const double d = number_of(v);
    if (d < low || d > high)
        return refuse(fmt::format("Invalid '{}': decimal {} value. Expected a value {} {}, but got {} instead.", name,
                                  d < low ? "below minimum" : "above maximum",
                                  d < low ? ">=" : "<=", d < low ? low : high, v.raw()),
                      std::string(name), d < low ? "decimal_below_min_value" : "decimal_above_max_value");
    return {};
}

Checked boolean(JsonRef root, std::string_view name, bool& out) {
    const JsonRef v = root[name];
    if (!given(v)) return {};
    if (!v.is_bool()) return wrong_type(std::string(name), "a boolean", v);
    out = v.boolean();
    return {};
}

bool tool_name_ok(std::string_view name) {
    if (name.empty() || name.size() > 64) return false;
    for (const char c : name)
        if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '-') return false;
    return true;
}

std::string strict_fault(JsonRef schema, const std::string& context, int depth) {
    if (depth > 32 || !schema.is_object()) return "";
    if (schema["type"].text() == "object" || schema["properties"]) {
        if (!schema["additionalProperties"].is_bool() || schema["additionalProperties"].boolean())
            return fmt::format("In context={}, 'additionalProperties' is required to be supplied and to be false.",
                               context);
        std::set<std::string_view> required;
        for (JsonRef r : schema["required"]) required.insert(r.text());
        for (JsonRef p : schema["properties"]) {
            if (!required.count(p.key()))
                return fmt::format(
                    "In context={}, 'required' is required to be supplied and to be an array including every "
                    "key in properties. Missing '{}'.",
                    context, p.key());
            if (auto f = strict_fault(p, fmt::format("('properties', '{}')", p.key()), depth + 1); !f.empty()) return f;
        }
    }
    return strict_fault(schema["items"], "('items')", depth + 1);
}

}  // namespace aig::sim::openai
