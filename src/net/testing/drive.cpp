#include "net/testing/drive.h"

#include <algorithm>

namespace aig::net::testing {
namespace {

using namespace detail;

/// What arrived and what of it is unused: the role ReadBuffer and the socket play in a connection.
struct Input {
    std::string_view rest;
    size_t piece;
    std::string have;
    bool more() {
        if (rest.empty()) return false;
        const size_t n = std::min(std::max<size_t>(piece, 1), rest.size());
        have.append(rest.substr(0, n));
        rest.remove_prefix(n);
        return true;
    }
};

/// 0 = refused or the bytes ran out.
size_t next_head(Input& in, HeadScanner& scanner, Verdict& out) {
    scanner.reset();
    for (;;) {
        auto scanned = scanner.scan(in.have);
        if (!scanned) {
            out.refused = scanned.error().message();
            return 0;
        }
        if (*scanned > 0) return *scanned;
        if (!in.more()) {
            out.open = !in.have.empty();
            return 0;
        }
    }
}

bool read_body(Input& in, const Framing& framing, Message& message, Verdict& out) {
    if (framing.body_empty()) return true;
    if (framing.until_close) {
        while (in.more()) {
        }
        message.body = std::exchange(in.have, "");
        return true;
    }
    ChunkDecoder chunks;
    for (;;) {
        size_t used = 0;
        bool done = false;
        if (framing.chunked) {
            auto step = chunks.decode(in.have.data(), in.have.size());
            if (!step) {
                out.refused = step.error().message();
                return false;
            }
            message.body.append(in.have, 0, step->produced);
            used = step->consumed;
            done = step->done;
        } else {
            used = std::min(in.have.size(), static_cast<size_t>(framing.content_length) - message.body.size());
            message.body.append(in.have, 0, used);
            done = static_cast<int64_t>(message.body.size()) == framing.content_length;
        }
        in.have.erase(0, used);
        if (done) return true;
        if (!in.more()) {
            out.open = true;
            return false;
        }
    }
}

}  // namespace

Verdict drive_requests(std::string_view bytes, size_t piece) {
    Verdict out;
    Input in{bytes, piece, {}};
    HeadScanner scanner;
    while (in.have.size() < 4 && in.more()) {
    }
    for (int i = 0; i < 2 && in.have.starts_with("\r\n"); ++i) in.have.erase(0, 2);
    while (!out.closes) {
        const size_t size = next_head(in, scanner, out);
        if (size == 0) return out;
        RequestHead head;
        auto framing = parse_request_head(std::string_view(in.have).substr(0, size), scanner.field_lines(), head);
        if (!framing) {
            out.refused = framing.error().message();
            return out;
        }
        in.have.erase(0, size);
        Message message{head.method + " " + head.target, ""};
        if (!read_body(in, *framing, message, out)) return out;
        out.messages.push_back(std::move(message));
        out.closes = !framing->keep_alive;
    }
    return out;
}

Verdict drive_reply(std::string_view bytes, size_t piece) {
    Verdict out;
    Input in{bytes, piece, {}};
    HeadScanner scanner({.first_line = 8 * 1024, .head = 64 * 1024, .fields = 128});
    ReplyHead head;
    do {
        const size_t size = next_head(in, scanner, out);
        if (size == 0) return out;
        auto parsed = parse_reply_head(std::string_view(in.have).substr(0, size), scanner.field_lines(), false, head);
        if (!parsed) {
            out.refused = parsed.error().message();
            return out;
        }
        in.have.erase(0, size);
    } while (head.status < 200);
    Message message{std::to_string(head.status), ""};
    if (!read_body(in, head.framing, message, out)) return out;
    out.messages.push_back(std::move(message));
    out.closes = !head.framing.keep_alive;
    if (!in.have.empty() || !in.rest.empty()) out.refused = "bytes behind the reply";
    return out;
}

}  // namespace aig::net::testing
