#include "provider/gemini/partial_args.h"

#include <algorithm>

namespace aig::provider::gemini {
namespace {

constexpr int deepest = 32;
constexpr size_t most_nodes = 10'000;

/// Takes ".name" or "[7]" off the front; "" when neither stands there.
std::string_view take_step(std::string_view& path, bool& index) {
    index = path.starts_with('[');
    if (!index && !path.starts_with('.')) return {};
    const size_t end = index ? path.find(']') : std::min(path.find_first_of(".[", 1), path.size());
    if (end == std::string_view::npos) return {};
    const auto name = path.substr(1, end - 1);
    path.remove_prefix(index ? end + 1 : end);
    return name;
}

}  // namespace

PartialArgs::Node* PartialArgs::child(Node& at, std::string_view name) {
    const auto found =
        std::find_if(at.children.begin(), at.children.end(), [&](const auto& c) { return c.first == name; });
    if (found != at.children.end()) return found->second.get();
    return at.children.emplace_back(std::string(name), std::make_unique<Node>()).second.get();
}

PartialArgs::Node* PartialArgs::find(std::string_view path) {
    if (!path.starts_with('$') || ++nodes_ > most_nodes) return nullptr;
    path.remove_prefix(1);
    Node* at = &root_;
    for (int depth = 0; !path.empty(); ++depth) {
        bool index = false;
        const auto name = take_step(path, index);
        if (name.empty() || depth > deepest) return nullptr;
        at->is_array = index;
        at = child(*at, name);
    }
    return at == &root_ ? nullptr : at;
}

void PartialArgs::add(JsonRef piece) {
    Node* node = find(piece["jsonPath"].text());
    if (!node) return;
    if (const JsonRef s = piece["stringValue"]) {
        node->is_text = true;
        node->text += s.text();
        return;
    }
    for (const auto name : {"numberValue", "boolValue", "nullValue"})
        if (const JsonRef v = piece[name]) node->raw = v.is_string() ? "null" : v.raw();
}

void PartialArgs::write(const Node& node, JsonWriter& w) {
    if (node.is_text) {
        w.string(node.text);
    } else if (!node.raw.empty()) {
        w.raw(node.raw);
    } else if (node.is_array) {
        w.begin_array();
        for (const auto& [name, c] : node.children) write(*c, w);
        w.end_array();
    } else {
        w.begin_object();
        for (const auto& [name, c] : node.children) {
            w.key(name);
            write(*c, w);
        }
        w.end_object();
    }
}

std::string PartialArgs::json() const {
    std::string out;
    JsonWriter w(out);
    write(root_, w);
    return out;
}

}  // namespace aig::provider::gemini
