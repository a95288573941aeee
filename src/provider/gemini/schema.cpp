// JSON Schema -> the OpenAPI 3.0 subset of Schema (ai.google.dev/api/caching#Schema, 2026-08): references put in place,
// null as `nullable`, const as an enum of one, oneOf as anyOf. What has no counterpart widens the answer and is listed.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "provider/gemini/encode.h"

namespace aig::provider::gemini {
namespace {

constexpr int deepest = 32;
constexpr size_t longest = 1u << 20;  // references put in place can multiply

constexpr std::array<std::string_view, 16> kept{
    "format",        "title",     "description", "maxItems", "minItems", "required", "minProperties",
    "maxProperties", "minLength", "maxLength",   "pattern",  "example",  "default",  "propertyOrdering",
    "minimum",       "maximum"};
/// Without a meaning of their own here.
constexpr std::array<std::string_view, 10> silent{
    "$schema",  "$id",  "$defs", "definitions", "$comment", "nullable", "additionalProperties",
    "examples", "$ref", "strict"};

template <size_t N>
bool in(const std::array<std::string_view, N>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

class Mapper {
  public:
    Mapper(JsonRef root, const Job& job, const std::string& where) : root_(root), job_(job), where_(where) {}

    Result<std::string> map() {
        TRYV(schema(root_, 0, false));
        return std::move(out_);
    }

  private:
    Status schema(JsonRef s, int depth, bool nullable) {
        if (depth > deepest || out_.size() > longest) return refuse("a schema that holds itself", where_);
        if (!s.is_object()) {  // `true`: anything
            w_.begin_object().end_object();
            return {};
        }
        if (const auto ref = s["$ref"].text(); !ref.empty()) {
            TRY(const JsonRef target, resolve(ref));
            return schema(target, depth + 1, nullable);
        }
        const JsonRef options = s["anyOf"] ? s["anyOf"] : s["oneOf"];
        if (options.is_array()) return choices(s, options, depth, nullable);
        w_.begin_object();
        TRYV(members(s, depth, nullable));
        w_.end_object();
        return {};
    }

    Status members(JsonRef s, int depth, bool nullable) {
        nullable |= type(s["type"]) || s["nullable"].boolean();
        if (nullable) w_.field("nullable", true);
        for (const JsonRef m : s) TRYV(member(m, depth));
        return {};
    }

    /// Writes the type; tells whether null is allowed beside it.
    bool type(JsonRef t) {
        if (t.is_string()) return w_.field("type", upper(t.text())), false;
        bool null = false;
        std::string_view first;
        for (const JsonRef one : t) {
            if (one.text() == "null")
                null = true;
            else if (first.empty())
                first = one.text();
            else
                job_.lose(where_ + ".type");
        }
        if (!first.empty()) w_.field("type", upper(first));
        return null;
    }

    Status member(JsonRef m, int depth) {
        const auto key = m.key();
        if (key == "type" || in(silent, key)) return additional(m);
        if (key == "enum") return enumeration(m);
        if (key == "const") {
            w_.key("enum").begin_array().raw(m.is_string() ? std::string(m.raw()) : json_string(m.raw())).end_array();
            return {};
        }
        if (key == "properties" && m.is_object()) {
            w_.key(key).begin_object();
            for (const JsonRef named : m) {
                w_.key(named.key());
                TRYV(schema(named, depth + 1, false));
            }
            w_.end_object();
            return {};
        }
        if (key == "items") {
            w_.key(key);
            return schema(m, depth + 1, false);
        }
        if (in(kept, key))
            w_.field_raw(key, m.raw());
        else
            job_.lose(where_ + "." + std::string(key));
        return {};
    }

    /// A map from free names to values has no counterpart; forbidding more names is how these models behave anyway.
    Status additional(JsonRef m) {
        if (m.key() == "additionalProperties" && m.is_object() && m.size()) job_.lose(where_ + ".additionalProperties");
        return {};
    }

    /// Enums are of strings.
    Status enumeration(JsonRef list) {
        w_.key("enum").begin_array();
        for (const JsonRef v : list)
            if (!v.is_null()) w_.raw(v.is_string() ? std::string(v.raw()) : json_string(v.raw()));
        w_.end_array();
        return {};
    }

    /// "or null" is no alternative of its own, and a single alternative is none.
    Status choices(JsonRef s, JsonRef options, int depth, bool nullable) {
        std::vector<JsonRef> real;
        for (const JsonRef o : options)
            if (o["type"].text() == "null")
                nullable = true;
            else
                real.push_back(o);
        if (real.size() == 1) return schema(real[0], depth + 1, nullable);
        w_.begin_object();
        if (nullable) w_.field("nullable", true);
        if (const JsonRef d = s["description"]) w_.field_raw("description", d.raw());
        w_.key("anyOf").begin_array();
        for (const JsonRef o : real) TRYV(schema(o, depth + 1, false));
        w_.end_array().end_object();
        return {};
    }

    /// "#", "#/$defs/Name", "#/definitions/Name".
    Result<JsonRef> resolve(std::string_view ref) const {
        JsonRef at = root_;
        if (!ref.starts_with('#')) return refuse("a schema with a reference to another document", where_);
        for (ref.remove_prefix(1); !ref.empty();) {
            ref.remove_prefix(ref.starts_with('/') ? 1 : 0);
            const size_t end = std::min(ref.find('/'), ref.size());
            at = at[ref.substr(0, end)];
            ref.remove_prefix(end);
        }
        if (!at) return Error(ErrorCode::bad_param, where_ + ": a $ref names nothing").param(where_);
        return at;
    }

    static std::string upper(std::string_view word) {
        std::string out(word);
        for (char& c : out)
            if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
        return out;
    }

    const JsonRef root_;
    const Job& job_;
    const std::string& where_;
    std::string out_;
    JsonWriter w_{out_};
};

}  // namespace

Result<std::string> openapi_schema(std::string_view schema, const std::string& where, const Job& job) {
    auto doc = JsonDoc::parse(schema);
    if (!doc || !doc->root().is_object())
        return Error(ErrorCode::bad_param, fmt::format("{}: must be a JSON Schema object", where)).param(where);
    return Mapper(doc->root(), job, where).map();
}

}  // namespace aig::provider::gemini
