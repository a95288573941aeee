#include "sim/detail/http_in.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace aig::sim {

namespace {

constexpr size_t largest_head = 64 << 10;
constexpr size_t largest_body = 64 << 20;

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
}

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

}  // namespace

std::string_view Request::header(std::string_view name) const {
    for (const auto& [n, v] : headers)
        if (n == name) return v;
    return "";
}

bool RequestReader::take_expect_continue() { return have_head_ && std::exchange(expects_, false); }

Reading RequestReader::read(std::string& buffer, Request& request) {
    if (!have_head_) {
        if (const Reading r = read_head(buffer, request); r != Reading::whole) return r;
        have_head_ = true;
        buffer.erase(0, head_size_);
    }
    if (chunked_) return read_chunks(buffer, request);
    if (buffer.size() < length_) return Reading::more;
    request.body.assign(buffer, 0, length_);
    buffer.erase(0, length_);
    *this = RequestReader();
    return Reading::whole;
}

Reading RequestReader::read_head(std::string_view buffer, Request& request) {
    const size_t end = buffer.find("\r\n\r\n", scanned_ < 3 ? 0 : scanned_ - 3);
    scanned_ = buffer.size();
    if (end == std::string_view::npos) return buffer.size() > largest_head ? Reading::bad : Reading::more;
    head_size_ = end + 4;
    std::string_view head = buffer.substr(0, end);
    const size_t line_end = std::min(head.find("\r\n"), head.size());
    const std::string_view line = head.substr(0, line_end);
    const size_t first = line.find(' '), last = line.rfind(' ');
    if (first == std::string_view::npos || last == first || !line.substr(last + 1).starts_with("HTTP/1."))
        return Reading::bad;
    request = Request();
    request.method = line.substr(0, first);
    const std::string_view target = line.substr(first + 1, last - first - 1);
    const size_t mark = std::min(target.find('?'), target.size());
    request.path = target.substr(0, mark);
    request.query = target.substr(std::min(mark + 1, target.size()));
    request.keep_alive = line.ends_with("1.1");
    bool have_length = false;
    for (head.remove_prefix(std::min(line_end + 2, head.size())); !head.empty();) {
        const size_t stop = std::min(head.find("\r\n"), head.size());
        const std::string_view h = head.substr(0, stop);
        head.remove_prefix(std::min(stop + 2, head.size()));
        const size_t colon = h.find(':');
        if (colon == std::string_view::npos || colon == 0 || std::isspace(static_cast<unsigned char>(h[colon - 1])))
            return Reading::bad;
        std::string name = lower(h.substr(0, colon));
        const std::string_view value = trim(h.substr(colon + 1));
        if (name == "content-length") {
            const auto [p, ec] = std::from_chars(value.data(), value.data() + value.size(), length_);
            if (ec != std::errc() || p != value.data() + value.size() || length_ > largest_body || have_length)
                return Reading::bad;
            have_length = true;
        } else if (name == "transfer-encoding") {
            if (lower(value) != "chunked") return Reading::bad;
            chunked_ = true;
        } else if (name == "connection") {
            if (lower(value) == "close") request.keep_alive = false;
        } else if (name == "expect") {
            expects_ = lower(value) == "100-continue";
        }
        request.headers.emplace_back(std::move(name), value);
    }
    return chunked_ && have_length ? Reading::bad : Reading::whole;
}

/// Whole chunks move from the buffer to the body as they come, so that a long body is looked at once.
Reading RequestReader::read_chunks(std::string& buffer, Request& request) {
    size_t at = 0;
    Reading state = Reading::more;
    for (;;) {
        const size_t line = buffer.find("\r\n", at);
        if (line == std::string::npos) break;
        uint64_t size = 0;
        const auto [p, ec] = std::from_chars(buffer.data() + at, buffer.data() + line, size, 16);
        if (ec != std::errc() || (p != buffer.data() + line && *p != ';') || size > largest_body - request.body.size())
            return Reading::bad;
        const size_t begin = line + 2;
        if (buffer.size() < begin + size + 2) break;
        if (buffer.compare(begin + size, 2, "\r\n") != 0) return Reading::bad;  // nor trailers: not for providers
        request.body.append(buffer, begin, size);
        at = begin + size + 2;
        if (size > 0) continue;
        state = Reading::whole;
        break;
    }
    buffer.erase(0, at);
    if (state == Reading::whole) *this = RequestReader();
    return state;
}

}  // namespace aig::sim
