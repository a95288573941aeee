#include <charconv>

#include <fmt/format.h>

#include "base/money.h"
#include "base/nearest.h"
#include "base/settings.h"

namespace aig::settings {
namespace {
constexpr size_t most_faults = 100;
constexpr size_t longest_shown = 60;

/// Calls fn(word) for each of "a|b|c"; true when one call says so.
template <class Fn>
bool any_word(std::string_view words, Fn fn) {
    while (!words.empty()) {
        const size_t bar = words.find('|');
        if (fn(words.substr(0, bar))) return true;
        words = bar == std::string_view::npos ? "" : words.substr(bar + 1);
    }
    return false;
}

std::vector<std::string_view> word_list(std::string_view words) {
    std::vector<std::string_view> out;
    any_word(words, [&](std::string_view w) { return out.push_back(w), false; });
    return out;
}

std::string_view kind_name(Node::Kind kind) {
    switch (kind) {
        case Node::Kind::null:
            return "blank";
        case Node::Kind::scalar:
            return "a single value";
        case Node::Kind::list:
            return "a list";
        case Node::Kind::map:
            return "a map";
    }
    return "";
}

class Checker {
  public:
    explicit Checker(std::vector<Fault>& faults) : faults_(faults) {}

    void group(const Schema::Branch& branch, const Node& node, const std::string& path) {
        for (size_t i = 0; i < node.keys.size(); ++i) {
            const auto at = path.empty() ? node.keys[i] : path + "." + node.keys[i];
            if (const auto* b = branch.find(node.keys[i]))
                value(*b, node.items[i], at);
            else
                unknown(branch, node.keys[i], node.items[i], at);
        }
        for (const auto& [name, b] : branch.members)
            if (b->row->is_required && !node.find(name))
                fault(node, path.empty() ? std::string(name) : path + "." + std::string(name),
                      "is missing: " + lower_first(b->row->what));
    }

  private:
    void value(const Schema::Branch& b, const Node& n, const std::string& path) {
        const auto& row = *b.row;
        const bool nullable = row.fallback.empty() && !row.is_required && row.type != Type::group &&
                              row.type != Type::named && row.type != Type::list;
        if (n.kind == Node::Kind::null)
            return nullable ? void() : fault(n, path, "is blank: give it a value, or remove the line");
        if (!row.is_built) return fault(n, path, "not in this version: remove it");
        if (!row.only.empty() && !(n.kind == Node::Kind::scalar && n.text == row.only) &&
            !(n.kind == Node::Kind::list && n.items.empty() && row.only == "[]"))
            return fault(n, path, fmt::format("not in this version: only {} is, or remove it", row.only));
        if (!row.only.empty()) return;
        switch (row.type) {
            case Type::group:
                return need(n, path, Node::Kind::map) ? group(b, n, path) : void();
            case Type::named:
                return need(n, path, Node::Kind::map) ? each(b, n, path) : void();
            case Type::list:
                return need(n, path, Node::Kind::list) ? elements(b, n, path) : void();
            case Type::texts:
                return need(n, path, Node::Kind::list) ? all_texts(row, n, path) : void();
            default:
                return need(n, path, Node::Kind::scalar) ? scalar(row, n, path) : void();
        }
    }

    void each(const Schema::Branch& b, const Node& n, const std::string& path) {
        for (size_t i = 0; i < n.keys.size(); ++i) {
            const auto at = path + "." + n.keys[i];
            if (n.keys[i].empty() || n.keys[i].size() > 256)
                fault(n.items[i], path, "holds a name that is empty or longer than 256 characters");
            else if (b.each)
                value(*b.each, n.items[i], at);
        }
    }

    void elements(const Schema::Branch& b, const Node& n, const std::string& path) {
        if (n.items.size() > 1000) return fault(n, path, "at most 1000 elements");
        for (size_t i = 0; i < n.items.size(); ++i)
            if (b.each) value(*b.each, n.items[i], fmt::format("{}[{}]", path, i));
    }

    void all_texts(const Setting& row, const Node& n, const std::string& path) {
        if (n.items.size() > 1000) return fault(n, path, "at most 1000 elements");
        for (size_t i = 0; i < n.items.size(); ++i) {
            const auto at = fmt::format("{}[{}]", path, i);
            if (need(n.items[i], at, Node::Kind::scalar)) text(row, n.items[i], at);
        }
    }

    void scalar(const Setting& row, const Node& n, const std::string& path) {
        if (row.type != Type::choice && any_word(row.accepted, [&](std::string_view w) { return w == n.text; })) return;
        switch (row.type) {
            case Type::integer:
                return integer(row, n, path);
            case Type::boolean:
                return n.text == "true" || n.text == "false"
                           ? void()
                           : fault(n, path, fmt::format("must be true or false, not {}", shown(row, n)));
            case Type::duration:
                return bounded(row, n, path, parse_duration(n.text), "ms");
            case Type::size:
                return bounded(row, n, path, parse_size(n.text), "bytes");
            case Type::decimal:
                return decimal(row, n, path);
            case Type::choice:
                return choice(row, n, path);
            case Type::address:
                return parse_address(n.text)
                           ? void()
                           : fault(n, path,
                                   fmt::format("{}, not {}", parse_address(n.text).error().message(), shown(row, n)));
            case Type::url:
                return url(row, n, path);
            default:
                return text(row, n, path);
        }
    }

    void text(const Setting& row, const Node& n, const std::string& path) {
        if (n.text.size() < static_cast<size_t>(row.min) || (row.is_required && n.text.empty()))
            fault(n, path, "is empty");
        else if (static_cast<int64_t>(n.text.size()) > row.max)
            fault(n, path, fmt::format("is longer than {} characters", row.max));
    }

    void integer(const Setting& row, const Node& n, const std::string& path) {
        int64_t v = 0;
        const auto [end, bad] = std::from_chars(n.text.data(), n.text.data() + n.text.size(), v);
        const bool whole = bad == std::errc{} && end == n.text.data() + n.text.size();
        if (whole && v >= row.min && v <= row.max) return;
        const auto words =
            row.accepted.empty() ? std::string() : fmt::format(" or '{}'", fmt::join(word_list(row.accepted), "', '"));
        fault(n, path,
              fmt::format("must be a whole number from {} to {}{}, not {}", row.min, row.max, words, shown(row, n)));
    }

    void bounded(const Setting& row, const Node& n, const std::string& path, const Result<int64_t>& v,
                 std::string_view unit) {
        if (!v) return fault(n, path, fmt::format("{}, not {}", v.error().message(), shown(row, n)));
        if (*v < row.min || *v > row.max)
            fault(n, path, fmt::format("must be from {} to {} {}, not {}", row.min, row.max, unit, shown(row, n)));
    }

    void decimal(const Setting& row, const Node& n, const std::string& path) {
        const auto v = parse_decimal(n.text, 12, "");  // exactness at its own unit is checked by whoever prices with it
        if (!v && v.error().message().ends_with("decimal places"))
            return fault(n, path,
                         fmt::format("{} has more than 12 decimal places: nothing is reckoned finer than 10^-12",
                                     shown(row, n)));
        if (!v || *v < 0)
            fault(n, path, fmt::format("must be a decimal number like \"1.25\", zero or more, not {}", shown(row, n)));
    }

    void choice(const Setting& row, const Node& n, const std::string& path) {
        const auto words = word_list(row.accepted);
        if (any_word(row.accepted, [&](std::string_view w) { return w == n.text; })) return;
        fault(n, path,
              fmt::format("must be one of {}, not {}{}", fmt::join(words, ", "), shown(row, n),
                          did_you_mean(n.text, words)));
    }

    void url(const Setting& row, const Node& n, const std::string& path) {
        const bool scheme = n.text.starts_with("http://") || n.text.starts_with("https://");
        if (!scheme || n.text.size() > 1024 || n.text.find_first_of(" \t\r\n\"'<>") != std::string::npos ||
            n.text.find("//") + 2 >= n.text.size())
            fault(n, path, fmt::format("must be a URL that begins with http:// or https://, not {}", shown(row, n)));
    }

    void unknown(const Schema::Branch& branch, std::string_view key, const Node& n, const std::string& path) {
        std::vector<std::string_view> known;
        for (const auto& [name, b] : branch.members) known.push_back(name);
        auto hint = did_you_mean(key, known);
        if (hint.empty() && known.size() <= 20) hint = fmt::format("; known here: {}", fmt::join(known, ", "));
        fault(n, path, fmt::format("unknown key '{}'{}", key.substr(0, longest_shown), hint));
    }

    bool need(const Node& n, const std::string& path, Node::Kind kind) {
        if (n.kind == kind) return true;
        fault(n, path, fmt::format("must be {}, not {}", kind_name(kind), kind_name(n.kind)));
        return false;
    }

    /// The written value, for the message; never a secret, nor what came out of the environment or a file.
    static std::string shown(const Setting& row, const Node& n) {
        if (n.secret || row.is_secret) return "what it is now";
        return fmt::format("'{}'", n.text.substr(0, longest_shown));
    }

    static std::string lower_first(std::string_view sentence) {
        std::string s(sentence);
        if (s.size() > 1 && s[0] >= 'A' && s[0] <= 'Z' && !(s[1] >= 'A' && s[1] <= 'Z'))
            s[0] = static_cast<char>(s[0] + 32);
        return s;
    }

    void fault(const Node& n, std::string path, std::string message) {
        if (faults_.size() < most_faults) faults_.push_back({std::move(path), std::move(message), n.line});
    }

    std::vector<Fault>& faults_;
};
}  // namespace

std::vector<Fault> check(const Schema& schema, const Node& node) {
    std::vector<Fault> faults;
    if (node.kind == Node::Kind::map)
        Checker(faults).group(schema.root(), node, "");
    else
        faults.push_back({"",
                          node.kind == Node::Kind::null ? "the file is empty" : "the file must be a map of settings",
                          node.line});
    return faults;
}
}  // namespace aig::settings
