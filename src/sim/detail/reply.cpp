#include "sim/detail/reply.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ctime>

namespace aig::sim {

namespace {

/// RFC 9110 date; made once a second on each thread.
const std::string& http_date() {
    thread_local std::time_t made = 0;
    thread_local std::string text;
    const std::time_t now = std::time(nullptr);
    if (now == made) return text;
    std::tm tm{};
    gmtime_r(&now, &tm);
    char buffer[40];
    text.assign(buffer, std::strftime(buffer, sizeof buffer, "%a, %d %b %Y %H:%M:%S GMT", &tm));
    made = now;
    return text;
}

}  // namespace

void Reply::set(std::string_view name, std::string value) {
    drop(name);
    headers.emplace_back(name, std::move(value));
}

void Reply::drop(std::string_view name) {
    std::erase_if(headers, [name](const auto& h) { return h.first == name; });
}

std::string_view reason_phrase(int status) {
    switch (status) {
        case 200:
            return "OK";
        case 301:
            return "Moved Permanently";
        case 307:
            return "Temporary Redirect";
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
        case 413:
            return "Payload Too Large";
        case 429:
            return "Too Many Requests";
        case 500:
            return "Internal Server Error";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        case 529:
            return "Overloaded";
        default:
            return "Unknown";
    }
}

std::string reply_head(const Reply& reply, std::string_view framing) {
    std::string head;
    head.reserve(512);
    fmt::format_to(std::back_inserter(head), "HTTP/1.1 {} {}\r\ndate: {}\r\nserver: aig-sim\r\n", reply.status,
                   reason_phrase(reply.status), http_date());
    for (const auto& [name, value] : reply.headers) head.append(name).append(": ").append(value).append("\r\n");
    head.append(framing).append("\r\n");
    return head;
}

std::string chunk(std::string_view bytes) {
    char size[17];
    const char* const end = std::to_chars(size, size + sizeof size, bytes.size(), 16).ptr;
    std::string out;
    out.reserve(bytes.size() + 24);
    return out.append(size, static_cast<size_t>(end - size)).append("\r\n").append(bytes).append("\r\n");
}

Script frame(const Reply& reply) {
    Script script;
    if (!reply.streamed) {
        std::string bytes = reply_head(reply, fmt::format("content-length: {}\r\n", reply.body.size()));
        bytes += reply.body;
        script.steps.push_back({std::move(bytes), reply.tokens, 0, 1});
        return script;
    }
    script.steps.reserve(reply.events.size() + 2);
    script.steps.push_back({reply_head(reply, "transfer-encoding: chunked\r\n"), 0, 0, 1});
    for (const Event& e : reply.events) script.steps.push_back({chunk(e.bytes), e.tokens, 0, 1});
    script.steps.push_back({"0\r\n\r\n", reply.tokens, 0, 1});
    return script;
}

}  // namespace aig::sim
