#include "net/detail/head_parser.h"

#include <llhttp.h>

#include <array>
#include <cstring>
#include <vector>

namespace aig::net::detail {
namespace {

Error bad(const char* what) { return Error(ErrorCode::bad_request, what); }

/// What llhttp tells of one head. Kept per thread, so that a head costs no allocation here.
struct Parts {
    std::string_view method, target;
    const char* end = nullptr;
    std::vector<Field> fields;
    bool complete = false;
};

std::string_view trim(std::string_view s) {
    while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
    while (!s.empty() && (s.back() == ' ' || s.back() == '\t')) s.remove_suffix(1);
    return s;
}

Parts& parts_of(llhttp_t* parser) { return *static_cast<Parts*>(parser->data); }

int on_method(llhttp_t* p, const char* at, size_t n) {
    parts_of(p).method = {at, n};
    return 0;
}
int on_url(llhttp_t* p, const char* at, size_t n) {
    parts_of(p).target = {at, n};
    return 0;
}
/// The value is taken from the bytes up to CR: the scanner has proved that there is one and that no line is folded.
int on_header_field(llhttp_t* p, const char* at, size_t n) {
    const char* colon = at + n;
    if (*colon != ':') return HPE_USER;
    const auto left = static_cast<size_t>(parts_of(p).end - colon);
    const char* end = static_cast<const char*>(std::memchr(colon, '\r', left));
    const std::string_view raw(colon + 1, static_cast<size_t>(end - colon - 1));
    parts_of(p).fields.push_back({{at, n}, trim(raw), raw});
    return 0;
}
int on_headers_complete(llhttp_t* p) {
    parts_of(p).complete = true;
    return HPE_PAUSED;
}

const llhttp_settings_t& settings() {
    static const llhttp_settings_t kSettings = [] {
        llhttp_settings_t s;
        llhttp_settings_init(&s);
        s.on_method = on_method;
        s.on_url = on_url;
        s.on_header_field = on_header_field;
        s.on_headers_complete = on_headers_complete;
        return s;
    }();
    return kSettings;
}

/// Exactly "METHOD SP target SP HTTP/1.x CR LF": llhttp also takes further blanks, and the RTSP and ICE protocols.
bool plain_request_line(std::string_view head, const Parts& parts) {
    const size_t method = parts.method.size(), target = parts.target.size();
    if (parts.method.data() != head.data() || parts.target.data() != head.data() + method + 1) return false;
    const std::string_view rest = head.substr(method + 1 + target);
    return head[method] == ' ' && (rest.starts_with(" HTTP/1.1\r\n") || rest.starts_with(" HTTP/1.0\r\n"));
}

/// Runs llhttp over the head and checks that it saw the same lines as the scanner.
Status read_parts(llhttp_t& parser, llhttp_type_t type, std::string_view head, size_t fields, Parts& parts) {
    parts.method = parts.target = {};
    parts.end = head.data() + head.size();
    parts.fields.clear();
    parts.complete = false;
    llhttp_init(&parser, type, &settings());
    parser.data = &parts;
    const llhttp_errno_t result = llhttp_execute(&parser, head.data(), head.size());
    if (result != HPE_PAUSED || !parts.complete) return bad("the head is not valid HTTP/1.1");
    if (parts.fields.size() != fields) return bad("the header lines are ambiguous");
    if (parser.http_major != 1 || parser.http_minor > 1) return bad("the version is not HTTP/1.0 or HTTP/1.1");
    for (const Field& f : parts.fields) {
        if (!is_token(f.name, static_cast<size_t>(parts.end - f.name.data())))
            return bad("a header name holds a forbidden byte");
    }
    return {};
}

/// The second opinion: llhttp's idea of the body's end must be ours.
Status agree(const llhttp_t& parser, const Framing& framing) {
    const bool chunked = (parser.flags & F_CHUNKED) != 0;
    const bool length = (parser.flags & F_CONTENT_LENGTH) != 0;
    if (chunked != framing.chunked || length != (framing.content_length >= 0))
        return bad("the body's length is ambiguous");
    if (length && parser.content_length != static_cast<uint64_t>(framing.content_length)) {
        return bad("the body's length is ambiguous");
    }
    return {};
}

void copy_headers(const std::vector<Field>& fields, Headers& out) {
    out.clear();
    size_t bytes = 0;
    for (const Field& f : fields) bytes += f.name.size() + f.value.size();
    out.reserve(fields.size(), bytes);
    for (const Field& f : fields) out.add_named(f.name, f.value);
}

/// Bytes of RFC 3986 that may stand in path and query; all others must be escaped.
bool target_bytes_ok(std::string_view target) {
    static const std::array<bool, 256> kAllowed = [] {
        std::array<bool, 256> t{};
        for (const char c : std::string_view("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                             "-._~:/?[]@!$&'()*+,;=%")) {
            t[static_cast<unsigned char>(c)] = true;
        }
        return t;
    }();
    bool ok = true;
    for (const char c : target) ok &= kAllowed[static_cast<unsigned char>(c)];
    return ok;
}

/// "http://host/path" with the host of the Host line (a client that speaks to us as to a proxy) -> "/path".
Result<std::string_view> origin_form(std::string_view target, std::string_view host, std::string_view method) {
    if (target.starts_with('/')) return target;
    if (target == "*" && method == "OPTIONS") return target;
    std::string_view rest;
    if (target.starts_with("http://")) rest = target.substr(7);
    if (target.starts_with("https://")) rest = target.substr(8);
    const size_t slash = rest.find('/');
    const std::string_view authority = rest.substr(0, slash);
    if (authority.empty() || slash == std::string_view::npos) return bad("the target is not a path");
    if (!iequals(authority, host)) return bad("the target names another host than the host line");
    return rest.substr(slash);
}

void split_target(RequestHead& out) {
    const std::string_view target = out.target;
    const size_t mark = target.find('?');
    out.path = target.substr(0, mark);
    out.query = mark == std::string_view::npos ? std::string_view() : target.substr(mark + 1);
}

thread_local Parts thread_parts;

}  // namespace

Result<Framing> parse_request_head(std::string_view head, size_t fields, RequestHead& out) {
    llhttp_t parser;
    Parts& parts = thread_parts;
    TRYV(read_parts(parser, HTTP_REQUEST, head, fields, parts));
    if (!plain_request_line(head, parts)) return bad("the request line is not 'METHOD target HTTP/1.1'");
    if (parts.method == "CONNECT") return bad("this is not a proxy");
    StartLine start;
    start.minor = parser.http_minor;
    TRY(const Framing framing, judge_framing(start, parts.fields));
    TRYV(agree(parser, framing));
    if (!target_bytes_ok(parts.target)) return bad("the target holds a byte that must be escaped");
    TRY(const std::string_view target, origin_form(parts.target, framing.host, parts.method));
    if (target.find('%') != std::string_view::npos) TRYV(percent_decode(target));
    out.method.assign(parts.method);
    out.target.assign(target);
    split_target(out);
    copy_headers(parts.fields, out.headers);
    out.keep_alive = framing.keep_alive;
    out.content_length = framing.content_length;
    out.chunked = framing.chunked;
    Framing result = framing;
    result.host = {};  // it points into the caller's bytes
    return result;
}

Status parse_reply_head(std::string_view head, size_t fields, bool to_head, ReplyHead& out) {
    // "HTTP/1.1 200": llhttp would let other things through in front of the code.
    if (!head.starts_with("HTTP/1.") || head.size() < 14 || head[8] != ' ')
        return bad("the status line is not HTTP/1.1");
    llhttp_t parser;
    Parts& parts = thread_parts;
    TRYV(read_parts(parser, HTTP_RESPONSE, head, fields, parts));
    StartLine start;
    start.side = Side::reply;
    start.minor = parser.http_minor;
    start.status = parser.status_code;
    start.to_head = to_head;
    if (start.status < 100 || start.status > 599 || (head[12] != ' ' && head[12] != '\r'))
        return bad("no such status code");
    if (start.status == 101) return bad("a switch of protocols was not asked for");
    TRY(out.framing, judge_framing(start, parts.fields));
    out.framing.host = {};
    TRYV(agree(parser, out.framing));
    out.status = start.status;
    out.minor = start.minor;
    copy_headers(parts.fields, out.headers);
    return {};
}

}  // namespace aig::net::detail
