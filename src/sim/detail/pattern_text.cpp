#include "sim/detail/pattern_text.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace aig::sim {

namespace {

constexpr int64_t longest_repeat = 256;
constexpr int deepest = 16;

class Pattern {
  public:
    explicit Pattern(std::string_view text) : text_(text) {}

    std::string whole() {
        std::string out = branch(0);
        // Further alternatives at the top need not be read: the first one already matches.
        if (!failed_ && at_ < text_.size() && text_[at_] != '|') failed_ = true;
        return failed_ ? "" : out;
    }

  private:
    bool more() const { return !failed_ && at_ < text_.size(); }

    std::string branch(int depth) {
        std::string out;
        if (depth > deepest) failed_ = true;
        while (more() && text_[at_] != '|' && text_[at_] != ')') {
            const std::string piece = atom(depth);
            for (int64_t n = repeats(); n > 0 && out.size() < 4'096; --n) out += piece;
        }
        return out;
    }

    std::string atom(int depth) {
        const char c = text_[at_++];
        switch (c) {
            case '^':
            case '$':
                return "";
            case '.':
                return "a";
            case '[':
                return char_class();
            case '(':
                return group(depth);
            case '\\':
                return escape();
            case '*':
            case '+':
            case '?':
            case '{':
                failed_ = true;
                return "";
            default:
                return std::string(1, c);
        }
    }

    std::string group(int depth) {
        if (text_.substr(at_).starts_with("?:"))
            at_ += 2;
        else if (more() && text_[at_] == '?') {
            failed_ = true;
            return "";
        }
        std::string out = branch(depth + 1);
        while (more() && text_[at_] == '|') {
            ++at_;
            branch(depth + 1);
        }
        if (!more() || text_[at_] != ')') failed_ = true;
        ++at_;
        return out;
    }

    std::string escape() {
        if (!more()) {
            failed_ = true;
            return "";
        }
        const char c = text_[at_++];
        if (c == 'd') return "1";
        if (c == 'w') return "a";
        if (c == 's') return " ";
        if (std::isalnum(static_cast<unsigned char>(c))) {
            failed_ = true;
            return "";
        }
        return std::string(1, c);
    }

    /// The first member of a class; a negated class is answered with the first of a few letters it does not name.
    std::string char_class() {
        const bool negated = more() && text_[at_] == '^';
        if (negated) ++at_;
        const size_t begin = at_;
        std::string first;
        while (more() && text_[at_] != ']') {
            std::string member = text_[at_] == '\\' ? (++at_, escape()) : std::string(1, text_[at_++]);
            if (first.empty()) first = std::move(member);
        }
        const std::string_view named = text_.substr(begin, at_ - begin);
        ++at_;
        if (!negated) return first;
        for (const char c : {'a', '1', ' ', '_', 'Z'})
            if (named.find(c) == std::string_view::npos) return std::string(1, c);
        failed_ = true;
        return "";
    }

    int64_t repeats() {
        if (!more()) return 1;
        const char c = text_[at_];
        if (c == '?' || c == '*') {
            ++at_;
            return skip_lazy(0);
        }
        if (c == '+') {
            ++at_;
            return skip_lazy(1);
        }
        if (c != '{') return 1;
        const size_t close = text_.find('}', at_);
        if (close == std::string_view::npos) {
            failed_ = true;
            return 1;
        }
        int64_t n = 0;  // the first number; what cannot be read counts as none
        std::from_chars(text_.data() + at_ + 1, text_.data() + close, n);
        at_ = close + 1;
        return skip_lazy(std::clamp<int64_t>(n, 0, longest_repeat));
    }
    int64_t skip_lazy(int64_t n) {
        if (more() && text_[at_] == '?') ++at_;
        return n;
    }

    std::string_view text_;
    size_t at_ = 0;
    bool failed_ = false;
};

}  // namespace

std::string pattern_text(std::string_view pattern) {
    Pattern p(pattern);
    return p.whole();
}

}  // namespace aig::sim
