#include "net/detail/framing.h"

#include <algorithm>
#include <array>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "net/http.h"

namespace aig::net::detail {
namespace {

Error bad(const char* what) { return Error(ErrorCode::bad_request, what); }

constexpr std::array<bool, 256> make_table(std::string_view others) {
    std::array<bool, 256> t{};
    for (unsigned c = '0'; c <= '9'; ++c) t[c] = true;
    for (unsigned c = 'a'; c <= 'z'; ++c) t[c] = t[c - 32] = true;
    for (const char c : others) t[static_cast<unsigned char>(c)] = true;
    return t;
}
constexpr auto kToken = [] {
    std::array<bool, 256> t{};
    for (size_t c = 0; c < 256; ++c) t[c] = is_name_byte(static_cast<char>(c));
    return t;
}();
constexpr auto kHost = make_table(".-_~%!$&'()*+;=:[]");

bool all_in(const std::array<bool, 256>& table, std::string_view text) {
    bool ok = true;
    for (const char c : text) ok &= table[static_cast<unsigned char>(c)];
    return ok;
}

#if defined(__SSE2__)
__m128i within(__m128i v, char first, char count) {
    const __m128i from_zero = _mm_sub_epi8(v, _mm_set1_epi8(first));
    return _mm_cmpeq_epi8(_mm_min_epu8(from_zero, _mm_set1_epi8(static_cast<char>(count - 1))), from_zero);
}
/// A bit for each of sixteen bytes that nearly all names are made of: lower case, digits, '-'.
unsigned plain_mask(const char* from) {
    const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from));
    const __m128i plain =
        _mm_or_si128(_mm_or_si128(within(v, 'a', 26), within(v, '0', 10)), _mm_cmpeq_epi8(v, _mm_set1_epi8('-')));
    return static_cast<unsigned>(_mm_movemask_epi8(plain));
}
/// Whole blocks, the last one beyond the name's end or overlapping the one before.
bool plain_name(std::string_view text, size_t readable) {
    constexpr size_t block = 16;
    const char* p = text.data();
    size_t left = text.size();
    for (; left >= block; p += block, left -= block, readable -= std::min(readable, block))
        if (plain_mask(p) != 0xffff) return false;
    if (left == 0) return true;
    const unsigned wanted = (1U << left) - 1;
    if (readable >= block) return (plain_mask(p) & wanted) == wanted;
    return text.size() >= block && plain_mask(p + left - block) == 0xffff;
}
#endif

/// Names that a proxy or a CGI-minded server would take for the one with hyphens (reliability rule: no "_" variants of
/// ours).
bool disguised(std::string_view name) {
    static constexpr std::string_view kOurs[] = {
        "content-length",   "transfer-encoding",
        "content-encoding", "host",
        "connection",       "expect",
        "authorization",    "x-api-key",
        "x-goog-api-key",   "api-key",
        "x-forwarded-for",  "cookie",
        "upgrade",          "te",
        "trailer",          "x-real-ip",
        "idempotency-key",  "proxy-authorization",
    };
    if (name.find('_') == std::string_view::npos) return false;
    std::string plain(name);
    std::replace(plain.begin(), plain.end(), '_', '-');
    if (plain.size() > 6 && iequals(std::string_view(plain).substr(0, 6), "x-aig-")) return true;
    return std::any_of(std::begin(kOurs), std::end(kOurs), [&](std::string_view ours) { return iequals(plain, ours); });
}

/// One optional blank, then digits: no sign, no leading zero, no list, nothing behind, at most 10^15 - 1.
Result<int64_t> content_length(std::string_view raw) {
    if (!raw.empty() && raw[0] == ' ') raw.remove_prefix(1);
    if (raw.empty() || raw.size() > 15 || (raw.size() > 1 && raw[0] == '0'))
        return bad("content-length is not a plain number");
    int64_t n = 0;
    for (const char c : raw) {
        if (c < '0' || c > '9') return bad("content-length is not a plain number");
        n = n * 10 + (c - '0');
    }
    return n;
}

Status transfer_encoding(const StartLine& start, std::string_view raw) {
    if (!raw.empty() && raw[0] == ' ') raw.remove_prefix(1);
    // Case is free by RFC 9112; requests in any other spelling come from people who test their luck.
    const bool chunked = start.side == Side::request ? raw == "chunked" : iequals(raw, "chunked");
    if (!chunked) return bad("transfer-encoding is not exactly 'chunked'");
    if (start.minor == 0) return bad("transfer-encoding in HTTP/1.0");
    return {};
}

void connection_words(std::string_view value, bool& close, bool& keep) {
    while (!value.empty()) {
        const size_t comma = value.find(',');
        std::string_view word = value.substr(0, comma);
        value = comma == std::string_view::npos ? std::string_view() : value.substr(comma + 1);
        while (!word.empty() && (word.front() == ' ' || word.front() == '\t')) word.remove_prefix(1);
        while (!word.empty() && (word.back() == ' ' || word.back() == '\t')) word.remove_suffix(1);
        if (iequals(word, "close")) close = true;
        if (iequals(word, "keep-alive")) keep = true;
    }
}

Encoding encoding_of(std::string_view value) {
    if (value.empty() || iequals(value, "identity")) return Encoding::identity;
    return iequals(value, "gzip") || iequals(value, "x-gzip") ? Encoding::gzip : Encoding::unknown;
}

struct Seen {
    int lengths = 0, transfers = 0, hosts = 0, encodings = 0;
    bool close = false, keep = false;
};

Status judge_field(const StartLine& start, const Field& f, Framing& out, Seen& seen) {
    switch (f.name.size()) {
        case 4:
            if (!iequals(f.name, "host")) break;
            ++seen.hosts;
            out.host = f.value;
            break;
        case 6:
            if (!iequals(f.name, "expect") || start.side == Side::reply) break;
            if (!iequals(f.value, "100-continue")) return bad("expect is not '100-continue'");
            out.expect_continue = start.minor == 1;
            break;
        case 10:
            if (iequals(f.name, "connection")) connection_words(f.value, seen.close, seen.keep);
            break;
        case 14: {
            if (!iequals(f.name, "content-length")) break;
            ++seen.lengths;
            TRY(out.content_length, content_length(f.raw));
            break;
        }
        case 16:
            if (!iequals(f.name, "content-encoding")) break;
            ++seen.encodings;
            out.encoding = encoding_of(f.value);
            break;
        case 17:
            if (!iequals(f.name, "transfer-encoding")) break;
            ++seen.transfers;
            TRYV(transfer_encoding(start, f.raw));
            out.chunked = true;
            break;
        default:
            break;
    }
    return {};
}

/// One look at all names together first: nearly no head has such a byte.
bool any_disguised(std::span<const Field> fields) {
    if (fields.empty()) return false;
    const char* const from = fields.front().name.data();
    const std::string_view last = fields.back().raw;
    if (!std::memchr(from, '_', static_cast<size_t>(last.data() + last.size() - from))) return false;
    return std::any_of(fields.begin(), fields.end(), [](const Field& f) { return disguised(f.name); });
}

Status judge_reply_body(const StartLine& start, Framing& out) {
    const bool informational = start.status < 200;
    out.no_body = start.to_head || informational || start.status == 204 || start.status == 304;
    if (informational || start.status == 204) {
        if (out.chunked || out.content_length > 0) return bad("a reply that has no body announces one");
    }
    out.until_close = !out.no_body && !out.chunked && out.content_length < 0;
    if (out.until_close) out.keep_alive = false;
    return {};
}

}  // namespace

Result<Framing> judge_framing(const StartLine& start, std::span<const Field> fields) {
    Framing out;
    out.minor = start.minor;
    Seen seen;
    for (const Field& f : fields) TRYV(judge_field(start, f, out, seen));
    if (any_disguised(fields)) return bad("a header name imitates another with '_'");
    if (seen.lengths > 1) return bad("content-length stands twice");
    if (seen.transfers > 1) return bad("transfer-encoding stands twice");
    if (seen.lengths && seen.transfers) return bad("both content-length and transfer-encoding");
    if (seen.encodings > 1) out.encoding = Encoding::unknown;
    out.keep_alive = !seen.close && (start.minor == 1 || seen.keep);
    if (start.side == Side::reply) {
        TRYV(judge_reply_body(start, out));
        return out;
    }
    if (seen.hosts > 1) return bad("host stands twice");
    if (seen.hosts == 0 && start.minor == 1) return bad("host is missing");
    if (seen.hosts == 1 && !is_host(out.host)) return bad("host is not a host name");
    return out;
}

bool forbidden_in_trailer(std::string_view name) {
    static constexpr std::string_view kForbidden[] = {
        "content-length",
        "transfer-encoding",
        "content-encoding",
        "content-type",
        "content-range",
        "host",
        "connection",
        "keep-alive",
        "te",
        "trailer",
        "upgrade",
        "expect",
        "authorization",
        "cookie",
        "set-cookie",
        "x-api-key",
        "date",
        "cache-control",
    };
    if (name.size() > 6 && iequals(name.substr(0, 6), "proxy-")) return true;
    return std::any_of(std::begin(kForbidden), std::end(kForbidden),
                       [&](std::string_view f) { return iequals(name, f); });
}

bool is_token(std::string_view text, [[maybe_unused]] size_t readable) {
    if (text.empty()) return false;
#if defined(__SSE2__)
    if (plain_name(text, readable)) return true;
#endif
    return all_in(kToken, text);
}

bool is_host(std::string_view text) {
    if (text.empty() || text.size() > 300 || !all_in(kHost, text)) return false;
    const size_t bracket = text.rfind(']');
    const size_t colon = text.find(':', bracket == std::string_view::npos ? 0 : bracket);
    const std::string_view port = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
    return port.size() <= 5 && std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace aig::net::detail
