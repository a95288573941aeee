#include "sim/detail/fault_plays.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>

namespace aig::sim::plays {

namespace {

constexpr int64_t mebibyte = 1 << 20;

Script ending(End end) {
    Script s;
    s.end = end;
    s.complete = false;
    return s;
}

Step bytes_only(std::string bytes, int64_t tokens = 0) { return {std::move(bytes), tokens, 0, 1}; }

/// Everything the reply would carry, without framing.
std::string payload(const Reply& r) {
    if (!r.streamed) return r.body;
    std::string all;
    for (const Event& e : r.events) all += e.bytes;
    return all;
}

/// The well-framed script up to k content events (streamed) or half of the body (whole).
Script begun(const Reply& r, int64_t k, End end) {
    Script s = frame(r);
    s.end = end;
    s.complete = false;
    if (r.streamed) {
        const size_t keep = 1 + r.content_at + static_cast<size_t>(std::max<int64_t>(k, 0));
        if (keep < s.steps.size())
            s.steps.resize(keep);
        else
            s.steps.pop_back();
    } else {
        std::string& bytes = s.steps.front().bytes;
        bytes.resize(bytes.size() - (r.body.size() + 1) / 2);
        s.steps.front().tokens = 0;
    }
    return s;
}

Script with_length(const Reply& r, int64_t difference, End end) {
    const std::string body = payload(r);
    const int64_t length = std::max<int64_t>(0, static_cast<int64_t>(body.size()) + difference);
    Script s;
    s.end = end;
    s.complete = false;
    s.steps.push_back(bytes_only(reply_head(r, fmt::format("content-length: {}\r\n", length)) + body, r.tokens));
    return s;
}

std::string chunked_head(Reply r, std::string_view more = "") {
    return reply_head(r, fmt::format("{}transfer-encoding: chunked\r\n", more));
}

Script normal_with(const Reply& r, std::string_view extra_header_lines) {
    Script s = frame(r);
    std::string& head = s.steps.front().bytes;
    head.insert(head.find("\r\n") + 2, extra_header_lines);
    return s;
}

}  // namespace

Script accept_close(const Reply&, const FaultCall&) { return ending(End::close); }
Script rst_before_reply(const Reply&, const FaultCall&) { return ending(End::reset); }

Script rst_in_status(const Reply&, const FaultCall&) {
    Script s = ending(End::reset);
    s.steps.push_back(bytes_only("HTTP/1.1 2"));
    return s;
}

Script rst_in_headers(const Reply& r, const FaultCall&) {
    Script s = ending(End::reset);
    const std::string head = reply_head(r, "");
    s.steps.push_back(bytes_only(head.substr(0, head.size() / 2)));
    return s;
}

Script rst_mid_body(const Reply& r, const FaultCall& call) { return begun(r, call.k, End::reset); }
Script eof_mid_body(const Reply& r, const FaultCall& call) { return begun(r, call.k, End::close); }

Script stall_before_headers(const Reply&, const FaultCall&) { return ending(End::hold); }
Script stall_after_headers(const Reply& r, const FaultCall&) {
    Script s = ending(End::hold);
    s.steps.push_back(
        bytes_only(r.streamed ? chunked_head(r) : reply_head(r, fmt::format("content-length: {}\r\n", r.body.size()))));
    return s;
}
Script stall_mid_sse(const Reply& r, const FaultCall& call) { return begun(r, call.k, End::hold); }

Script done_missing_open(const Reply& r, const FaultCall&) {
    Script s = frame(r);
    if (!r.streamed) return s;
    s.steps.resize(s.steps.size() - 2);  // the terminal event and the last chunk
    s.end = End::hold;
    s.complete = false;
    return s;
}

Script close_after_reply(const Reply& r, const FaultCall&) {
    Script s = frame(r);
    s.end = End::close;
    return s;
}

Script cl_too_long(const Reply& r, const FaultCall&) { return with_length(r, 100, End::close); }
Script cl_too_short(const Reply& r, const FaultCall&) { return with_length(r, -10, End::keep); }

Script cl_and_te(const Reply& r, const FaultCall&) {
    const std::string body = payload(r);
    Script s;
    s.complete = false;
    s.end = End::close;
    s.steps.push_back(bytes_only(
        chunked_head(r, fmt::format("content-length: {}\r\n", body.size())) + chunk(body) + "0\r\n\r\n", r.tokens));
    return s;
}

Script bad_chunk(const Reply& r, const FaultCall&) {
    Script s = ending(End::close);
    const std::string body = payload(r);
    s.steps.push_back(bytes_only(chunked_head(r) + chunk(body.substr(0, body.size() / 2))));
    s.steps.push_back(bytes_only("zz\r\n" + body.substr(body.size() / 2) + "\r\n0\r\n\r\n", r.tokens));
    return s;
}

Script long_header(const Reply& r, const FaultCall& call) {
    return normal_with(
        r, fmt::format("x-sim-long: {}\r\n",
                       std::string(static_cast<size_t>(std::clamp<int64_t>(call.k, 1, 64)) * mebibyte, 'a')));
}

Script many_headers(const Reply& r, const FaultCall& call) {
    std::string lines;
    for (int64_t i = 0; i < std::clamp<int64_t>(call.k, 1, 100'000); ++i)
        lines += fmt::format("x-sim-{}: {}\r\n", i, i);
    return normal_with(r, lines);
}

Script huge_body(const Reply& r, const FaultCall& call) {
    Script s;
    const int64_t blocks = std::clamp<int64_t>(call.k, 1, 65'536) * 16;
    s.steps.push_back(bytes_only(chunked_head(r)));
    const std::string filler = r.streamed ? ": " + std::string(65'533, 'x') + "\n" : std::string(65'536, ' ');
    s.steps.push_back({chunk(filler), 0, 0, blocks});
    s.steps.push_back(bytes_only(chunk(payload(r)) + "0\r\n\r\n", r.tokens));
    return s;
}

/// One SSE line (streamed) or one JSON string (whole) of k MiB.
Script long_line(const Reply& r, const FaultCall& call) {
    Script s;
    const int64_t blocks = std::clamp<int64_t>(call.k, 1, 1'024) * 16;
    s.steps.push_back(bytes_only(chunked_head(r) + chunk(r.streamed ? "data: {\"pad\":\"" : "{\"pad\":\"")));
    s.steps.push_back({chunk(std::string(65'536, 'x')), 0, 0, blocks});
    s.steps.push_back(bytes_only(chunk(r.streamed ? "\"}\n\n" + payload(r) : "\"}") + "0\r\n\r\n", r.tokens));
    return s;
}

/// Spaces before the real body: a mebibyte of them deflated once with a full flush, after which the same bytes may
/// follow themselves any number of times.
Script gzip_bomb(const Reply& r, const FaultCall& call) {
    const int64_t blocks = std::clamp<int64_t>(call.k, 1, 65'536);
    const std::string space(mebibyte, r.streamed ? '\n' : ' ');
    z_stream z{};
    Script s;
    if (deflateInit2(&z, Z_BEST_COMPRESSION, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY) != Z_OK) return ending(End::close);
    auto squeeze = [&z](std::string_view text, int flush) {
        std::string out(deflateBound(&z, text.size()) + 64, '\0');
        z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
        z.avail_in = static_cast<uInt>(text.size());
        z.next_out = reinterpret_cast<Bytef*>(out.data());
        z.avail_out = static_cast<uInt>(out.size());
        deflate(&z, flush);
        out.resize(out.size() - z.avail_out);
        return out;
    };
    const std::string block = squeeze(space, Z_FULL_FLUSH), body = payload(r), last = squeeze(body, Z_FINISH);
    deflateEnd(&z);
    const uLong block_crc = crc32(0, reinterpret_cast<const Bytef*>(space.data()), static_cast<uInt>(space.size()));
    uLong crc = block_crc;
    for (int64_t i = 1; i < blocks; ++i) crc = crc32_combine(crc, block_crc, mebibyte);
    crc = crc32_combine(crc, crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size())),
                        static_cast<z_off_t>(body.size()));
    const uint64_t size = static_cast<uint64_t>(blocks) * mebibyte + body.size();
    std::string trailer;
    for (int i = 0; i < 4; ++i) trailer += static_cast<char>(crc >> 8 * i);
    for (int i = 0; i < 4; ++i) trailer += static_cast<char>(size >> 8 * i);
    s.steps.push_back(bytes_only(chunked_head(r, "content-encoding: gzip\r\n") +
                                 chunk(std::string_view("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10))));
    s.steps.push_back({chunk(block), 0, 0, blocks});
    s.steps.push_back(bytes_only(chunk(last + trailer) + "0\r\n\r\n", r.tokens));
    return s;
}

Script sse_comments_only(const Reply& r, const FaultCall& call) {
    Script s = ending(End::close);
    const int64_t gap = std::clamp<int64_t>(call.k, 1, 60'000);
    s.steps.push_back(bytes_only(chunked_head(r)));
    s.steps.push_back({chunk(r.streamed ? ": keep-alive\n\n" : " "), 0, gap, std::max<int64_t>(1, call.hold_ms / gap)});
    return s;
}

Script drip(const Reply& r, const FaultCall& call) {
    std::string all;
    Script whole = frame(r), s;
    for (const Step& step : whole.steps) all += step.bytes;
    const int64_t gap = std::clamp<int64_t>(call.k, 1, 60'000);
    const auto most = static_cast<size_t>(std::max<int64_t>(1, call.hold_ms / gap));
    for (size_t i = 0; i < std::min(all.size(), most); ++i)
        s.steps.push_back({all.substr(i, 1), i + 1 == all.size() ? r.tokens : 0, gap, 1});
    s.complete = all.size() <= most;
    s.end = s.complete ? End::keep : End::close;
    return s;
}

Script early_1xx(const Reply& r, const FaultCall&) {
    Script s = frame(r);
    s.steps.front().bytes.insert(
        0, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n");
    return s;
}

Script http09(const Reply& r, const FaultCall&) {
    Script s = ending(End::close);
    s.steps.push_back(bytes_only(payload(r), r.tokens));
    return s;
}

Script slow_first_byte(const Reply& r, const FaultCall& call) {
    Script s = frame(r);
    s.steps.front().wait_ms = std::clamp<int64_t>(call.k, 0, 600'000);
    return s;
}

Script slow(const Reply& r, const FaultCall& call) {
    Script s = frame(r);
    for (Step& step : s.steps) step.wait_ms = std::clamp<int64_t>(call.k, 0, 60'000);
    if (r.streamed) s.steps.front().wait_ms = s.steps.back().wait_ms = 0;
    return s;
}

}  // namespace aig::sim::plays
