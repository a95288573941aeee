#include "sim/detail/schema_instance.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "sim/detail/ask.h"
#include "sim/detail/pattern_text.h"

namespace aig::sim {

namespace {

constexpr int deepest = 24;
constexpr int64_t longest_array = 64;
constexpr int64_t longest_string = 4'096;

bool has_word(std::string_view text, std::string_view word) {
    return !word.empty() &&
           std::search(text.begin(), text.end(), word.begin(), word.end(), [](char a, char b) {
               return std::tolower(static_cast<unsigned char>(a)) == std::tolower(static_cast<unsigned char>(b));
           }) != text.end();
}

std::string format_sample(std::string_view format) {
    if (format == "date-time") return "2026-01-15T12:00:00Z";
    if (format == "date") return "2026-01-15";
    if (format == "time") return "12:00:00Z";
    if (format == "duration") return "PT1H";
    if (format == "email") return "user@example.com";
    if (format == "hostname") return "example.com";
    if (format == "ipv4") return "192.0.2.1";
    if (format == "ipv6") return "2001:db8::1";
    if (format == "uuid") return "123e4567-e89b-42d3-a456-426614174000";
    if (format == "uri" || format == "url") return "https://example.com/";
    return "";
}

/// One schema document and the writer into one string.
class Instance {
  public:
    Instance(JsonRef root, const InstanceHints& hints) : root_(root), hints_(hints) {}

    void value(JsonRef schema, std::string_view name, int depth, int64_t nth) {
        schema = resolve(schema);
        if (!schema.is_object() || schema.size() == 0) return any(name);
        if (schema["const"]) return raw(schema["const"].raw());
        if (schema["enum"].size() > 0) return enumerated(schema["enum"], nth);
        if (const JsonRef option = alternative(schema)) return value(option, name, depth + 1, nth);
        const std::string_view type = type_of(schema);
        if (depth > deepest && (type == "object" || type == "array")) return raw(type == "array" ? "[]" : "{}");
        if (type == "object") return object(schema, depth);
        if (type == "array") return array(schema, name, depth);
        if (type == "integer") return number(schema, true, nth);
        if (type == "number") return number(schema, false, nth);
        if (type == "boolean") return raw("true");
        if (type == "null") return raw("null");
        string(schema, name, nth);
    }

    std::string take() { return std::move(out_); }

  private:
    void raw(std::string_view json) { out_ += json; }

    /// A schema that allows everything.
    void any(std::string_view name) {
        if (name.empty()) return raw("{}");
        append_json_string(out_, word_for(name));
    }

    JsonRef resolve(JsonRef schema) const {
        for (int hops = 0; hops < deepest && schema["$ref"].is_string(); ++hops) {
            std::string_view pointer = schema["$ref"].text();
            if (!pointer.starts_with("#")) return {};
            JsonRef at = root_;
            pointer.remove_prefix(pointer.starts_with("#/") ? 2 : 1);
            while (!pointer.empty() && at) {
                const size_t slash = std::min(pointer.find('/'), pointer.size());
                at = at[pointer.substr(0, slash)];
                pointer.remove_prefix(std::min(slash + 1, pointer.size()));
            }
            schema = at;
        }
        return schema;
    }

    void enumerated(JsonRef options, int64_t nth) {
        const int64_t size = static_cast<int64_t>(options.size());
        int64_t i = 0;
        for (JsonRef o : options)
            if (nth == 0 && o.is_string() && has_word(hints_.prompt, o.text())) return raw(o.raw());
        for (JsonRef o : options)
            if (i++ == nth % size) return raw(o.raw());
    }

    /// The first member of anyOf or oneOf that is not null.
    JsonRef alternative(JsonRef schema) const {
        for (const std::string_view word : {"anyOf", "oneOf"})
            for (JsonRef option : schema[word])
                if (type_of(resolve(option)) != "null") return option;
        return {};
    }

    static std::string_view small(std::string_view word) {
        switch (word[0]) {
            case 'O':
                return "object";
            case 'A':
                return "array";
            case 'I':
                return "integer";
            case 'N':
                return "number";
            case 'B':
                return "boolean";
            default:
                return "string";
        }
    }

    std::string_view type_of(JsonRef schema) const {
        const JsonRef type = schema["type"];
        // Google writes the words in capitals.
        for (const std::string_view word : {"OBJECT", "ARRAY", "INTEGER", "NUMBER", "BOOLEAN", "STRING"})
            if (type.text() == word) return small(word);
        if (type.is_string()) return type.text();
        for (JsonRef t : type)
            if (t.text() != "null") return t.text();
        if (schema["properties"] || schema["allOf"]) return "object";
        if (schema["items"] || schema["prefixItems"]) return "array";
        if (schema["minimum"] || schema["maximum"] || schema["multipleOf"]) return "number";
        return schema["enum"] || schema["const"] ? "" : "string";
    }

    struct Member {
        std::string_view name;
        JsonRef schema;
        bool required;
    };

    void gather(JsonRef schema, std::vector<Member>& members, int depth) const {
        if (depth > deepest) return;
        for (JsonRef part : schema["allOf"]) gather(resolve(part), members, depth + 1);
        for (JsonRef p : schema["properties"]) members.push_back({p.key(), p, false});
        for (JsonRef r : schema["required"]) {
            bool found = false;
            for (Member& m : members)
                if (m.name == r.text()) found = m.required = true;
            if (!found) members.push_back({r.text(), {}, true});
        }
    }

    /// Required members; all of them when none is required, as a model fills the obvious ones.
    void object(JsonRef schema, int depth) {
        std::vector<Member> members;
        gather(schema, members, 0);
        const bool some_required =
            std::any_of(members.begin(), members.end(), [](const Member& m) { return m.required; });
        raw("{");
        bool first = true;
        for (const Member& m : members) {
            if (some_required && !m.required) continue;
            if (!some_required && depth > 4) continue;
            if (!first) raw(",");
            first = false;
            append_json_string(out_, m.name);
            raw(":");
            value(m.schema, m.name, depth + 1, 0);
        }
        raw("}");
    }

    void array(JsonRef schema, std::string_view name, int depth) {
        int64_t wanted = std::max<int64_t>(1, schema["minItems"].integer().value_or(1));
        wanted = std::min({wanted, longest_array, schema["maxItems"].integer().value_or(longest_array)});
        raw("[");
        int64_t i = 0;
        for (JsonRef item : schema["prefixItems"]) {
            if (i++ > 0) raw(",");
            value(item, name, depth + 1, 0);
        }
        for (; i < wanted; ++i) {
            if (i > 0) raw(",");
            value(schema["items"], name, depth + 1, i);
        }
        raw("]");
    }

    void number(JsonRef schema, bool whole, int64_t nth) {
        const double step = number_of(schema["multipleOf"], whole ? 1 : 0);
        const double small = whole ? 1 : 0.5;
        double low = number_of(schema["minimum"], -HUGE_VAL), high = number_of(schema["maximum"], HUGE_VAL);
        if (schema["exclusiveMinimum"].is_number())
            low = number_of(schema["exclusiveMinimum"], 0) + (step > 0 ? step : small);
        if (schema["exclusiveMaximum"].is_number())
            high = number_of(schema["exclusiveMaximum"], 0) - (step > 0 ? step : small);
        double v = 1 + static_cast<double>(nth);
        v = std::min(std::max(v, low), high);
        if (step > 0) v = std::ceil(v / step) * step;
        if (v > high && step > 0) v -= step;
        if (whole) v = std::round(v);
        if (std::abs(v) < 9e15 && v == std::floor(v)) return raw(fmt::format("{}", static_cast<int64_t>(v)));
        raw(fmt::format("{}", v));
    }

    std::string word_for(std::string_view name) const {
        if (!hints_.subject.empty()) return std::string(hints_.subject);
        return name.empty() ? "text" : "sample " + std::string(name);
    }

    void string(JsonRef schema, std::string_view name, int64_t nth) {
        std::string text = format_sample(schema["format"].text());
        if (text.empty() && schema["pattern"].is_string()) text = pattern_text(schema["pattern"].text());
        if (text.empty()) text = word_for(name);
        if (nth > 0) text += fmt::format(" {}", nth + 1);
        const int64_t shortest = std::min(schema["minLength"].integer().value_or(0), longest_string);
        const int64_t longest = schema["maxLength"].integer().value_or(longest_string);
        while (static_cast<int64_t>(text.size()) < shortest) text += 'x';
        // Lengths count characters; cutting bytes leaves at most that many, and a cut character is dropped whole.
        if (static_cast<int64_t>(text.size()) > longest) {
            size_t end = static_cast<size_t>(std::max<int64_t>(longest, 0));
            while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
            text.resize(end);
        }
        append_json_string(out_, text);
    }

    JsonRef root_;
    const InstanceHints& hints_;
    std::string out_;
};

}  // namespace

std::string schema_instance(JsonRef schema, const InstanceHints& hints) {
    Instance instance(schema, hints);
    instance.value(schema, "", 0, 0);
    return instance.take();
}

}  // namespace aig::sim
