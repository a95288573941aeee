#include "base/json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif
#include <fmt/format.h>
#include <simdjson.h>

namespace aig {
JsonKind JsonRef::kind() const { return doc_ ? doc_->nodes_[at_].kind : JsonKind::null; }
std::string_view JsonRef::raw() const {
    if (!doc_) return {};
    const auto& n = doc_->nodes_[at_];
    return {n.begin, n.raw_size};
}
std::string_view JsonRef::text() const {
    if (!doc_) return {};
    const auto& n = doc_->nodes_[at_];
    return n.text ? std::string_view(n.text, n.text_size) : std::string_view{};
}
std::string_view JsonRef::key() const {
    if (!doc_) return {};
    const auto& n = doc_->nodes_[at_];
    return n.key ? std::string_view(n.key, n.key_size) : std::string_view{};
}
bool JsonRef::boolean() const { return doc_ && doc_->nodes_[at_].truth; }
size_t JsonRef::size() const { return doc_ ? doc_->nodes_[at_].count : 0; }

/// One copy, as of find().
[[gnu::noinline]] std::optional<int64_t> JsonRef::integer() const {
    if (!is_number()) return {};
    const auto s = raw();
    int64_t v = 0;
    const auto [p, e] = std::from_chars(s.data(), s.data() + s.size(), v);
    if (e == std::errc{} && p == s.data() + s.size()) return v;
    if (e == std::errc::result_out_of_range) return {};
    // "3.0" and "1e3" are whole numbers too.
    double d = 0;
    const auto [q, e2] = std::from_chars(s.data(), s.data() + s.size(), d);
    if (e2 != std::errc{} || d != d || d < -9e15 || d > 9e15 || d != static_cast<double>(static_cast<int64_t>(d)))
        return {};
    return static_cast<int64_t>(d);
}

namespace {
/// Mostly no: the size, or else the first byte, says it.
bool named(const char* key, uint32_t size, std::string_view name) {
    return size == name.size() && (name.empty() || (key[0] == name[0] && std::memcmp(key, name.data(), size) == 0));
}
}  // namespace

/// One copy: inlined at its forty places on a call's way it is kilobytes of code that each run once.
[[gnu::noinline]] JsonRef JsonRef::find(std::string_view name) const {
    JsonRef found;
    if (!is_object()) return found;
    const auto* const nodes = doc_->nodes_.data();
    for (uint32_t i = at_ + 1, end = nodes[at_].next; i < end; i = nodes[i].next)
        if (named(nodes[i].key, nodes[i].key_size, name)) found = JsonRef(doc_, i);
    return found;
}
[[gnu::noinline]] bool JsonRef::pick(const std::string_view* names, size_t n, JsonRef* at, uint32_t& twice) const {
    bool others = false;
    if (!is_object()) return others;
    const auto* const nodes = doc_->nodes_.data();
    for (uint32_t i = at_ + 1, end = nodes[at_].next; i < end; i = nodes[i].next) {
        size_t k = 0;
        while (k < n && !named(nodes[i].key, nodes[i].key_size, names[k])) ++k;
        if (k == n) {
            others = true;
            continue;
        }
        if (at[k]) twice |= uint32_t{1} << k;
        at[k] = JsonRef(doc_, i);
    }
    return others;
}
bool JsonRef::duplicate(std::string_view name) const {
    size_t n = 0;
    if (is_object())
        for (const JsonRef m : *this) n += m.key() == name;
    return n > 1;
}

JsonRef::Iterator JsonRef::begin() const {
    if (!doc_ || (!is_array() && !is_object())) return {nullptr, 0};
    return {doc_, at_ + 1};
}
JsonRef::Iterator JsonRef::end() const {
    if (!doc_ || (!is_array() && !is_object())) return {nullptr, 0};
    return {doc_, doc_->nodes_[at_].next};
}
JsonRef::Iterator& JsonRef::Iterator::operator++() {
    at_ = doc_->nodes_[at_].next;
    return *this;
}

namespace {
constexpr size_t block = 16;
constexpr auto needs_care = [] {
    std::array<uint8_t, 256> t{};
    for (size_t c = 0; c < 256; ++c) t[c] = c < 0x20 || c >= 0x80 || c == '"' || c == '\\';
    return t;
}();
#if defined(__SSE2__)
__m128i load(const char* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }
unsigned bits(__m128i hit) { return static_cast<unsigned>(_mm_movemask_epi8(hit)); }
__m128i marks(__m128i v) {
    return _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')), _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
}
#endif
bool plain_block(const char* p) {
#if defined(__SSE2__)
    const __m128i v = load(p);
    // As signed bytes everything beyond ASCII is below the blank too.
    return bits(_mm_or_si128(_mm_cmplt_epi8(v, _mm_set1_epi8(0x20)), marks(v))) == 0;
#else
    uint8_t hit = 0;
    for (size_t i = 0; i < block; ++i) hit = static_cast<uint8_t>(hit | needs_care[static_cast<uint8_t>(p[i])]);
    return hit == 0;
#endif
}
/// Whether none of eight bytes needs care. Each test sets the top bit of a byte that does; what a borrow sets beyond
/// that stands behind a byte that already has.
bool plain_eight(uint64_t v) {
    constexpr uint64_t ones = 0x0101010101010101, tops = ones * 0x80;
    const auto zero_in = [](uint64_t x) { return (x - ones) & ~x; };
    const uint64_t below_blank = v - ones * 0x20;
    return ((v | below_blank | zero_in(v ^ ones * '"') | zero_in(v ^ ones * '\\')) & tops) == 0;
}
/// Nothing to escape and nothing to mend: what nearly all names and ids are.
bool plain_ascii(std::string_view text) {
    if (text.size() >= block) {
        const char* const last = text.data() + text.size() - block;  // overlaps the one before
        for (const char* p = text.data(); p < last; p += block)
            if (!plain_block(p)) return false;
        return plain_block(last);
    }
    uint8_t hit = 0;
    for (const char c : text) hit = static_cast<uint8_t>(hit | needs_care[static_cast<uint8_t>(c)]);
    return hit == 0;
}
constexpr size_t longest_short = 16;
/// Copies up to sixteen plain bytes; four and more as two words that overlap. False when one needs care.
bool copy_plain(char* to, std::string_view text) {
    constexpr size_t word = sizeof(uint64_t), half = sizeof(uint32_t);
    if (text.size() >= half && text.size() < word) {
        uint32_t first = 0, last = 0;
        std::memcpy(&first, text.data(), half);
        std::memcpy(&last, text.data() + text.size() - half, half);
        if (!plain_eight(uint64_t{last} << 32 | first)) return false;
        std::memcpy(to, &first, half);
        std::memcpy(to + text.size() - half, &last, half);
        return true;
    }
    if (text.size() < half) {
        uint8_t hit = 0;
        for (size_t i = 0; i < text.size(); ++i) {
            to[i] = text[i];
            hit = static_cast<uint8_t>(hit | needs_care[static_cast<uint8_t>(text[i])]);
        }
        return hit == 0;
    }
    uint64_t first = 0, last = 0;
    std::memcpy(&first, text.data(), word);
    std::memcpy(&last, text.data() + text.size() - word, word);
    if (!plain_eight(first) || !plain_eight(last)) return false;
    std::memcpy(to, &first, word);
    std::memcpy(to + text.size() - word, &last, word);
    return true;
}
/// Up to sixteen plain bytes, in quotes.
bool append_short(std::string& out, std::string_view text) {
    char quoted[longest_short + 2];
    quoted[0] = '"';
    if (!copy_plain(quoted + 1, text)) return false;
    quoted[text.size() + 1] = '"';
    out.append(quoted, text.size() + 2);
    return true;
}
/// The two bytes of a short escape; 0: none, or a control character that takes six ("\u001f").
constexpr auto short_escape = [] {
    std::array<std::array<char, 2>, 256> t{};
    for (const char c : {'"', '\\'}) t[static_cast<uint8_t>(c)] = {'\\', c};
    t['\n'] = {'\\', 'n'};
    t['\r'] = {'\\', 'r'};
    t['\t'] = {'\\', 't'};
    return t;
}();
bool escaped(char c) { return static_cast<uint8_t>(c) < 0x20 || c == '"' || c == '\\'; }
size_t escape_size(char c) { return short_escape[static_cast<uint8_t>(c)][0] ? 2 : 6; }
char* write_escape(char* to, char c) {
    static constexpr char hex[] = "0123456789abcdef";
    const auto u = static_cast<uint8_t>(c);
    if (const auto& two = short_escape[u]; two[0]) {
        std::memcpy(to, two.data(), 2);
        return to + 2;
    }
    std::memcpy(to, "\\u00", 4);
    to[4] = hex[u >> 4];
    to[5] = hex[u & 15];
    return to + 6;
}
#if defined(__SSE2__)
void copy_block(char* to, const char* from) { _mm_storeu_si128(reinterpret_cast<__m128i*>(to), load(from)); }
__m128i controls(__m128i v) { return _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1f)), v); }
/// By how much a block grows: a byte for each that is escaped, and four more for a control character without a letter.
size_t block_grows(const char* p) {
    const __m128i v = load(p), control = controls(v);
    const __m128i letters =
        _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('\n')), _mm_cmpeq_epi8(v, _mm_set1_epi8('\r'))),
                     _mm_cmpeq_epi8(v, _mm_set1_epi8('\t')));
    const int all = __builtin_popcount(bits(_mm_or_si128(control, marks(v))));
    return static_cast<size_t>(all + 4 * __builtin_popcount(bits(_mm_andnot_si128(letters, control))));
}
/// Writes a block, of which `from` and what is behind it may be read a block further. All of its escapes are found at
/// once, because where the next one goes depends on each.
char* write_block(char* to, const char* from) {
    const __m128i v = load(from);
    size_t done = 0;
    for (unsigned mask = bits(_mm_or_si128(controls(v), marks(v))); mask; mask &= mask - 1) {
        const auto at = static_cast<size_t>(__builtin_ctz(mask));
        copy_block(to, from + done);
        to = write_escape(to + (at - done), from[at]);
        done = at + 1;
    }
    copy_block(to, from + done);
    return to + (block - done);
}
#endif
/// By how much the text grows.
size_t escapes_grow(std::string_view text) {
    size_t more = 0, i = 0;
#if defined(__SSE2__)
    for (; i + block <= text.size(); i += block) more += block_grows(text.data() + i);
#endif
    for (; i < text.size(); ++i) more += escaped(text[i]) ? escape_size(text[i]) - 1 : 0;
    return more;
}
/// `text` is UTF-8. The room is measured first, so that whole blocks are copied without asking.
void append_escaped(std::string& out, std::string_view text) {
    const size_t at = out.size();
    out.resize(at + text.size() + escapes_grow(text) + 2);
    char* to = out.data() + at;
    *to++ = '"';
    const char *p = text.data(), *const end = p + text.size();
#if defined(__SSE2__)
    for (; end - p >= static_cast<std::ptrdiff_t>(2 * block); p += block) to = write_block(to, p);
#endif
    for (; p < end; ++p) {
        if (escaped(*p))
            to = write_escape(to, *p);
        else
            *to++ = *p;
    }
    *to = '"';
}
}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    if (text.size() <= longest_short && append_short(out, text)) return;
    if (plain_ascii(text)) {
        const size_t at = out.size();
        out.resize(at + text.size() + 2);
        char* const p = out.data() + at;
        *p = '"';
        if (!text.empty()) std::memcpy(p + 1, text.data(), text.size());
        p[text.size() + 1] = '"';
        return;
    }
    std::string mended;
    if (!simdjson::validate_utf8(text.data(), text.size())) {
        // Only bytes that a provider or client broke come here; keep every valid character, replace the rest.
        for (size_t i = 0; i < text.size();) {
            const auto lead = static_cast<unsigned char>(text[i]);
            const size_t len = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 0;
            if (len && i + len <= text.size() && simdjson::validate_utf8(text.data() + i, len)) {
                mended.append(text, i, len);
                i += len;
            } else {
                mended += "\xEF\xBF\xBD";
                ++i;
            }
        }
        text = mended;
    }
    append_escaped(out, text);
}

void JsonWriter::comma() {
    if (need_comma_) out_ += ',';
    need_comma_ = true;
}
JsonWriter& JsonWriter::open(char c) {
    comma();
    out_ += c;
    need_comma_ = false;
    return *this;
}
JsonWriter& JsonWriter::close(char c) {
    out_ += c;
    need_comma_ = true;
    return *this;
}
JsonWriter& JsonWriter::key(std::string_view k) {
    char member[longest_short + 4];  // a comma, two quotes, a colon
    char* p = member;
    if (need_comma_) *p++ = ',';
    *p++ = '"';
    if (k.size() <= longest_short && copy_plain(p, k)) {  // what names are
        p += k.size();
        *p++ = '"';
        *p++ = ':';
        out_.append(member, static_cast<size_t>(p - member));
    } else {
        comma();
        append_json_string(out_, k);
        out_ += ':';
    }
    need_comma_ = false;
    return *this;
}
JsonWriter& JsonWriter::string(std::string_view v) {
    comma();
    append_json_string(out_, v);
    return *this;
}
JsonWriter& JsonWriter::integer(int64_t v) {
    comma();
    const fmt::format_int digits(v);
    out_.append(digits.data(), digits.size());
    return *this;
}
JsonWriter& JsonWriter::raw(std::string_view json) {
    comma();
    out_ += json;
    return *this;
}
JsonWriter& JsonWriter::raw_members(std::string_view members) {
    if (!members.empty()) {
        comma();
        out_ += members;
    }
    return *this;
}

}  // namespace aig
