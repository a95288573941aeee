#include "net/http.h"

#include <algorithm>
#include <cstring>

namespace aig::net {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

/// Or, for bytes that are no letters, perhaps.
bool same_letter(char a, char b) { return ((a ^ b) & ~0x20) == 0; }

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    const char l = lower(c);
    return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

}  // namespace

bool iequals(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    for (size_t i = 0; i < a.size(); ++i) {
        if (lower(a[i]) != lower(b[i])) return false;
    }
    return true;
}

Headers::Headers(const Headers& o) : gaps_(o.gaps_), known_names_(o.known_names_), lines_(o.lines_) {
    grow(o.size_);
    if (o.size_ > 0) std::memcpy(text_.get(), o.text_.get(), o.size_);
    size_ = o.size_;
}

Headers::Block Headers::grow(size_t bytes) {
    if (bytes <= capacity_) return nullptr;
    capacity_ = static_cast<uint32_t>(std::max<size_t>({bytes, size_t{2} * capacity_, 256}));
    Block more = std::make_unique_for_overwrite<char[]>(capacity_);
    if (size_ > 0) std::memcpy(more.get(), text_.get(), size_);
    return std::exchange(text_, std::move(more));
}

void Headers::reserve(size_t lines, size_t bytes) {
    lines_.reserve(lines);
    grow((bytes ? bytes : lines * 48) + lines * 4);
}

/// One copy of it, as of everything that a head does twenty times: code that runs once comes from a slower cache.
[[gnu::noinline]] void Headers::put(std::string_view name, std::string_view value) {
    const Block left = grow(size_ + name.size() + value.size() + 4);
    lines_.push_back({size_, static_cast<uint32_t>(name.size()), static_cast<uint32_t>(value.size())});
    char* p = text_.get() + size_;
    if (!name.empty()) std::memcpy(p, name.data(), name.size());
    p += name.size();
    *p++ = ':';
    *p++ = ' ';
    if (!value.empty()) std::memcpy(p, value.data(), value.size());
    p += value.size();
    *p++ = '\r';
    *p++ = '\n';
    size_ = static_cast<uint32_t>(p - text_.get());
}

void Headers::set(std::string_view name, std::string_view value) {
    remove(name);
    add_named(name, value);
}

void Headers::remove(std::string_view gone) {
    gaps_ |= std::erase_if(lines_, [&](const Place& p) { return iequals(name(p), gone); }) > 0;
}

/// One copy, as of put().
[[gnu::noinline]] std::string_view Headers::get(std::string_view wanted) const {
    for (const Place& p : lines_)  // mostly no: the size, or else the first letter, says it
        if (p.name_size == wanted.size() && (wanted.empty() || same_letter(text_[p.at], wanted[0])) &&
            iequals(name(p), wanted))
            return value(p);
    return {};
}

size_t Headers::count(std::string_view wanted) const {
    return static_cast<size_t>(
        std::count_if(lines_.begin(), lines_.end(), [&](const Place& p) { return iequals(name(p), wanted); }));
}

std::string_view reason_phrase(int status) {
    switch (status) {
        case 100:
            return "Continue";
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 202:
            return "Accepted";
        case 204:
            return "No Content";
        case 206:
            return "Partial Content";
        case 301:
            return "Moved Permanently";
        case 302:
            return "Found";
        case 303:
            return "See Other";
        case 304:
            return "Not Modified";
        case 307:
            return "Temporary Redirect";
        case 308:
            return "Permanent Redirect";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 402:
            return "Payment Required";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 406:
            return "Not Acceptable";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 410:
            return "Gone";
        case 411:
            return "Length Required";
        case 412:
            return "Precondition Failed";
        case 413:
            return "Content Too Large";
        case 414:
            return "URI Too Long";
        case 415:
            return "Unsupported Media Type";
        case 416:
            return "Range Not Satisfiable";
        case 417:
            return "Expectation Failed";
        case 422:
            return "Unprocessable Content";
        case 425:
            return "Too Early";
        case 428:
            return "Precondition Required";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 451:
            return "Unavailable For Legal Reasons";
        case 499:
            return "Client Closed Request";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        case 529:
            return "Overloaded";
        default:
            return "Status";
    }
}

Result<std::string> percent_decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out += text[i];
            continue;
        }
        const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
        if (high < 0 || low < 0) return Error(ErrorCode::bad_request, "the URL holds a broken percent escape");
        if (high == 0 && low == 0) return Error(ErrorCode::bad_request, "the URL holds an escaped NUL");
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return out;
}

std::string query_value(std::string_view query, std::string_view name) {
    while (!query.empty()) {
        const size_t amp = query.find('&');
        const std::string_view pair = query.substr(0, amp);
        query = amp == std::string_view::npos ? std::string_view() : query.substr(amp + 1);
        const size_t eq = pair.find('=');
        auto key = percent_decode(pair.substr(0, eq));
        if (!key || *key != name) continue;
        if (eq == std::string_view::npos) return {};
        std::string value(pair.substr(eq + 1));
        std::replace(value.begin(), value.end(), '+', ' ');  // forms write a blank as '+'
        auto decoded = percent_decode(value);
        return decoded ? *std::move(decoded) : std::string();
    }
    return {};
}

}  // namespace aig::net
