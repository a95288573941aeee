#include "net/detail/reply.h"

#include <algorithm>

#include "base/time.h"

namespace aig::net::detail {
namespace {

constexpr size_t kUnpackAtOnce = 256 * 1024;
constexpr int kInterim = 16;  // 1xx heads before the real one

Error garbage(const std::string& why) {
    return Error(ErrorCode::upstream_garbage, "the provider's reply is malformed: " + why);
}
Error truncated() {
    return Error(ErrorCode::upstream_truncated, "the provider closed the connection inside its reply");
}

}  // namespace

rt::Task<Status> Reply::read_head(std::unique_ptr<Outgoing> connection, bool to_head) {
    connection_ = std::move(connection);
    const Timeouts& timeouts = pool_->upstream->timeouts;
    HeadScanner scanner({.first_line = 8 * 1024, .head = pool_->upstream->max_reply_head, .fields = 128});
    for (int heads = 0; heads <= kInterim; ++heads) {
        scanner.reset();
        size_t head_size = 0;
        for (;;) {
            auto scanned = scanner.scan(in_.view());
            if (!scanned) co_return garbage(scanned.error().message());
            head_size = *scanned;
            if (head_size > 0) break;
            const int64_t patience_ms = received_ == 0 ? timeouts.first_byte_ms : timeouts.idle_ms;
            auto filled = co_await fill(patience_ms);
            CO_TRYV(std::move(filled));
        }
        auto parsed = parse_reply_head(in_.view().substr(0, head_size), scanner.field_lines(), to_head, head_);
        if (!parsed) co_return garbage(parsed.error().message());
        in_.consume(head_size);
        if (head_.status >= 200) co_return begin_body();
    }
    co_return garbage("too many interim replies");
}

Status Reply::begin_body() {
    const Framing& framing = head_.framing;
    if (framing.encoding == Encoding::unknown && !framing.body_empty()) {
        return garbage("content-encoding is neither gzip nor identity");
    }
    left_ = std::max<int64_t>(framing.content_length, 0);
    body_ = framing.chunked ? Body::chunked : framing.until_close ? Body::until_close : Body::sized;
    if (framing.encoding == Encoding::gzip && !framing.body_empty()) {
        inflater_ = std::make_unique<Inflater>();
        head_.headers.remove("content-encoding");
        head_.headers.remove("content-length");
    }
    if (framing.body_empty()) return end_body();
    return {};
}

/// The body is complete. The view that is being shown stays in in_, which is this object's own.
Status Reply::end_body() {
    body_ = Body::ended;
    const bool clean = head_.framing.keep_alive && in_.size() == shown_;
    if (clean && connection_) set_->give(*pool_, std::move(connection_));
    connection_.reset();
    if (inflater_ && received_ > 0 && !packed_left_ && !inflater_->finished()) return truncated();
    return {};
}

rt::Task<Result<std::string_view>> Reply::read() {
    for (;;) {
        in_.consume(shown_);
        shown_ = 0;
        if (packed_left_) {
            auto more = unpacked({});
            if (!more || !more->empty()) co_return more;
        }
        if (body_ == Body::ended) co_return std::string_view();
        if (!connection_) co_return truncated();
        auto bytes = buffered_body();
        if (!bytes) {
            connection_.reset();
            co_return std::move(bytes).error();
        }
        if (!bytes->empty()) co_return *bytes;
        if (body_ == Body::ended) continue;
        auto filled = co_await fill(pool_->upstream->timeouts.idle_ms);
        if (!filled) {
            connection_.reset();
            co_return std::move(filled).error();
        }
    }
}

Result<std::string_view> Reply::buffered_body() {
    std::string_view bytes;
    bool ended = false;
    switch (body_) {
        case Body::sized:
            bytes =
                in_.view().substr(0, static_cast<size_t>(std::min<int64_t>(left_, static_cast<int64_t>(in_.size()))));
            shown_ = bytes.size();
            left_ -= static_cast<int64_t>(shown_);
            ended = left_ == 0;
            break;
        case Body::chunked: {
            auto step = chunks_.decode(in_.data(), in_.size());
            if (!step) return garbage(step.error().message());
            bytes = in_.view().substr(0, step->produced);
            shown_ = step->consumed;
            ended = step->done;
            break;
        }
        case Body::until_close:
            bytes = in_.view();
            shown_ = bytes.size();
            break;
        case Body::ended:
            break;
    }
    Result<std::string_view> out = bytes;
    if (inflater_ && !bytes.empty()) out = unpacked(bytes);
    if (!out) return out;
    if (ended) TRYV(end_body());
    return out;
}

/// The inflater may hold back output for want of room: then packed_left_ is set and rest_ keeps what it has not taken.
Result<std::string_view> Reply::unpacked(std::string_view packed) {
    if (packed_left_) packed = rest_;
    plain_.clear();
    auto used = inflater_->feed(packed, plain_, kUnpackAtOnce);
    if (!used) return garbage(used.error().message());
    rest_.assign(packed.substr(*used));
    packed_left_ = plain_.size() >= kUnpackAtOnce;
    if (body_ == Body::ended && !packed_left_ && !inflater_->finished()) return truncated();
    return std::string_view(plain_);
}

void Reply::detach(int64_t ms) {
    stop_ = nullptr;
    total_deadline_ms_ = std::min(total_deadline_ms_, set_->now_ms + ms);
}

rt::Task<Status> Reply::fill(int64_t wait_ms) {
    if (stop_ && stop_->stopped()) co_return Error(stop_->why(), "the client left");
    Channel& channel = connection_->channel;
    in_.make_room();
    Io got = channel.read_now(in_.room(), in_.room_size());
    if (!got.again) {
        in_.commit(got.n);
        received_ += static_cast<int64_t>(got.n);
        co_return fault(got);
    }
    const int64_t now = set_->now_ms;
    if (now >= total_deadline_ms_) co_return Error(ErrorCode::upstream_timeout, "the provider took too long in all");
    connection_->deadline_ms = std::min(now + wait_ms, total_deadline_ms_);
    rt::Stop::Listener listening;
    if (stop_) {
        stop_->tell(listening, [c = connection_.get()] {
            c->stopped = true;
            c->interrupt();
        });
    }
    while (got.again) {
        if (in_.empty()) in_.release();
        co_await channel.ready();
        if (channel.interrupted()) break;
        in_.make_room();
        got = channel.read_now(in_.room(), in_.room_size());
    }
    connection_->deadline_ms = 0;
    in_.commit(got.n);
    received_ += static_cast<int64_t>(got.n);
    co_return fault(got);
}

Status Reply::fault(Io got) {
    if (connection_->stopped) return Error(stop_->why(), "the client left");
    if (connection_->timed_out) return Error(ErrorCode::upstream_timeout, "the provider sent nothing for too long");
    if (got.n > 0) return {};
    if (!got.failed && body_ == Body::until_close) return end_body();
    return truncated();
}

rt::Task<Result<std::string>> Reply::read_all(size_t max_bytes) {
    std::string out;
    if (body_ == Body::sized) out.reserve(std::min<size_t>(static_cast<size_t>(left_), max_bytes));
    for (;;) {
        auto piece = co_await read();
        if (!piece) co_return std::move(piece).error();
        if (piece->empty()) co_return out;
        if (out.size() + piece->size() > max_bytes) {
            connection_.reset();
            co_return garbage("the body is larger than " + std::to_string(max_bytes) + " bytes");
        }
        out.append(*piece);
    }
}

}  // namespace aig::net::detail

namespace aig::net {
namespace {
constexpr int64_t kFinishMs = 1'000;

rt::Task<> read_to_end(std::shared_ptr<ClientReply> reply) {
    for (;;) {
        auto bytes = co_await reply->read();
        if (!bytes || bytes->empty()) co_return;
    }
}
}  // namespace

void finish_later(std::unique_ptr<ClientReply> reply) {
    if (!reply || reply->ended()) return;
    reply->detach(kFinishMs);
    rt::Loop::current()->spawn([r = std::shared_ptr<ClientReply>(std::move(reply))] { return read_to_end(r); });
}
}  // namespace aig::net
