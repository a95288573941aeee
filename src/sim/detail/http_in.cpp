#include "sim/detail/http_in.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace aig::sim {

namespace {

constexpr size_t largest_head = 64 << 10;
constexpr int64_t largest_body = 64 << 20;

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
    }
    if (chunked_) return read_chunks(buffer, request);
    const size_t total = head_size_ + static_cast<size_t>(length_);
    if (buffer.size() < total) return Reading::more;
    request.body.assign(buffer, head_size_, static_cast<size_t>(length_));
    buffer.erase(0, total);
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
    request.path = target.substr(0, target.find('?'));
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
            if (ec != std::errc() || p != value.data() + value.size() || length_ < 0 || length_ > largest_body ||
                have_length)
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

Reading RequestReader::read_chunks(std::string& buffer, Request& request) {
    size_t at = head_size_;
    std::string body;
    for (;;) {
        const size_t line = buffer.find("\r\n", at);
        if (line == std::string::npos) return Reading::more;
        uint64_t size = 0;
        const auto [p, ec] = std::from_chars(buffer.data() + at, buffer.data() + line, size, 16);
        if (ec != std::errc() || (p != buffer.data() + line && *p != ';') || size > static_cast<uint64_t>(largest_body))
            return Reading::bad;
        at = line + 2;
        if (size == 0) {
            if (buffer.size() < at + 2) return Reading::more;
            if (buffer.compare(at, 2, "\r\n") != 0) return Reading::bad;  // trailers are not for providers
            request.body = std::move(body);
            buffer.erase(0, at + 2);
            *this = RequestReader();
            return Reading::whole;
        }
        if (buffer.size() < at + size + 2)
            return buffer.size() > static_cast<size_t>(largest_body) * 2 ? Reading::bad : Reading::more;
        body.append(buffer, at, size);
        if (body.size() > static_cast<size_t>(largest_body) || buffer.compare(at + size, 2, "\r\n") != 0)
            return Reading::bad;
        at += size + 2;
    }
}

}  // namespace aig::sim
