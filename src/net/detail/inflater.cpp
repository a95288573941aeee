#include "net/detail/inflater.h"

#include <zlib.h>

#include <algorithm>
#include <array>

namespace aig::net::detail {
namespace {
constexpr int64_t kFree = 1 << 20;
constexpr int64_t kRatio = 100;
constexpr int kGzipOnly = 15 + 16;
}  // namespace

struct Inflater::Inside {
    z_stream z{};
    bool usable = false;
    int64_t in = 0, out = 0;
};

Inflater::Inflater() : in_(std::make_unique<Inside>()) { in_->usable = inflateInit2(&in_->z, kGzipOnly) == Z_OK; }

Inflater::~Inflater() {
    if (in_->usable) inflateEnd(&in_->z);
}

Result<size_t> Inflater::feed(std::string_view in, std::string& out, size_t room) {
    if (!in_->usable) return Error(ErrorCode::overloaded, "no memory to undo gzip");
    z_stream& z = in_->z;
    std::array<char, 16 * 1024> piece;
    size_t used = 0;
    // Also with nothing left to read, because the last call may have stopped for want of room.
    for (bool full = true; room > 0 && (used < in.size() || full);) {
        if (finished_ && used < in.size()) {  // a next member
            inflateReset(&z);
            finished_ = false;
        }
        if (finished_) break;
        const size_t give = std::min<size_t>(in.size() - used, 1 << 20);
        const size_t want = std::min(room, piece.size());
        z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data() + used));
        z.avail_in = static_cast<uInt>(give);
        z.next_out = reinterpret_cast<Bytef*>(piece.data());
        z.avail_out = static_cast<uInt>(want);
        const int rc = ::inflate(&z, Z_SYNC_FLUSH);
        const size_t got = want - z.avail_out;
        used += give - z.avail_in;
        room -= got;
        in_->in += static_cast<int64_t>(give - z.avail_in);
        in_->out += static_cast<int64_t>(got);
        out.append(piece.data(), got);
        if (in_->out > kFree && in_->out > in_->in * kRatio) {
            return Error(ErrorCode::too_large, "the gzip body unpacks to more than 100 times its size");
        }
        finished_ = rc == Z_STREAM_END;
        if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
            return Error(ErrorCode::bad_request, "the body is not gzip");
        full = z.avail_out == 0;
        if (rc == Z_BUF_ERROR && got == 0 && give == z.avail_in) break;
    }
    return used;
}

}  // namespace aig::net::detail
