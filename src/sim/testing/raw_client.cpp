#include "sim/testing/raw_client.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

namespace aig::sim::testing {

namespace {

HttpReply broken(HttpReply reply, std::string why) {
    reply.whole = false;
    reply.fault = std::move(why);
    return reply;
}

std::string gunzip(std::string_view bytes, bool& whole) {
    z_stream z{};
    inflateInit2(&z, 15 + 16);
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    z.avail_in = static_cast<uInt>(bytes.size());
    std::string out, buffer(1 << 16, '\0');
    int state = Z_OK;
    while (state == Z_OK) {
        z.next_out = reinterpret_cast<Bytef*>(buffer.data());
        z.avail_out = static_cast<uInt>(buffer.size());
        state = inflate(&z, Z_NO_FLUSH);
        out.append(buffer, 0, buffer.size() - z.avail_out);
        if (z.avail_in == 0 && z.avail_out > 0) break;
    }
    inflateEnd(&z);
    whole = state == Z_STREAM_END;
    return out;
}

bool read_number(std::string_view text, int base, int64_t& out) {
    const auto [p, ec] = std::from_chars(text.data(), text.data() + text.size(), out, base);
    return ec == std::errc() && p == text.data() + text.size() && !text.empty();
}

HttpReply read_body(HttpReply reply, std::string_view bytes, size_t at) {
    const bool chunked = reply.headers.count("transfer-encoding") > 0;
    if (chunked && reply.headers.count("content-length")) return broken(reply, "length and chunks");
    if (chunked) {
        for (;;) {
            const size_t line = bytes.find("\r\n", at);
            if (line == std::string_view::npos) return broken(reply, "no chunk size");
            int64_t size = 0;
            if (!read_number(bytes.substr(at, line - at), 16, size)) return broken(reply, "bad chunk size");
            at = line + 2;
            if (bytes.size() < at + static_cast<size_t>(size) + 2) return broken(reply, "chunk cut");
            reply.body += bytes.substr(at, static_cast<size_t>(size));
            at += static_cast<size_t>(size);
            if (bytes.substr(at, 2) != "\r\n") return broken(reply, "chunk end");
            at += 2;
            if (size == 0) break;
        }
    } else {
        int64_t length = 0;
        if (!read_number(reply.headers["content-length"], 10, length)) return broken(reply, "no length");
        if (bytes.size() < at + static_cast<size_t>(length)) return broken(reply, "body cut");
        reply.body = bytes.substr(at, static_cast<size_t>(length));
        at += static_cast<size_t>(length);
    }
    reply.used = at;
    reply.whole = true;
    if (reply.headers["content-encoding"] == "gzip") {
        bool all = false;
        reply.body = gunzip(reply.body, all);
        if (!all) reply.fault = "gzip cut";
    }
    return reply;
}

}  // namespace

HttpReply parse_reply(std::string_view bytes) {
    HttpReply reply;
    size_t at = 0;
    for (;;) {
        reply = HttpReply();
        const size_t end = bytes.find("\r\n\r\n", at);
        if (end == std::string_view::npos) return broken(reply, "head cut");
        std::string_view head = bytes.substr(at, end - at);
        int64_t status = 0;
        if (!head.starts_with("HTTP/1.1 ") || !read_number(head.substr(9, 3), 10, status))
            return broken(reply, "no status line");
        reply.status = static_cast<int>(status);
        head.remove_prefix(std::min(head.find("\r\n") + 2, head.size()));
        while (status >= 200 && !head.empty()) {
            const size_t stop = std::min(head.find("\r\n"), head.size());
            const std::string_view line = head.substr(0, stop);
            head.remove_prefix(std::min(stop + 2, head.size()));
            const size_t colon = line.find(": ");
            if (colon == std::string_view::npos) return broken(reply, "bad header");
            reply.headers[std::string(line.substr(0, colon))] = line.substr(colon + 2);
            ++reply.header_count;
        }
        at = end + 4;
        if (status >= 200) break;
    }
    return read_body(std::move(reply), bytes, at);
}

RawClient::RawClient(uint16_t port) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) close();
}
RawClient::~RawClient() { close(); }

void RawClient::close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

bool RawClient::send(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n <= 0) return false;
        bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
}

Closing RawClient::read_some(int quiet_ms, bool& quiet) {
    pollfd p{fd_, POLLIN, 0};
    quiet = ::poll(&p, 1, quiet_ms) == 0;
    if (quiet) return Closing::open;
    char buffer[65'536];
    const ssize_t n = ::recv(fd_, buffer, sizeof buffer, 0);
    if (n == 0) return Closing::fin;
    if (n < 0) return Closing::reset;
    buffer_.append(buffer, static_cast<size_t>(n));
    return Closing::open;
}

RawReply RawClient::read(int quiet_ms) {
    RawReply r;
    size_t looked_at = 0;
    for (bool quiet = false;;) {
        // A large reply is parsed again only when it has doubled, or when the socket has gone still.
        if (buffer_.size() < 100'000 || buffer_.size() > 2 * looked_at) {
            r.http = parse_reply(buffer_);
            looked_at = buffer_.size();
            if (r.http.whole) break;
        }
        r.closing = read_some(looked_at == buffer_.size() ? quiet_ms : 50, quiet);
        if (quiet && looked_at != buffer_.size()) {
            looked_at = 0;
            quiet = false;
            continue;
        }
        if (quiet || r.closing != Closing::open) {
            r.http = parse_reply(buffer_);
            break;
        }
    }
    const size_t used = r.http.whole ? r.http.used : buffer_.size();
    r.bytes = buffer_.substr(0, used);
    buffer_.erase(0, used);
    return r;
}

bool RawClient::read_until(std::string_view text, int quiet_ms) {
    for (bool quiet = false; buffer_.find(text) == std::string::npos;)
        if (read_some(quiet_ms, quiet) != Closing::open || quiet) return false;
    return true;
}

std::string post(std::string_view path, std::string_view body, std::string_view more_headers) {
    return fmt::format(
        "POST {} HTTP/1.1\r\nhost: sim\r\nauthorization: Bearer sk-test\r\nanthropic-version: "
        "2023-06-01\r\ncontent-type: "
        "application/json\r\n{}content-length: {}\r\n\r\n{}",
        path, more_headers, body.size(), body);
}

}  // namespace aig::sim::testing
