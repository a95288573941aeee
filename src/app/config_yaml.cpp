#include "app/config_yaml.h"

#include <deque>
#include <optional>
#include <sstream>
#include <unordered_set>

#include <fmt/format.h>
#include <simdjson.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

namespace aig::app {
namespace {
using settings::Fault;
using settings::Node;

constexpr size_t max_bytes = 4 << 20, max_values = 100'000, max_depth = 16, max_key = 256, max_scalar = 64 << 10;

/// Put behind the text: a comment, unless a quote is still open there, which the library does not mind.
constexpr std::string_view last_line = "# the end of the aig configuration";

/// What the events mean is found out here; thrown through the library to stop it.
struct Stop {
    Fault fault;
};

int line_of(const YAML::Mark& mark) { return mark.line + 1; }

class Builder final : public YAML::EventHandler {
  public:
    explicit Builder(std::vector<Fault>& faults) : faults_(faults) {}
    Node take() { return std::move(root_); }

    void OnDocumentStart(const YAML::Mark&) override {}
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        refuse_anchor(mark, anchor);
        place(mark, Node::Kind::null, "");
    }
    void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
        stop(mark, "aliases (*name) are not supported: write the value out");
    }
    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        refuse_anchor(mark, anchor);
        refuse_tag(mark, tag);
        if (value.find(last_line) != std::string::npos) stop(mark, "a quote is opened here and never closed");
        if (value.size() > max_scalar) stop(mark, "a value is longer than 64 KiB");
        place(mark, Node::Kind::scalar, value)->quoted = tag == "!";
    }
    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(mark, tag, anchor, Node::Kind::list);
    }
    void OnSequenceEnd() override { stack_.pop_back(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(mark, tag, anchor, Node::Kind::map);
    }
    void OnMapEnd() override { stack_.pop_back(); }

  private:
    struct Level {
        Node* node;
        bool key_next = true;  ///< maps: the next scalar is a key
        bool skip = false;     ///< maps: the key was there before, its value is dropped
        std::unordered_set<std::string> keys{};
    };

    [[noreturn]] static void stop(const YAML::Mark& mark, std::string message) {
        throw Stop{{"", std::move(message), line_of(mark)}};
    }
    static void refuse_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
        if (anchor) stop(mark, "anchors (&name) are not supported: write the value out");
    }
    static void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
        if (!tag.empty() && tag != "?" && tag != "!") stop(mark, "tags (!name) are not supported");
    }

    void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Node::Kind kind) {
        refuse_anchor(mark, anchor);
        refuse_tag(mark, tag);
        if (stack_.size() >= max_depth) stop(mark, fmt::format("more than {} levels deep", max_depth));
        if (!stack_.empty() && stack_.back().node->kind == Node::Kind::map && stack_.back().key_next)
            stop(mark, "a key must be a plain word");
        stack_.push_back({place(mark, kind, "")});
    }

    /// The next value's node: the root, the next element, or a map's key or value.
    Node* place(const YAML::Mark& mark, Node::Kind kind, const std::string& text) {
        if (++values_ > max_values) stop(mark, fmt::format("more than {} values", max_values));
        Node* at = &root_;
        if (!stack_.empty()) {
            auto& top = stack_.back();
            if (top.node->kind == Node::Kind::map && top.key_next) return key(mark, kind, text, top);
            top.key_next = true;
            at = top.skip ? &dropped_.emplace_back() : &top.node->items.emplace_back();
            top.skip = false;
        }
        at->kind = kind;
        at->text = text;
        at->line = line_of(mark);
        return at;
    }

    Node* key(const YAML::Mark& mark, Node::Kind kind, const std::string& text, Level& top) {
        if (kind != Node::Kind::scalar || text.empty()) stop(mark, "a key must be a plain word");
        if (text.size() > max_key) stop(mark, fmt::format("a key is longer than {} characters", max_key));
        if (text.find_first_of("\r\n\t") != std::string::npos) stop(mark, "a key holds a line end or a tab");
        top.key_next = false;
        key_scratch_ = Node();
        if (!top.keys.insert(text).second) {
            top.skip = true;
            faults_.push_back({"", fmt::format("the key '{}' stands here twice", text), line_of(mark)});
        } else
            top.node->keys.push_back(text);
        return &key_scratch_;
    }

    std::vector<Fault>& faults_;
    Node root_, key_scratch_;
    std::deque<Node> dropped_;  ///< values of repeated keys, kept while the parser fills them
    std::vector<Level> stack_;
    size_t values_ = 0;
};

/// The library takes 0x04 for the end of the file and silently drops what follows, so control characters are refused
/// before.
std::optional<Fault> unreadable(std::string_view text) {
    if (text.size() > max_bytes) return Fault{"", "the file is larger than 4 MiB", 0};
    if (!simdjson::validate_utf8(text.data(), text.size())) return Fault{"", "the file is not UTF-8", 0};
    int line = 1;
    for (const char c : text) {
        if (c == '\n') ++line;
        if ((static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7f)
            return Fault{"", "holds a control character", line};
    }
    return std::nullopt;
}
}  // namespace

Node parse_yaml(std::string_view text, std::vector<Fault>& faults) {
    if (auto f = unreadable(text)) {
        faults.push_back(*std::move(f));
        return {};
    }
    Builder builder(faults);
    try {
        std::istringstream stream(fmt::format("{}\n{}\n", text, last_line));
        YAML::Parser parser(stream);
        if (!parser.HandleNextDocument(builder)) return {};
        Builder second(faults);
        if (!parser.HandleNextDocument(second)) return builder.take();
        faults.push_back({"", "more than one document (---) in the file", 0});
    } catch (const Stop& s) {
        faults.push_back(s.fault);
    } catch (const YAML::Exception& e) {
        faults.push_back({"", fmt::format("not YAML: {} (text with special characters needs quotes)", e.msg),
                          e.mark.is_null() ? 0 : line_of(e.mark)});
    } catch (const std::exception& e) {
        faults.push_back({"", fmt::format("not YAML: {}", e.what()), 0});
    }
    return {};
}
}  // namespace aig::app
