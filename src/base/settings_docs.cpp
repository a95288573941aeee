// The reference and the JSON schema, written from the rows.
#include <fmt/format.h>

#include "base/json.h"
#include "base/settings.h"

namespace aig::settings {
namespace {
using Branch = Schema::Branch;

std::string alternatives(std::string_view words, std::string_view separator) {
    std::string out;
    for (const char c : words) c == '|' ? out.append(separator) : out.append(1, c);
    return out;
}

std::string_view type_name(Type t) {
    switch (t) {
        case Type::text:
            return "text";
        case Type::integer:
            return "whole number";
        case Type::boolean:
            return "true or false";
        case Type::duration:
            return "time";
        case Type::size:
            return "size";
        case Type::decimal:
            return "decimal text";
        case Type::choice:
            return "choice";
        case Type::address:
            return "host:port";
        case Type::url:
            return "URL";
        case Type::texts:
            return "list of text";
        case Type::group:
            return "group";
        case Type::named:
            return "map";
        case Type::list:
            return "list";
    }
    return "";
}

std::string milliseconds(int64_t ms) {
    if (ms % 3'600'000 == 0 && ms) return fmt::format("{}h", ms / 3'600'000);
    if (ms % 60'000 == 0 && ms) return fmt::format("{}m", ms / 60'000);
    if (ms % 1'000 == 0 && ms) return fmt::format("{}s", ms / 1'000);
    return fmt::format("{}ms", ms);
}
std::string bytes(int64_t n) {
    if (n % (1 << 30) == 0 && n) return fmt::format("{}GiB", n >> 30);
    if (n % (1 << 20) == 0 && n) return fmt::format("{}MiB", n >> 20);
    if (n % (1 << 10) == 0 && n) return fmt::format("{}KiB", n >> 10);
    return fmt::format("{}", n);
}

std::string values_cell(const Setting& s) {
    if (!s.is_built) return "not in this version";
    if (!s.only.empty()) return fmt::format("only `{}` in this version", s.only);
    if (s.type == Type::choice) return "`" + alternatives(s.accepted, "`, `") + "`";
    std::string out(type_name(s.type));
    if (s.type == Type::integer) out = fmt::format("{} to {}", s.min, s.max);
    if (s.type == Type::duration) out = fmt::format("{} to {}", milliseconds(s.min), milliseconds(s.max));
    if (s.type == Type::size) out = fmt::format("{} to {}", bytes(s.min), bytes(s.max));
    if (!s.accepted.empty()) out += ", or `" + alternatives(s.accepted, "`, `") + "`";
    if (!s.unit.empty()) out += fmt::format(" ({})", s.unit);
    return out;
}

std::string default_cell(const Setting& s) {
    if (s.is_required) return "required";
    if (s.type == Type::texts) return "`[]`";
    return s.fallback.empty() ? "none" : fmt::format("`{}`", s.fallback);
}

bool composite(Type t) { return t == Type::group || t == Type::named || t == Type::list; }

/// A path as a reader would write it: "providers.*.api_keys[]" -> "providers.NAME.api_keys[]".
std::string shown_path(std::string_view path) {
    std::string out;
    for (const char c : path) c == '*' ? out.append("NAME") : out.append(1, c);
    return out;
}

class Reference {
  public:
    std::string write(const Branch& root) {
        out_ =
            "# Configuration reference\n\n"
            "Written from the program's own tables by `aig config docs`. One YAML file; every value may hold "
            "`${env:NAME}` (an\n"
            "environment variable) or `${file:PATH}` (a file's content without its last line end); `$${` stands for "
            "`${`. Unknown keys,\n"
            "values out of range and missing secrets stop the start, all named at once with their lines (`aig config "
            "check FILE`).\n"
            "`kill -HUP` reloads; a reload that finds a fault changes nothing. Times: `500ms`, `2s`, `10m`, `1h`, "
            "`7d`. Sizes: `64KiB`,\n"
            "`256MiB`, `1GiB`. Money and prices are decimal text. Relative paths start at the working directory.\n";
        section("Top level", "", root);
        return std::move(out_);
    }

  private:
    void section(const std::string& title, std::string_view what, const Branch& b) {
        out_ += fmt::format("\n## {}\n\n", title);
        if (!what.empty()) out_ += fmt::format("{}\n\n", what);
        std::vector<const Branch*> below;
        bool header = false;
        for (const auto& [name, m] : b.members) {
            if (composite(m->row->type)) {
                below.push_back(m);
                continue;
            }
            if (!header) out_ += "| key | values | default | takes effect | meaning |\n|---|---|---|---|---|\n";
            header = true;
            row(name, *m->row);
        }
        if (!header && below.size() == b.members.size() && title == "Top level") out_ += "Only the groups below.\n";
        for (const auto* m : below) group(*m);
    }

    void group(const Branch& m) {
        const auto path = shown_path(m.row->path);
        if (m.row->type == Type::group) return section("`" + path + "`", m.row->what, m);
        const auto& each = *m.each;
        const auto element = shown_path(each.row->path);
        if (composite(each.row->type)) return section("`" + element + "`", m.row->what, each);
        out_ += fmt::format(
            "\n## `{}`\n\n{}\n\n| key | values | default | takes effect | meaning |\n|---|---|---|---|---|\n", element,
            m.row->what);
        row("NAME", *each.row);
    }

    void row(std::string_view name, const Setting& s) {
        out_ += fmt::format("| `{}` | {} | {} | {} | {}{} |\n", name, values_cell(s), default_cell(s),
                            s.live ? "reload" : "restart", s.what, s.is_secret ? " Secret: never shown." : "");
    }

    std::string out_;
};

class JsonSchema {
  public:
    std::string write(const Branch& root, std::string_view title) {
        writer_.begin_object().field("$schema", "https://json-schema.org/draft/2020-12/schema").field("title", title);
        object(root);
        writer_.end_object();
        return std::move(out_) + "\n";
    }

  private:
    void object(const Branch& b) {
        writer_.field("type", "object").field("additionalProperties", false).key("properties").begin_object();
        for (const auto& [name, m] : b.members) {
            writer_.key(name).begin_object();
            value(*m);
            writer_.end_object();
        }
        writer_.end_object();
        required(b);
    }

    void required(const Branch& b) {
        std::vector<std::string_view> names;
        for (const auto& [name, m] : b.members)
            if (m->row->is_required) names.push_back(name);
        if (names.empty()) return;
        writer_.key("required").begin_array();
        for (const auto n : names) writer_.string(n);
        writer_.end_array();
    }

    void value(const Branch& b) {
        const auto& s = *b.row;
        writer_.field("description", s.what);
        if (s.type == Type::group) return object(b);
        if (s.type == Type::named || s.type == Type::list) return each(b);
        if (s.type == Type::texts) {
            writer_.field("type", "array").key("items").begin_object().field("type", "string").end_object();
            return;
        }
        scalar(s);
        if (!s.fallback.empty()) writer_.field("default", s.fallback);
    }

    void each(const Branch& b) {
        const bool list = b.row->type == Type::list;
        writer_.field("type", list ? "array" : "object").key(list ? "items" : "additionalProperties").begin_object();
        value(*b.each);
        writer_.end_object();
    }

    /// Numbers and flags may also be texts, because every value may be a substitution.
    void scalar(const Setting& s) {
        if (!s.only.empty()) {
            writer_.key("enum").begin_array().string(s.only).null().end_array();
            return;
        }
        writer_.key("type").begin_array();
        if (s.type == Type::integer || s.type == Type::size) writer_.string("integer");
        if (s.type == Type::decimal) writer_.string("number");
        if (s.type == Type::boolean) writer_.string("boolean");
        writer_.string("string");
        if (s.fallback.empty() && !s.is_required) writer_.string("null");
        writer_.end_array();
        if (s.type == Type::integer) writer_.field("minimum", s.min).field("maximum", s.max);
        if (s.type != Type::choice) return;
        writer_.key("examples").begin_array();
        for (std::string_view words = s.accepted; !words.empty();) {
            const size_t bar = words.find('|');
            writer_.string(words.substr(0, bar));
            words = bar == std::string_view::npos ? "" : words.substr(bar + 1);
        }
        writer_.end_array();
    }

    std::string out_;
    JsonWriter writer_{out_};
};
}  // namespace

std::string reference(const Schema& schema) { return Reference().write(schema.root()); }
std::string json_schema(const Schema& schema, std::string_view title) {
    return JsonSchema().write(schema.root(), title);
}
}  // namespace aig::settings
