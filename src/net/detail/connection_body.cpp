#include <algorithm>

#include "net/detail/connection.h"
#include "net/detail/inflater.h"

namespace aig::net::detail {
namespace {

constexpr size_t kFirstPiece = 64 * 1024;
/// Set aside at once, so that a body which grows is not copied; memory that nothing was written to costs nothing.
constexpr size_t kRoomAhead = size_t{1} << 20;
constexpr size_t kInflateHere = 64 * 1024;  // larger bodies are unpacked by the blocking pool

/// Unpacks `packed`; runs on any thread.
Result<std::string> unpack(std::string_view packed, size_t max_bytes) {
    Inflater inflater;
    std::string out;
    TRY(const size_t used, inflater.feed(packed, out, max_bytes + 1));
    if (out.size() > max_bytes) return Error(ErrorCode::too_large, "the unpacked body is too large");
    if (used < packed.size() || !inflater.finished())
        return Error(ErrorCode::bad_request, "the gzip body is cut short");
    return out;
}

rt::Task<Result<std::string>> unpack_elsewhere(std::string packed, size_t max_bytes) {
    struct Job {
        std::string packed;
        Result<std::string> out = std::string();
    };
    auto job = std::make_shared<Job>();
    job->packed = std::move(packed);
    auto done = co_await rt::blocking([job, max_bytes] { job->out = unpack(job->packed, max_bytes); });
    CO_TRYV(std::move(done));
    co_return std::move(job->out);
}

}  // namespace

rt::Task<Result<Body>> Connection::read_body(size_t max_bytes) {
    Body body;
    if (body_ == BodyState::read) co_return body;
    if (framing_.encoding == Encoding::unknown) {
        co_return Error(ErrorCode::media_type, "content-encoding must be gzip or identity");
    }
    if (framing_.content_length > static_cast<int64_t>(max_bytes)) {
        co_return Error(ErrorCode::too_large, "the body is larger than " + std::to_string(max_bytes) + " bytes");
    }
    body.share = part_->state->bodies->share();
    if (framing_.content_length > part_->state->bodies->left()) {
        co_return Error(ErrorCode::overloaded, "too many request bodies are in memory").retry_after_ms(1'000);
    }
    if (framing_.expect_continue && in_.empty()) {
        static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
        std::vector<iovec> pieces;
        push(pieces, kContinue);
        auto asked = co_await send_pieces(std::move(pieces));
        CO_TRYV(std::move(asked));
    }
    body_bytes_ = body_bytes_checked_ = 0;
    wait_for(Waiting::body, part_->state->options.body_grace_ms);
    Status status;
    const auto total = static_cast<size_t>(std::max<int64_t>(framing_.content_length, 0));
    if (framing_.chunked) {
        status = co_await read_chunked(body, max_bytes);
    } else if (in_.size() < total) {
        status = co_await read_sized(body);
    } else {  // what most bodies are: here already, with the head
        status = take_buffered(body, total);
    }
    waiting_ = Waiting::nothing;
    CO_TRYV(std::move(status));
    body_ = BodyState::read;
    if (framing_.encoding != Encoding::gzip) co_return body;

    Result<std::string> unpacked = std::string();
    if (body.bytes.size() <= kInflateHere) {
        unpacked = unpack(body.bytes, max_bytes);
    } else {
        unpacked = co_await unpack_elsewhere(std::move(body.bytes), max_bytes);
    }
    CO_TRY(body.bytes, std::move(unpacked));
    if (!body.share.grow(static_cast<int64_t>(body.bytes.size()))) {
        co_return Error(ErrorCode::overloaded, "too many request bodies are in memory").retry_after_ms(1'000);
    }
    co_return body;
}

Status Connection::take_buffered(Body& body, size_t n) {
    if (!body.share.grow(static_cast<int64_t>(n)))
        return Error(ErrorCode::overloaded, "too many request bodies are in memory").retry_after_ms(1'000);
    body.bytes.assign(in_.view().substr(0, n));
    in_.consume(n);
    if (in_.empty()) in_.release();
    return {};
}

/// The string grows with what arrives, not with what was announced.
rt::Task<Status> Connection::read_sized(Body& body) {
    const size_t total = static_cast<size_t>(framing_.content_length);
    size_t have = std::min(total, in_.size());
    body.bytes.reserve(std::min(total, kRoomAhead));
    CO_TRYV(take_buffered(body, have));
    while (have < total) {
        if (have == body.bytes.size()) {
            const size_t size = std::min(total, std::max(kFirstPiece, have * 2));
            if (!body.share.grow(static_cast<int64_t>(size - have))) {
                co_return Error(ErrorCode::overloaded, "too many request bodies are in memory").retry_after_ms(1'000);
            }
            body.bytes.resize(size);
        }
        size_t got = 0;
        auto read = co_await more_body(body.bytes.data() + have, body.bytes.size() - have, &got);
        CO_TRYV(std::move(read));
        have += got;
    }
    co_return Status();
}

rt::Task<Status> Connection::read_chunked(Body& body, size_t max_bytes) {
    ChunkDecoder decoder;
    for (;;) {
        auto step = decoder.decode(in_.data(), in_.size());
        if (!step) co_return std::move(step).error();
        if (!body.share.grow(static_cast<int64_t>(step->produced))) {
            co_return Error(ErrorCode::overloaded, "too many request bodies are in memory").retry_after_ms(1'000);
        }
        body.bytes.append(in_.data(), step->produced);
        in_.consume(step->consumed);
        if (body.bytes.size() > max_bytes) {
            co_return Error(ErrorCode::too_large, "the body is larger than " + std::to_string(max_bytes) + " bytes");
        }
        if (step->done) co_return Status();
        in_.make_room();
        size_t got = 0;
        auto read = co_await more_body(in_.room(), in_.room_size(), &got);
        CO_TRYV(std::move(read));
        in_.commit(got);
    }
}

rt::Task<Status> Connection::more_body(char* to, size_t n, size_t* got) {
    auto io = co_await channel_.read(to, n);
    *got = io.n;
    body_bytes_ += static_cast<int64_t>(io.n);
    co_return body_fault(io);
}

Status Connection::body_fault(Io got) {
    if (got.n > 0 && !cut_) return {};
    if (timed_out_) return Error(ErrorCode::request_timeout, "the request's body did not arrive in time");
    broken_ = true;
    return Error(ErrorCode::client_gone, "the client closed the connection inside the request's body");
}

/// Before a reply to a request whose body nobody read: if the body has arrived whole it is dropped and the connection
/// may live.
bool Connection::skip_unread_body() {
    if (body_ == BodyState::read) return true;
    if (framing_.expect_continue) return false;  // the client may or may not send it
    if (!framing_.chunked) {
        const size_t total = static_cast<size_t>(framing_.content_length);
        if (in_.size() < total) return false;
        in_.consume(total);
        body_ = BodyState::read;
        return true;
    }
    ChunkDecoder decoder;
    auto step = decoder.decode(in_.data(), in_.size());
    if (!step || !step->done) return false;
    in_.consume(step->consumed);
    body_ = BodyState::read;
    return true;
}

}  // namespace aig::net::detail
