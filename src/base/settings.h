// Settings, declared once: a room lists its settings as rows (path, type, sentence, default, bounds, unit, when a
// change takes effect, secret or not), and checking, reading, the reference and the JSON schema all come from those
// rows.
//
// Node is a parsed configuration, whatever the file format was; Schema is a set of rows as a tree; check() finds
// everything wrong in a Node, all at once; Reader takes checked values out. Pure values, no I/O; immutable after they
// are made.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace aig::settings {

/// One thing wrong. `path` names the value as the file writes it ("models.openai/gpt-5.4.price"); line 0 = unknown.
struct Fault {
    std::string path, message;
    int line = 0;
    bool operator==(const Fault&) const = default;
};

struct Node {
    enum class Kind : uint8_t { null, scalar, list, map };
    Kind kind = Kind::null;
    std::string text;     ///< of a scalar
    bool quoted = false;  ///< stood in quotes: is text, whatever it looks like
    bool secret = false;  ///< holds a substituted value: never shown
    int line = 0;
    std::vector<Node> items;        ///< of a list, or the values of a map
    std::vector<std::string> keys;  ///< of a map, in the order of `items`; unique
    const Node* find(std::string_view key) const;
};

enum class Type : uint8_t {
    text,
    integer,
    boolean,
    duration,
    size,
    decimal,
    choice,
    address,
    url,
    texts,  ///< list of texts
    group,  ///< the settings below it
    named,  ///< a map from names the operator chooses to groups or values: "providers.*"
    list,   ///< a list of groups: "targets[]"
};

/// One row. Made by the functions below, refined by its own: text("log.level", "info",
/// "…").words("debug|info|warn|error").
struct Setting {
    std::string_view path;  ///< "server.listen", "providers.*.api_keys[].weight"
    Type type = Type::text;
    std::string_view fallback;  ///< as the file would write it; "" = null, nothing
    std::string_view what;      ///< one sentence
    std::string_view accepted;  ///< "auto|json|text": the choices, or words accepted beside numbers
    std::string_view unit;
    std::string_view only;             ///< not "": the one value this version has; any other is refused
    int64_t min = 0, max = INT64_MAX;  ///< of integers; milliseconds of durations; bytes of sizes; characters of texts
    bool live = true;                  ///< a reload applies it; else a restart
    bool is_secret = false, is_required = false, is_built = true;

    constexpr Setting words(std::string_view w) const {
        auto s = *this;
        s.accepted = w;
        return s;
    }
    constexpr Setting in(std::string_view u) const {
        auto s = *this;
        s.unit = u;
        return s;
    }
    constexpr Setting range(int64_t low, int64_t high) const {
        auto s = *this;
        s.min = low;
        s.max = high;
        return s;
    }
    constexpr Setting restart() const {
        auto s = *this;
        s.live = false;
        return s;
    }
    constexpr Setting secret() const {
        auto s = *this;
        s.is_secret = true;
        return s;
    }
    constexpr Setting required() const {
        auto s = *this;
        s.is_required = true;
        return s;
    }
    constexpr Setting only_value(std::string_view v) const {
        auto s = *this;
        s.only = v;
        return s;
    }
    constexpr Setting not_built() const {
        auto s = *this;
        s.is_built = false;
        return s;
    }
};
constexpr Setting make(Type t, std::string_view path, std::string_view fallback, std::string_view what) {
    Setting s;
    s.path = path;
    s.type = t;
    s.fallback = fallback;
    s.what = what;
    return s;
}
constexpr Setting text(std::string_view path, std::string_view fallback, std::string_view what) {
    return make(Type::text, path, fallback, what).range(0, 4096);
}
constexpr Setting integer(std::string_view path, std::string_view fallback, std::string_view what) {
    return make(Type::integer, path, fallback, what);
}
constexpr Setting boolean(std::string_view path, std::string_view fallback, std::string_view what) {
    return make(Type::boolean, path, fallback, what);
}
constexpr Setting duration(std::string_view path, std::string_view fallback, std::string_view what) {
    return make(Type::duration, path, fallback, what);
}
constexpr Setting size(std::string_view path, std::string_view fallback, std::string_view what) {
    return make(Type::size, path, fallback, what);
}
constexpr Setting decimal(std::string_view path, std::string_view fallback, std::string_view what) {
    return make(Type::decimal, path, fallback, what);
}
constexpr Setting choice(std::string_view path, std::string_view fallback, std::string_view what) {
    return make(Type::choice, path, fallback, what);
}
constexpr Setting address(std::string_view path, std::string_view fallback, std::string_view what) {
    return make(Type::address, path, fallback, what);
}
constexpr Setting url(std::string_view path, std::string_view fallback, std::string_view what) {
    return make(Type::url, path, fallback, what);
}
constexpr Setting texts(std::string_view path, std::string_view what) { return make(Type::texts, path, "", what); }
constexpr Setting group(std::string_view path, std::string_view what) { return make(Type::group, path, "", what); }
constexpr Setting named(std::string_view path, std::string_view what) { return make(Type::named, path, "", what); }
constexpr Setting list(std::string_view path, std::string_view what) { return make(Type::list, path, "", what); }

/// Rows as a tree. A row must come after the row of the group it stands in; broken tables end the process (a test makes
/// one).
class Schema {
  public:
    explicit Schema(std::span<const Setting> rows);
    Schema(Schema&&) noexcept = default;

    struct Branch {
        const Setting* row = nullptr;                               ///< null for the root
        std::vector<std::pair<std::string_view, Branch*>> members;  ///< of a group, in the table's order
        Branch* each = nullptr;                                     ///< of a named map or a list
        const Branch* find(std::string_view name) const;
    };
    const Branch& root() const { return branches_.front(); }
    const std::deque<Setting>& rows() const { return rows_; }

  private:
    std::deque<Setting> rows_;
    std::deque<Branch> branches_;
};

/// Everything wrong with `node`, in the order of the file, at most 100.
std::vector<Fault> check(const Schema& schema, const Node& node);

/// Takes values out of a checked node; what is not there has its row's default. Asking for a setting that has no row,
/// or as another type, ends the process: it is a mistake of ours.
class Reader {
  public:
    Reader(const Schema& schema, const Node& node) : branch_(&schema.root()), node_(&node) {}
    std::string text(std::string_view name) const;  ///< text, choice, decimal, address, url; "" for null
    std::optional<int64_t> number(
        std::string_view name) const;  ///< integer, duration (ms), size (bytes); nothing for null and words
    bool flag(std::string_view name) const;
    std::vector<std::string> texts(std::string_view name) const;
    Reader group(std::string_view name) const;
    bool present(std::string_view name) const;  ///< written and not null
    std::vector<std::pair<std::string, Reader>> named(std::string_view name) const;
    std::vector<std::pair<std::string, std::string>> values(
        std::string_view name) const;  ///< a named map of scalars, or a group's written scalars
    std::vector<std::pair<std::string, std::string>> values() const;  ///< this group's own
    std::vector<Reader> list(std::string_view name) const;

  private:
    Reader(const Schema::Branch* branch, const Node* node) : branch_(branch), node_(node) {}
    const Schema::Branch& member(std::string_view name) const;
    const Node* value(std::string_view name) const;
    const Schema::Branch* branch_;
    const Node* node_;  ///< null: nothing of this group is written
};

/// "2s", "500ms", "10m", "1h", "7d" -> milliseconds. A unit is needed.
Result<int64_t> parse_duration(std::string_view text);
/// "64KiB", "256MiB", "2GiB", "1000" (bytes), "10MB".
Result<int64_t> parse_size(std::string_view text);
struct Address {
    std::string host;
    uint16_t port = 0;
};
/// "127.0.0.1:8080", "[::1]:8080", "localhost:0".
Result<Address> parse_address(std::string_view text);

/// The reference in Markdown, and the JSON schema (draft 2020-12) of the file.
std::string reference(const Schema& schema);
std::string json_schema(const Schema& schema, std::string_view title);

}  // namespace aig::settings
