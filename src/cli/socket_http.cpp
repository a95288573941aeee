// HTTP/1.1 over the admin socket: one request with "connection: close", the reply read to its end.
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstring>

#include "cli/detail/http.h"

namespace aig::cli {
namespace {
constexpr size_t max_reply = 64 << 20;

Error unreachable(const std::string& path) {
    return Error(ErrorCode::upstream_unreachable, fmt::format("Nothing answers at {}.", path));
}
Error garbage(std::string_view what) {
    return Error(ErrorCode::upstream_garbage, fmt::format("The admin socket's reply {}.", what));
}

struct Socket {
    int fd = -1;
    ~Socket() {
        if (fd >= 0) ::close(fd);
    }
};

Result<int> connect_to(const std::string& path, int64_t timeout_ms) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return unreachable(path);
    std::memcpy(address.sun_path, path.data(), path.size());
    Socket socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const timeval limit{timeout_ms / 1000, 0};
    ::setsockopt(socket.fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(socket.fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (socket.fd < 0 || ::connect(socket.fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return unreachable(path);
    return std::exchange(socket.fd, -1);
}

Result<std::string> send_and_read(int fd, std::string_view request) {
    while (!request.empty()) {
        const auto n = ::send(fd, request.data(), request.size(), MSG_NOSIGNAL);
        if (n <= 0) return garbage("broke off");
        request.remove_prefix(static_cast<size_t>(n));
    }
    std::string reply;
    char buffer[16'384];
    while (true) {
        const auto n = ::recv(fd, buffer, sizeof buffer, 0);
        if (n < 0) return garbage("did not come in time");
        if (n == 0) return reply;
        reply.append(buffer, static_cast<size_t>(n));
        if (reply.size() > max_reply) return garbage("is too long");
    }
}

Result<HttpReply> parse(const std::string& text) {
    const auto head_end = text.find("\r\n\r\n");
    if (head_end == std::string::npos || !text.starts_with("HTTP/1.1 ")) return garbage("is not HTTP/1.1");
    HttpReply reply;
    std::from_chars(text.data() + 9, text.data() + 12, reply.status);
    std::string_view lines = std::string_view(text).substr(0, head_end);
    lines.remove_prefix(std::min(lines.size(), lines.find("\r\n")));
    while (lines.starts_with("\r\n")) {
        lines.remove_prefix(2);
        const auto line = lines.substr(0, lines.find("\r\n"));
        lines.remove_prefix(line.size());
        const auto colon = line.find(':');
        if (colon == std::string_view::npos) return garbage("has a broken head");
        auto value = line.substr(colon + 1);
        while (value.starts_with(' ')) value.remove_prefix(1);
        reply.headers.add_named(line.substr(0, colon), value);
    }
    reply.body = text.substr(head_end + 4);
    const auto length = reply.headers.get("content-length");
    if (length != fmt::to_string(reply.body.size())) return garbage("broke off");
    return reply;
}
}  // namespace

Result<HttpReply> http_over_socket(const std::string& path, const HttpCall& call) {
    TRY(const int fd, connect_to(path, call.timeout_ms));
    const Socket socket{fd};
    auto request = fmt::format("{} {} HTTP/1.1\r\nhost: admin\r\nconnection: close\r\n", call.method, call.target);
    if (!call.body.empty()) request += "content-type: application/json\r\n";
    if (!call.body.empty() || call.method == "POST") request += fmt::format("content-length: {}\r\n", call.body.size());
    request += "\r\n" + call.body;
    TRY(const std::string reply, send_and_read(socket.fd, request));
    return parse(reply);
}

}  // namespace aig::cli
