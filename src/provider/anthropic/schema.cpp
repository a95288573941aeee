// The subset of JSON Schema that structured outputs and strict tools take (docs: build-with-claude/structured-outputs,
// "JSON Schema limitations", 2026): no numeric or length bounds, every object closed. Taking a bound out widens what
// the model may answer, so each is listed; closing an object only narrows it.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/json.h"
#include "provider/anthropic/encode.h"

namespace aig::provider::anthropic {
namespace {

constexpr std::array<std::string_view, 11> bounds{
    "minimum",   "maximum",  "exclusiveMinimum", "exclusiveMaximum", "multipleOf",   "minLength",
    "maxLength", "maxItems", "uniqueItems",      "minProperties",    "maxProperties"};
constexpr std::array<std::string_view, 3> maps{"properties", "$defs", "definitions"};
constexpr std::array<std::string_view, 4> lists{"anyOf", "allOf", "oneOf", "prefixItems"};

template <size_t N>
bool in(const std::array<std::string_view, N>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

class Closer {
  public:
    Closer(const Job& job, const std::string& where) : job_(job), where_(where) {}

    Status schema(JsonRef s, JsonWriter& w) {
        if (!s.is_object()) return w.raw(s.raw()), Status();
        w.begin_object();
        for (const JsonRef m : s) TRYV(member(m, w));
        if (describes_object(s)) w.field("additionalProperties", false);
        w.end_object();
        return {};
    }

  private:
    static bool describes_object(JsonRef s) {
        const JsonRef type = s["type"];
        if (type.is_string()) return type.text() == "object";
        if (type.is_array())
            for (const JsonRef t : type)
                if (t.text() == "object") return true;
        return static_cast<bool>(s["properties"]);
    }

    Status member(JsonRef m, JsonWriter& w) {
        const auto key = m.key();
        if (in(bounds, key) || (key == "minItems" && m.integer().value_or(2) > 1))
            return job_.lose(where_ + "." + std::string(key)), Status();
        if (key == "additionalProperties") return additional(m);
        w.key(key);
        if (in(maps, key) && m.is_object()) {
            w.begin_object();
            for (const JsonRef named : m) {
                w.key(named.key());
                TRYV(schema(named, w));
            }
            w.end_object();
        } else if (in(lists, key) && m.is_array()) {
            w.begin_array();
            for (const JsonRef one : m) TRYV(schema(one, w));
            w.end_array();
        } else if (key == "items") {
            TRYV(schema(m, w));
        } else {
            w.raw(m.raw());
        }
        return {};
    }

    /// A map from free names to values cannot be said: closing it would allow only the empty object.
    Status additional(JsonRef m) {
        if (m.is_object() && m.size() > 0) return refuse("additionalProperties with a schema", where_);
        if (!m.is_bool() || m.boolean()) job_.lose(where_ + ".additionalProperties");
        return {};
    }

    const Job& job_;
    const std::string& where_;
};

}  // namespace

Result<std::string> closed_schema(std::string_view schema, const std::string& where, const Job& job) {
    auto doc = JsonDoc::parse(schema);
    if (!doc || !doc->root().is_object())
        return Error(ErrorCode::bad_param, fmt::format("{}: must be a JSON Schema object", where)).param(where);
    std::string out;
    JsonWriter w(out);
    TRYV(Closer(job, where).schema(doc->root(), w));
    return out;
}

}  // namespace aig::provider::anthropic
