#include "net/detail/connection.h"

#include <algorithm>
#include <exception>

#include "base/log.h"

namespace aig::net::detail {
namespace {

constexpr int64_t kLingerMs = 2'000;
constexpr size_t kLingerBytes = 4 * 1024 * 1024;
constexpr int64_t kDrainGraceMs = 200;  // for a request that is on its way while the server begins to drain
constexpr int64_t kBodyWindowMs = 20'000, kBodyBytesPerSecond = 1'024;

std::string plain_error(const Error& error) {
    return "{\"error\":{\"code\":\"" + std::string(error.row().name) + "\",\"message\":\"" + error.message() + "\"}}";
}

}  // namespace

Connection::Connection(std::shared_ptr<LoopPart> part, int fd, std::string address)
    : part_(std::move(part)), address_(std::move(address)), channel_(part_->loop) {
    channel_.adopt(fd);
    part_->add(*this);
}

Connection::~Connection() {
    part_->remove(*this);
    part_->state->release(address_);
    part_->state->connections.fetch_sub(1, std::memory_order_release);
}

bool Connection::peer_is_loopback() const { return address_ == "::1" || address_.starts_with("127."); }

rt::Task<> Connection::run(std::shared_ptr<Connection> self) {
    if (self->part_->state->tls) {
        self->wait_for(Waiting::handshake, self->part_->state->options.head_timeout_ms);
        SslPtr ssl(SSL_new(self->part_->state->tls.get()));
        const bool secure = co_await self->channel_.handshake(std::move(ssl), true);
        if (!secure) co_return;
    }
    co_await self->serve();
    self->channel_.close();
}

/// One request and its reply after the other, in one frame for the whole life of the connection.
rt::Task<> Connection::serve() {
    for (;;) {
        const ServerOptions& options = part_->state->options;
        scanner_.reset();
        started_ = streaming_ = ended_ = timed_out_ = false;
        wait_for(Waiting::request, first_request_ ? options.head_timeout_ms : options.idle_timeout_ms);
        if (part_->state->draining) drain();

        size_t head_size = 0;
        for (;;) {
            if (first_request_) skip_leading_blank_lines();
            if (!in_.empty()) {
                auto scanned = scanner_.scan(in_.view());
                if (!scanned) {
                    co_await refuse(std::move(scanned).error());
                    co_return;
                }
                head_size = *scanned;
                if (head_size > 0) break;
                if (waiting_ == Waiting::request) wait_for(Waiting::head, options.head_timeout_ms);
            }
            in_.make_room();
            Io got = channel_.read_now(in_.room(), in_.room_size());
            while (got.again) {
                if (in_.empty()) in_.release();  // an idle connection holds no buffer
                co_await channel_.ready();
                if (channel_.interrupted()) break;
                in_.make_room();
                got = channel_.read_now(in_.room(), in_.room_size());
            }
            in_.commit(got.n);
            if (got.n > 0) continue;
            if (timed_out_ && !in_.empty()) {
                co_await refuse(Error(ErrorCode::request_timeout, "the request's head did not arrive in time"));
            }
            co_return;
        }
        first_request_ = false;
        waiting_ = Waiting::nothing;
        deadline_ms_ = 0;
        if (auto understood = understand(head_size); !understood) {
            co_await refuse(std::move(understood).error());
            co_return;
        }

        begin_handling();
        std::string threw;
        try {
            auto task = part_->state->handler(*this);
            co_await std::move(task);
        } catch (const std::exception& e) {
            threw = e.what();
        } catch (...) {
            threw = "not a std::exception";
        }
        if (!threw.empty()) log::error("handler_threw", {{"path", head_.path}, {"what", threw}});
        if (!started_) co_await answer_for_handler();
        end_handling();
        if (broken_ || cut_) co_return;
        if (keep_alive_ && body_ == BodyState::read) continue;
        co_await linger();
        co_return;
    }
}

void Connection::begin_handling() {
    stop_.reset();
    handling_ = true;
    if (in_.empty()) in_.release();
    part_->in_flight.fetch_add(1, std::memory_order_relaxed);
}

void Connection::end_handling() {
    handling_ = false;
    part_->in_flight.fetch_sub(1, std::memory_order_relaxed);
    if (streaming_ && !ended_) abort();
}

rt::Task<> Connection::answer_for_handler() {
    keep_alive_ = false;
    Headers headers;
    headers.add("content-type", "application/json");
    const Error error(ErrorCode::internal, "the request was not answered");
    const auto& render = part_->state->options.render_error;
    const std::string body = render ? render(error) : plain_error(error);
    Pieces pieces{body};
    auto sent = co_await respond(500, std::move(headers), std::move(pieces));
    (void)sent;
}

/// RFC 9112 2.2 lets a client send a few before its first request; between requests they are refused.
void Connection::skip_leading_blank_lines() {
    for (int i = 0; i < 2 && in_.view().starts_with("\r\n"); ++i) in_.consume(2);
}

Status Connection::understand(size_t head_size) {
    TRY(framing_, parse_request_head(in_.view().substr(0, head_size), scanner_.field_lines(), head_));
    in_.consume(head_size);
    body_ = framing_.body_empty() ? BodyState::read : BodyState::unread;
    body_bytes_ = 0;
    keep_alive_ = head_.keep_alive;
    minor_ = framing_.minor;
    return {};
}

/// Errors that arise before a handler: answer, then close without losing the answer to a reset.
rt::Task<> Connection::refuse(Error error) {
    keep_alive_ = false;
    head_ = RequestHead();
    framing_ = Framing();
    body_ = BodyState::read;
    minor_ = 1;
    const auto& render = part_->state->options.render_error;
    const std::string body = render ? render(error) : plain_error(error);
    Headers headers;
    headers.add("content-type", "application/json");
    started_ = false;
    timed_out_ = false;
    channel_.resume();
    Pieces pieces{body};
    auto sent = co_await respond(error.status(), std::move(headers), std::move(pieces));
    if (sent.ok()) co_await linger();
}

/// Closing a socket with unread bytes resets the connection and may destroy the reply on its way. So: stop sending,
/// read on for a moment, then close.
rt::Task<> Connection::linger() {
    channel_.finish_sending();
    wait_for(Waiting::linger, kLingerMs);
    in_.release();
    size_t seen = 0;
    while (!cut_ && !timed_out_ && seen < kLingerBytes) {
        in_.make_room();
        auto got = co_await channel_.read_raw(in_.room(), in_.room_size());
        if (got.n == 0) break;
        seen += got.n;
    }
}

void Connection::wait_for(Waiting what, int64_t ms) {
    waiting_ = what;
    deadline_ms_ = part_->now_ms + ms;
}

void Connection::tick(int64_t now_ms) {
    if (handling_ && channel_.hung_up()) stop_.stop(ErrorCode::client_gone);
    if (waiting_ == Waiting::nothing) return;
    if (now_ms >= deadline_ms_) {
        if (waiting_ == Waiting::body) return body_too_slow();
        timed_out_ = true;
        if (waiting_ == Waiting::write) {
            stop_.stop(ErrorCode::client_gone);
            cut_ = true;
        }
        channel_.interrupt();
        return;
    }
}

/// The grace is over: from now on at least 1 KB/s, looked at every 20 s.
void Connection::body_too_slow() {
    if (body_bytes_ - body_bytes_checked_ >= kBodyBytesPerSecond * kBodyWindowMs / 1000) {
        body_bytes_checked_ = body_bytes_;
        deadline_ms_ = part_->now_ms + kBodyWindowMs;
        return;
    }
    timed_out_ = true;
    channel_.interrupt();
}

void Connection::drain() {
    if (waiting_ == Waiting::request) deadline_ms_ = std::min(deadline_ms_, part_->now_ms + kDrainGraceMs);
}

void Connection::cut() {
    cut_ = true;
    stop_.stop(ErrorCode::client_gone);
    channel_.shut();
}

}  // namespace aig::net::detail
