#include <charconv>
#include <ctime>

#include "base/log.h"
#include "net/detail/connection.h"
#include "net/detail/header_lines.h"

namespace aig::net::detail {
namespace {

/// "date: ...\r\n", made once a second and thread.
std::string_view date_line(int64_t now_ms) {
    thread_local int64_t made_ms = -1'000'000;
    thread_local char line[48];
    thread_local size_t size = 0;
    if (now_ms - made_ms >= 1'000 || now_ms < made_ms) {
        made_ms = now_ms;
        const std::time_t now = std::time(nullptr);
        std::tm utc{};
        gmtime_r(&now, &utc);
        size = std::strftime(line, sizeof line, "date: %a, %d %b %Y %H:%M:%S GMT\r\n", &utc);
    }
    return {line, size};
}

void append_number(std::string& out, int64_t n, int base = 10) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, n, base).ptr;
    out.append(digits, static_cast<size_t>(end - digits));
}

/// The server's own lines; a handler's are left out.
bool ours(std::string_view name) {
    switch (name.size()) {
        case 4:
            return iequals(name, "date");
        case 10:
            return iequals(name, "connection") || iequals(name, "keep-alive");
        case 14:
            return iequals(name, "content-length");
        case 17:
            return iequals(name, "transfer-encoding");
        default:
            return false;
    }
}

bool bodiless(int status) { return status == 204 || status == 304; }

}  // namespace

/// `length` < 0: streamed.
void Connection::append_head(std::string& out, int status, const Headers& headers, int64_t length) {
    if (!skip_unread_body() || part_->state->draining) keep_alive_ = false;
    out += "HTTP/1.1 ";
    append_number(out, status);
    out += ' ';
    out += reason_phrase(status);
    out += "\r\n";
    if (append_lines(out, headers, ours) > 0) log::error("reply_header_dropped", {{"status", status}});
    out += date_line(part_->now_ms);
    if (length >= 0 && !bodiless(status)) {
        out += "content-length: ";
        append_number(out, length);
        out += "\r\n";
    }
    if (length < 0 && chunked_reply_) out += "transfer-encoding: chunked\r\n";
    if (!keep_alive_) out += "connection: close\r\n";
    if (keep_alive_ && minor_ == 0) out += "connection: keep-alive\r\n";
    out += "\r\n";
}

/// True: it is on its way. Else `left` is still to be sent; what of it was ours stands in `head`.
bool Connection::respond_now(int status, const Headers& headers, const Pieces& body, std::string& head,
                             std::vector<iovec>& left) {
    size_t total = 0;
    for (const std::string_view piece : body) total += piece.size();
    auto& [text, pieces] = blank_draft();
    append_head(text, status, headers, static_cast<int64_t>(total));
    push(pieces, text);
    if (head_.method != "HEAD" && !bodiless(status)) {
        for (const std::string_view piece : body) push(pieces, piece);
    }
    const size_t all = pieces.size();
    const Io wrote = write(pieces);
    if (!wrote.failed && pieces.empty()) return true;
    keep_unsent(pieces, pieces.size() == all, head, left);
    return false;
}

rt::Task<Status> Connection::respond(int status, Headers headers, Pieces body) {
    started_ = true;
    std::string head;
    std::vector<iovec> left;
    if (respond_now(status, headers, body, head, left)) co_return Status();
    auto sent = co_await send_pieces(std::move(left));
    co_return sent;
}

rt::Task<Status> Connection::begin(int status, Headers headers) {
    started_ = streaming_ = true;
    ended_ = false;
    chunked_reply_ = minor_ == 1;
    if (!chunked_reply_) keep_alive_ = false;  // HTTP/1.0: the end of the connection ends the body
    pending_head_.clear();
    append_head(pending_head_, status, headers, -1);
    flush_head_later();
    co_return Status();
}

/// The head waits for the first bytes of the body, to go out in the same segment, but no longer than until the loop
/// turns.
void Connection::flush_head_later() {
    loop().post([self = weak_from_this()] {
        auto connection = self.lock();
        if (!connection || connection->pending_head_.empty() || connection->waiting_ == Waiting::write) return;
        std::vector<iovec> pieces;
        push(pieces, connection->pending_head_);
        const Io wrote = connection->write(pieces);
        connection->pending_head_.erase(0, wrote.failed ? std::string::npos : wrote.n);
    });
}

rt::Task<Status> Connection::write(Pieces body) {
    size_t total = 0;
    for (const std::string_view piece : body) total += piece.size();
    if (total == 0 || head_.method == "HEAD") co_return Status();
    std::string before = std::exchange(pending_head_, std::string());
    if (chunked_reply_) {
        append_number(before, static_cast<int64_t>(total), 16);
        before += "\r\n";
    }
    std::vector<iovec> pieces;
    pieces.reserve(body.size() + 2);
    push(pieces, before);
    for (const std::string_view piece : body) push(pieces, piece);
    if (chunked_reply_) push(pieces, "\r\n");
    const Io wrote = write(pieces);
    if (!wrote.failed && pieces.empty()) co_return Status();
    auto sent = co_await send_pieces(std::move(pieces));
    co_return sent;
}

rt::Task<Status> Connection::end() {
    ended_ = true;
    std::string last = std::exchange(pending_head_, std::string());
    if (chunked_reply_ && head_.method != "HEAD") last += "0\r\n\r\n";
    std::vector<iovec> pieces;
    push(pieces, last);
    const Io wrote = write(pieces);
    if (!wrote.failed && pieces.empty()) co_return Status();
    auto sent = co_await send_pieces(std::move(pieces));
    co_return sent;
}

/// A connection that ends behind its reply sends at once: what is left to be sent then is known before it closes.
Io Connection::write(std::vector<iovec>& pieces) {
    return keep_alive_ ? channel_.write_soon(pieces) : channel_.write_now(pieces);
}

/// Waits for the kernel to take everything; no progress for write_timeout_ms cuts the connection.
rt::Task<Status> Connection::send_pieces(std::vector<iovec> pieces) {
    while (!pieces.empty()) {
        const Io wrote = channel_.write_now(pieces);
        if (wrote.failed || cut_) {
            broken_ = true;
            stop_.stop(ErrorCode::client_gone);
            co_return Error(ErrorCode::client_gone, "the client closed the connection");
        }
        if (pieces.empty()) break;
        wait_for(Waiting::write, part_->state->options.write_timeout_ms);
        co_await channel_.ready();
        waiting_ = Waiting::nothing;
        if (channel_.interrupted()) cut_ = true;
    }
    co_return Status();
}

void Connection::abort() {
    broken_ = true;
    ended_ = true;
    pending_head_.clear();
    // Without chunks a plain close would look like the end of the body.
    channel_.close(!chunked_reply_);
}

}  // namespace aig::net::detail
