// The parser of JsonDoc: one pass, no bounds checks inside (a NUL ends every scan), whole blocks at a time.
#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif
#include <fmt/format.h>
#include <simdjson.h>

#include "base/json.h"

namespace aig {
namespace {

constexpr size_t max_depth = 256, max_values = 1'000'000, max_number = 400;
/// Zero bytes behind the text: a NUL is legal nowhere, so it ends every scan, and whole blocks may be read.
constexpr size_t padding = 32, block = 16;
/// A document that is used again lets go of more than this.
constexpr size_t keep_capacity = size_t{1} << 20, keep_nodes = size_t{1} << 14;

bool digit(char c) { return c >= '0' && c <= '9'; }
int hex_digit(char c) {
    if (digit(c)) return c - '0';
    const char l = static_cast<char>(c | 0x20);
    return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}
int32_t hex4(const char* p) {
    int32_t v = 0;
    for (int i = 0; i < 4; ++i) {
        const int d = hex_digit(p[i]);
        if (d < 0) return -1;
        v = v * 16 + d;
    }
    return v;
}

#if defined(__SSE2__)
/// A bit for each quote, backslash and control character of a block.
unsigned specials(const char* p) {
    const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), control = _mm_set1_epi8(0x1f);
    const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const __m128i hit = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, backslash)),
                                     _mm_cmpeq_epi8(_mm_min_epu8(v, control), v));
    return static_cast<unsigned>(_mm_movemask_epi8(hit));
}
/// The first quote, backslash or control character at or behind p.
const char* skip_plain(const char* p) {
    for (;; p += block)
        if (const unsigned mask = specials(p)) return p + __builtin_ctz(mask);
}
#else
/// Whether a block holds a quote, a backslash or a control character. One expression a byte, so that it becomes a few
/// vector instructions a block.
bool special(const char* p) {
    uint8_t hit = 0;
    for (size_t i = 0; i < block; ++i) {
        const auto c = static_cast<uint8_t>(p[i]);
        hit = static_cast<uint8_t>(hit | (c == '"') | (c == '\\') | (c < 0x20));
    }
    return hit != 0;
}
/// The first quote, backslash or control character at or behind p.
const char* skip_plain(const char* p) {
    while (!special(p)) p += block;
    for (;; ++p) {
        const auto c = static_cast<unsigned char>(*p);
        if (c == '"' || c == '\\' || c < 0x20) return p;
    }
}
#endif

void write_utf8(char*& to, uint32_t c) {
    const auto put = [&](uint32_t b) { *to++ = static_cast<char>(b); };
    if (c < 0x80) return put(c);
    if (c < 0x800) {
        put(0xC0 | c >> 6);
    } else if (c < 0x10000) {
        put(0xE0 | c >> 12);
        put(0x80 | (c >> 6 & 63));
    } else {
        put(0xF0 | c >> 18);
        put(0x80 | (c >> 12 & 63));
        put(0x80 | (c >> 6 & 63));
    }
    put(0x80 | (c & 63));
}

/// The character of a \u escape whose four digits begin at `p`, surrogate pairs included; moves p behind it. Nothing
/// for half a pair.
std::optional<uint32_t> unicode_escape(const char*& p) {
    const int32_t first = hex4(p);
    if (first < 0) return {};
    p += 4;
    if (first < 0xD800 || first > 0xDFFF) return static_cast<uint32_t>(first);
    if (first > 0xDBFF || p[0] != '\\' || p[1] != 'u') return {};
    const int32_t second = hex4(p + 2);
    if (second < 0xDC00 || second > 0xDFFF) return {};
    p += 6;
    return 0x10000 + (static_cast<uint32_t>(first - 0xD800) << 10) + static_cast<uint32_t>(second - 0xDC00);
}

/// What stands for "\x"; 0 for letters that stand for nothing, and for u. A table: what comes next cannot be foretold.
constexpr auto simple_escape = [] {
    std::array<char, 256> t{};
    for (const char c : {'"', '\\', '/'}) t[static_cast<uint8_t>(c)] = c;
    t['b'] = '\b';
    t['f'] = '\f';
    t['n'] = '\n';
    t['r'] = '\r';
    t['t'] = '\t';
    return t;
}();
#if defined(__SSE2__)
void copy_block(char* to, const char* from) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}
/// Copies from p on, with simple escapes undone, to the end of the string, to a control character, or to a backslash
/// that begins something else; gives where that is. Whole blocks are copied: behind `to` there is room for one more.
/// All of a block's escapes are found at once, because where the next one is looked up depends on each.
const char* unescape(const char* p, char*& out) {
    char* to = out;
    for (;;) {
        unsigned mask = specials(p);
        size_t done = 0;
        while (mask) {
            const auto at = static_cast<size_t>(__builtin_ctz(mask));
            copy_block(to, p + done);
            to += at - done;
            const char plain = p[at] == '\\' ? simple_escape[static_cast<uint8_t>(p[at + 1])] : '\0';
            if (!plain) {
                out = to;
                return p + at;
            }
            *to++ = plain;
            done = at + 2;
            mask &= ~(3u << at);  // what was escaped may be a quote or a backslash itself
        }
        if (done < block) {
            copy_block(to, p + done);
            to += block - done;
            done = block;
        }
        p += done;
    }
}
#else
const char* unescape(const char* p, char*& to) {
    for (;;) {
        const char* const end = skip_plain(p);
        std::memcpy(to, p, static_cast<size_t>(end - p));
        to += end - p;
        const char plain = *end == '\\' ? simple_escape[static_cast<uint8_t>(end[1])] : '\0';
        if (!plain) return end;
        *to++ = plain;
        p = end + 2;
    }
}
#endif
}  // namespace

/// Walks the text once and writes the flat node table. Every function leaves p_ behind what it read and says false
/// after it has set why_.
/// What each value passes through is inlined into object() and array(), the only two that call themselves again.
#define AIG_INLINE [[gnu::always_inline]]
class JsonParser {
  public:
    JsonParser(JsonDoc& doc, std::string_view text, std::string_view opaque)
        : doc_(doc), begin_(text.data()), end_(begin_ + text.size()), p_(begin_), opaque_(opaque) {}

    Status run() {
        bool ok = value(0);
        if (ok) {
            skip_space();
            ok = p_ == end_ || fail("text after the value");
        }
        if (ok) return {};
        return Error(ErrorCode::bad_json, fmt::format("the JSON is not valid: {} (at byte {})", why_, p_ - begin_));
    }

  private:
    using Node = JsonDoc::Node;
    /// In place of a node's index, inside an opaque member.
    static constexpr size_t unseen = SIZE_MAX;

    bool fail(const char* why) {
        why_ = why;
        return false;
    }
    AIG_INLINE void skip_space() {
        if (static_cast<unsigned char>(*p_) > ' ') return;  // nearly always
        while (*p_ == ' ' || *p_ == '\n' || *p_ == '\r' || *p_ == '\t') ++p_;
    }

    AIG_INLINE bool value(size_t depth) {
        if (depth > max_depth) return fail("nested deeper than 256 levels");
        skip_space();
        if (quiet_) return any(unseen, depth);
        const size_t at = doc_.nodes_.size();
        if (at >= max_values) return fail("more than 1,000,000 values");
        doc_.nodes_.push_back(Node{p_, nullptr, nullptr, 0, 0, 0, 0, 0, JsonKind::null, false});
        if (!any(at, depth)) return false;
        Node& n = doc_.nodes_[at];  // only now: children move the table
        n.raw_size = static_cast<uint32_t>(p_ - n.begin);
        n.next = static_cast<uint32_t>(doc_.nodes_.size());
        return true;
    }

    AIG_INLINE bool any(size_t at, size_t depth) {
        switch (*p_) {
            case '{':
                return object(at, depth);
            case '[':
                return array(at, depth);
            case '"': {
                std::string_view s;
                if (!string(s)) return false;
                if (at != unseen) set(doc_.nodes_[at], JsonKind::string, s);
                return true;
            }
            case 't':
                return literal(at, "true", JsonKind::boolean, true);
            case 'f':
                return literal(at, "false", JsonKind::boolean, false);
            case 'n':
                return literal(at, "null", JsonKind::null, false);
            default:
                if (at != unseen) doc_.nodes_[at].kind = JsonKind::number;
                return number();
        }
    }

    static void set(Node& n, JsonKind kind, std::string_view s) {
        n.kind = kind;
        n.text = s.data();
        n.text_size = static_cast<uint32_t>(s.size());
    }

    bool literal(size_t at, std::string_view word, JsonKind kind, bool truth) {
        if (std::strncmp(p_, word.data(), word.size()) != 0) return fail("unknown literal");
        p_ += word.size();
        if (at == unseen) return true;
        doc_.nodes_[at].kind = kind;
        doc_.nodes_[at].truth = truth;
        return true;
    }

    bool digits() {
        if (!digit(*p_)) return fail("malformed number");
        while (digit(*p_)) ++p_;
        return true;
    }
    bool number() {
        const char* const from = p_;
        if (*p_ == '-') ++p_;
        if (!digit(*p_)) return fail(p_ == end_ ? "it ends too early" : "a value is missing or malformed");
        if (*p_ == '0')
            ++p_;
        else
            digits();
        if (*p_ == '.') {
            ++p_;
            if (!digits()) return false;
        }
        if (*p_ == 'e' || *p_ == 'E') {
            ++p_;
            if (*p_ == '+' || *p_ == '-') ++p_;
            if (!digits()) return false;
        }
        if (digit(*p_)) return fail("malformed number");
        return static_cast<size_t>(p_ - from) <= max_number || fail("a number has more than 400 characters");
    }

    /// The text between the quotes: as it stands, or unescaped into the document when it holds a backslash.
    AIG_INLINE bool string(std::string_view& s) {
        const char* const from = ++p_;
        p_ = skip_plain(p_);
        if (*p_ == '"') {
            s = {from, static_cast<size_t>(p_ - from)};
            ++p_;
            return true;
        }
        return escaped_string(from, s);
    }
    bool escaped_string(const char* from, std::string_view& s) {
        char* const begin = unescaped();
        char* to = begin + (p_ - from);
        std::memcpy(begin, from, static_cast<size_t>(p_ - from));
        for (p_ = unescape(p_, to); *p_ == '\\'; p_ = unescape(p_, to))
            if (!unicode(to)) return false;
        if (*p_ != '"') return fail(p_ >= end_ ? "a string never ends" : "control character in a string");
        ++p_;
        if (quiet_) return true;
        s = {begin, static_cast<size_t>(to - begin)};
        unescaped_ = to;
        return true;
    }

    /// Where the next unescaped string goes. An escape is never shorter than what it stands for, so that all strings
    /// of a text together are no longer than the text.
    char* unescaped() {
        if (unescaped_) return unescaped_;
        const auto size = static_cast<size_t>(end_ - begin_);
        if (!doc_.unescaped_ || doc_.unescaped_capacity_ < size) {
            doc_.unescaped_ = std::make_unique_for_overwrite<char[]>(size + block);
            doc_.unescaped_capacity_ = size;
        }
        return unescaped_ = doc_.unescaped_.get();
    }

    bool unicode(char*& to) {
        if (p_[1] != 'u') return fail("unknown escape in a string");
        p_ += 2;
        const auto c = unicode_escape(p_);
        if (!c) return fail("broken \\u escape");
        write_utf8(to, *c);
        return true;
    }

    /// Behind a member or element: true when another one follows, `close` otherwise.
    AIG_INLINE bool more(char close, bool& again) {
        skip_space();
        again = *p_ == ',';
        if (!again && *p_ != close) return fail(p_ == end_ ? "it ends too early" : "a comma is missing");
        ++p_;
        return true;
    }

    bool object(size_t at, size_t depth) {
        if (at != unseen) doc_.nodes_[at].kind = JsonKind::object;
        ++p_;
        skip_space();
        if (*p_ == '}') {
            ++p_;
            return true;
        }
        uint32_t count = 0;
        for (bool again = true; again; ++count) {
            skip_space();
            if (*p_ != '"') return fail("a member has no name");
            std::string_view name;
            if (!string(name)) return false;
            skip_space();
            if (*p_ != ':') return fail("a colon is missing");
            ++p_;
            const size_t child = doc_.nodes_.size();
            if (!member(name, depth + 1)) return false;
            if (!quiet_) {
                doc_.nodes_[child].key = name.data();
                doc_.nodes_[child].key_size = static_cast<uint32_t>(name.size());
            }
            if (!more('}', again)) return false;
        }
        if (at != unseen) doc_.nodes_[at].count = count;
        return true;
    }

    AIG_INLINE bool member(std::string_view name, size_t depth) {
        if (quiet_ || opaque_.empty() || name != opaque_) return value(depth);
        skip_space();
        const size_t at = doc_.nodes_.size();
        doc_.nodes_.push_back(Node{p_, nullptr, nullptr, 0, 0, 0, 0, 0, JsonKind::null, false});
        quiet_ = true;  // no child is written down
        const bool ok = any(at, depth);
        quiet_ = false;
        Node& n = doc_.nodes_[at];
        if (n.kind == JsonKind::string) n.text = nullptr, n.text_size = 0;
        n.raw_size = static_cast<uint32_t>(p_ - n.begin);
        n.count = 0;
        n.next = static_cast<uint32_t>(at) + 1;
        return ok;
    }

    bool array(size_t at, size_t depth) {
        if (at != unseen) doc_.nodes_[at].kind = JsonKind::array;
        ++p_;
        skip_space();
        if (*p_ == ']') {
            ++p_;
            return true;
        }
        uint32_t count = 0;
        for (bool again = true; again; ++count)
            if (!value(depth + 1) || !more(']', again)) return false;
        if (at != unseen) doc_.nodes_[at].count = count;
        return true;
    }

    JsonDoc& doc_;
    const char *begin_, *end_, *p_;
    const std::string_view opaque_;
    char* unescaped_ = nullptr;  // until the first escape
    bool quiet_ = false;         // inside an opaque member: checked, not written down
    const char* why_ = "";
};
#undef AIG_INLINE

Status JsonDoc::assign(std::string_view text, std::string_view opaque) {
    if (text.size() > UINT32_MAX - padding) return Error(ErrorCode::bad_json, "the JSON is longer than 4 GiB");
    const bool too_small = capacity_ < text.size();
    if (!text_ || too_small || capacity_ > std::max(keep_capacity, text.size())) {
        capacity_ = too_small ? std::max(text.size(), std::min(2 * capacity_, keep_capacity)) : text.size();
        text_ = std::make_unique_for_overwrite<char[]>(capacity_ + padding);
    }
    size_ = text.size();
    if (nodes_.capacity() > keep_nodes) nodes_ = {};
    if (!text.empty()) std::memcpy(text_.get(), text.data(), text.size());
    std::memset(text_.get() + text.size(), 0, padding);
    nodes_.clear();
    if (unescaped_capacity_ > std::max(keep_capacity, text.size())) {
        unescaped_.reset();
        unescaped_capacity_ = 0;
    }
    if (nodes_.capacity() == 0) nodes_.reserve(32);
    if (!simdjson::validate_utf8(text.data(), text.size()))
        return Error(ErrorCode::bad_json, "the JSON is not valid: it is not UTF-8");
    return JsonParser(*this, {text_.get(), text.size()}, opaque).run();
}

Result<JsonDoc> JsonDoc::parse(std::string_view text) {
    JsonDoc doc;
    TRYV(doc.assign(text));
    return doc;
}

}  // namespace aig
