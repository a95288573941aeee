#include "base/settings.h"

#include <charconv>
#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>

namespace aig::settings {
namespace {
[[noreturn]] void broken_table(std::string_view path, std::string_view why) {
    fmt::print(stderr, "broken settings table: {}: {}\n", path, why);
    std::abort();
}

/// The part of a path in front of its last step, and that step: "a.b" + "c", "a" + "*", "a" + "[]".
std::pair<std::string_view, std::string_view> split(std::string_view path) {
    if (path.ends_with("[]")) return {path.substr(0, path.size() - 2), "[]"};
    const size_t dot = path.rfind('.');
    if (dot == std::string_view::npos) return {"", path};
    return {path.substr(0, dot), path.substr(dot + 1)};
}
}  // namespace

const Node* Node::find(std::string_view key) const {
    for (size_t i = 0; i < keys.size(); ++i)
        if (keys[i] == key) return &items[i];
    return nullptr;
}

const Schema::Branch* Schema::Branch::find(std::string_view name) const {
    for (const auto& [key, branch] : members)
        if (key == name) return branch;
    return nullptr;
}

Schema::Schema(std::span<const Setting> rows) {
    std::map<std::string_view, Branch*> by_path;
    by_path[""] = &branches_.emplace_back();
    for (const auto& r : rows) {
        const auto& row = rows_.emplace_back(r);
        const auto [parent, step] = split(row.path);
        const auto at = by_path.find(parent);
        if (at == by_path.end()) broken_table(row.path, "its group has no row before it");
        auto& branch = branches_.emplace_back();
        branch.row = &row;
        if (!by_path.emplace(row.path, &branch).second) broken_table(row.path, "stands there twice");
        if (step == "*" || step == "[]")
            at->second->each = &branch;
        else
            at->second->members.emplace_back(step, &branch);
    }
}

const Schema::Branch& Reader::member(std::string_view name) const {
    const auto* b = branch_->find(name);
    if (!b) broken_table(name, "is read but has no row");
    return *b;
}

const Node* Reader::value(std::string_view name) const {
    const auto* n = node_ ? node_->find(name) : nullptr;
    return n && n->kind != Node::Kind::null ? n : nullptr;
}

bool Reader::present(std::string_view name) const {
    (void)member(name);
    return value(name) != nullptr;
}

std::string Reader::text(std::string_view name) const {
    const auto& row = *member(name).row;
    const auto* n = value(name);
    return n ? n->text : std::string(row.fallback);
}

std::optional<int64_t> Reader::number(std::string_view name) const {
    const auto& row = *member(name).row;
    const auto written = text(name);
    if (written.empty()) return std::nullopt;
    if (row.type == Type::duration) return parse_duration(written).value_or(0);
    if (row.type == Type::size) return parse_size(written).value_or(0);
    if (row.type != Type::integer) broken_table(row.path, "is read as a number");
    int64_t v = 0;
    const auto last = written.data() + written.size();
    const auto [end, bad] = std::from_chars(written.data(), last, v);
    if (bad != std::errc{} || end != last) return std::nullopt;  // a word beside numbers
    return v;
}

bool Reader::flag(std::string_view name) const {
    if (member(name).row->type != Type::boolean) broken_table(name, "is read as a flag");
    return text(name) == "true";
}

std::vector<std::string> Reader::texts(std::string_view name) const {
    if (member(name).row->type != Type::texts) broken_table(name, "is read as texts");
    std::vector<std::string> out;
    if (const auto* n = value(name))
        for (const auto& item : n->items) out.push_back(item.text);
    return out;
}

Reader Reader::group(std::string_view name) const { return {&member(name), value(name)}; }

std::vector<std::pair<std::string, Reader>> Reader::named(std::string_view name) const {
    const auto* each = member(name).each;
    if (!each) broken_table(name, "is read as a map");
    std::vector<std::pair<std::string, Reader>> out;
    if (const auto* n = value(name))
        for (size_t i = 0; i < n->keys.size(); ++i) out.emplace_back(n->keys[i], Reader(each, &n->items[i]));
    return out;
}

std::vector<std::pair<std::string, std::string>> Reader::values(std::string_view name) const {
    return Reader(&member(name), value(name)).values();
}

std::vector<std::pair<std::string, std::string>> Reader::values() const {
    std::vector<std::pair<std::string, std::string>> out;
    if (node_)
        for (size_t i = 0; i < node_->keys.size(); ++i)
            if (node_->items[i].kind == Node::Kind::scalar) out.emplace_back(node_->keys[i], node_->items[i].text);
    return out;
}

std::vector<Reader> Reader::list(std::string_view name) const {
    const auto* each = member(name).each;
    if (!each) broken_table(name, "is read as a list");
    std::vector<Reader> out;
    if (const auto* n = value(name))
        for (const auto& item : n->items) out.push_back(Reader(each, &item));
    return out;
}
}  // namespace aig::settings
