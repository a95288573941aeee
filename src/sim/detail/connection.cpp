#include "sim/detail/connection.h"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>

namespace aig::sim {

namespace {

namespace asio = boost::asio;
constexpr auto token = asio::as_tuple(asio::use_awaitable_t<rt::Executor>());
constexpr size_t read_size = 16 << 10, largest_write = 64 << 10;
/// How often a waiting connection looks whether its client is still there.
constexpr int64_t look_ms = 10;

}  // namespace

rt::Task<> Connection::serve() {
    for (bool more = true; more && !shut_;) {
        const bool have = co_await read_request();
        if (!have) break;
        Call call;
        Script script = brain_->answer(request_, call);
        more = co_await play(std::move(script), std::move(call));
    }
    boost::system::error_code ignored;
    socket_.close(ignored);
}

void Connection::shut() {
    shut_ = true;
    boost::system::error_code ignored;
    socket_.close(ignored);
}

rt::Task<bool> Connection::read_request() {
    for (;;) {
        const Reading state = reader_.read(buffer_, request_);
        if (state == Reading::whole) co_return true;
        if (state == Reading::bad) {
            std::string refused = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            (void)co_await send(std::move(refused));
            co_return false;
        }
        if (reader_.take_expect_continue()) {
            std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
            const bool sent = co_await send(std::move(go_on));
            if (!sent) co_return false;
        }
        const size_t before = buffer_.size();
        buffer_.resize(before + read_size);
        auto [error, n] = co_await socket_.async_read_some(asio::buffer(buffer_.data() + before, read_size), token);
        buffer_.resize(before + n);
        brain_->stats().received(static_cast<int64_t>(n));
        if (error || n == 0) co_return false;
    }
}

/// True when the connection can take the next request.
rt::Task<bool> Connection::play(Script script, Call call) {
    const bool sent = co_await send_steps(script, call);
    bool gone = !sent;
    if (sent && script.end == End::hold) {
        const bool still_there = co_await pause(brain_->options().hold_ms);
        gone = !still_there;
    }
    call.gone = gone && !shut_;
    call.completed = script.complete && sent && call.status < 300;
    brain_->done(call);
    if (script.end == End::reset && sent) {
        // What was written must have left before the RST, or the client never sees it.
        const bool still_there = co_await pause(5);
        boost::system::error_code ignored;
        if (still_there) socket_.set_option(asio::socket_base::linger(true, 0), ignored);
        co_return false;
    }
    co_return sent&& script.end == End::keep;
}

/// Steps without waits go out together, but the first content goes first: a reader sees a stream begin, and a load test
/// does not pay a system call for every token.
rt::Task<bool> Connection::send_steps(Script& script, Call& call) {
    std::string batch;
    int64_t tokens = 0;
    bool first = true;
    for (size_t i = 0; i < script.steps.size(); ++i) {
        const Step& step = script.steps[i];
        for (int64_t n = 0; n < step.repeat; ++n) {
            if (step.wait_ms > 0) {
                const bool there = co_await pause(step.wait_ms);
                if (!there) co_return false;
            }
            batch += step.bytes;
            tokens = step.tokens;
            const bool pause_follows =
                step.repeat > 1 ? step.wait_ms > 0 : i + 1 < script.steps.size() && script.steps[i + 1].wait_ms > 0;
            const bool last = i + 1 == script.steps.size() && n + 1 == step.repeat;
            if (!last && !pause_follows && batch.size() < largest_write && !(first && tokens > 0)) continue;
            first = first && tokens == 0;
            std::string bytes = std::move(batch);
            batch.clear();
            const bool sent = co_await send(std::move(bytes));
            if (!sent) co_return false;
            call.output_tokens = tokens;
        }
    }
    co_return true;
}

/// False when the client left meanwhile.
rt::Task<bool> Connection::pause(int64_t ms) {
    while (ms > 0) {
        if (client_left()) co_return false;
        const int64_t slice = std::min(ms, look_ms);
        co_await loop_.sleep_ms(slice);
        ms -= slice;
    }
    co_return !client_left();
}

rt::Task<bool> Connection::send(std::string bytes) {
    auto [error, n] = co_await asio::async_write(socket_, asio::buffer(bytes), token);
    brain_->stats().sent(static_cast<int64_t>(n));
    co_return !error && !shut_;
}

/// A FIN or RST is there to be read; a next request in the pipe is not a departure.
bool Connection::client_left() {
    if (shut_ || !socket_.is_open()) return true;
    char byte;
    const ssize_t n = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n == 0 || (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

}  // namespace aig::sim
