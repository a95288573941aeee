#include "net/detail/chunked.h"

#include <algorithm>
#include <cstring>

#include "net/detail/framing.h"

namespace aig::net::detail {
namespace {

constexpr uint32_t kExtension = 1024, kExtensions = 16 * 1024, kTrailer = 8 * 1024, kTrailerName = 256;
constexpr uint64_t kChunk = uint64_t{1} << 50;

Error bad(const char* what) { return Error(ErrorCode::bad_request, what); }

bool token_byte(char c) { return is_token(std::string_view(&c, 1)); }
bool text_byte(char c) {
    const auto u = static_cast<unsigned char>(c);
    return (u >= 0x20 && u != 0x7f) || u == '\t';
}

}  // namespace

Result<ChunkDecoder::Step> ChunkDecoder::decode(char* bytes, size_t n) {
    Step out;
    size_t i = 0;
    while (i < n && state_ != State::done) {
        if (state_ != State::data) {
            TRYV(step(bytes[i++]));
            continue;
        }
        const size_t take = static_cast<size_t>(std::min<uint64_t>(left_, n - i));
        if (out.produced != i) std::memmove(bytes + out.produced, bytes + i, take);
        out.produced += take;
        i += take;
        left_ -= take;
        if (left_ == 0) state_ = State::data_cr;
    }
    out.consumed = i;
    out.done = state_ == State::done;
    return out;
}

Status ChunkDecoder::step(char c) {
    switch (state_) {
        case State::size:
            return size_byte(c);
        case State::extension:
            return extension_byte(c);
        case State::size_lf:
            if (c != '\n') return bad("a chunk's size does not end in CR LF");
            size_ended();
            return {};
        case State::data_cr:
            if (c != '\r') return bad("a chunk does not end in CR LF");
            state_ = State::data_lf;
            return {};
        case State::data_lf:
            if (c != '\n') return bad("a chunk does not end in CR LF");
            state_ = State::size;
            return {};
        case State::end_lf:
            if (c != '\n') return bad("the last chunk does not end in CR LF");
            state_ = State::done;
            return {};
        default:
            return trailer_byte(c);
    }
}

void ChunkDecoder::size_ended() {
    state_ = left_ == 0 ? State::line_start : State::data;
    digits_ = 0;
    extension_ = 0;
}

Status ChunkDecoder::size_byte(char c) {
    const char l = static_cast<char>(c | 0x20);
    const int digit = c >= '0' && c <= '9' ? c - '0' : l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
    if (digit >= 0) {
        if (++digits_ > 16) return bad("a chunk's size has too many digits");
        left_ = left_ * 16 + static_cast<uint64_t>(digit);
        if (left_ > kChunk) return bad("a chunk is too large");
        return {};
    }
    if (digits_ == 0) return bad("a chunk has no size");
    if (c == '\r') {
        state_ = State::size_lf;
        return {};
    }
    if (c != ';') return bad("a chunk's size is not a hexadecimal number");
    state_ = State::extension;
    ext_ = Ext::name_first;
    return {};
}

/// One of ;name, ;name=token, ;name="quoted", without blanks and escapes. llhttp does not take all of the rest, and
/// nobody sends any of it; the fuzz target checks that whatever passes here passes there.
Status ChunkDecoder::extension_byte(char c) {
    if (++extension_ > kExtension || ++extensions_ > kExtensions) return bad("a chunk's extension is too long");
    const bool ended = ext_ == Ext::name || ext_ == Ext::value || ext_ == Ext::closed;
    if (ended && c == '\r') {
        state_ = State::size_lf;
        return {};
    }
    switch (ext_) {
        case Ext::name_first:
        case Ext::name:
            if (ext_ == Ext::name && c == '=') {
                ext_ = Ext::value_first;
                return {};
            }
            if (!token_byte(c)) break;
            ext_ = Ext::name;
            return {};
        case Ext::value_first:
        case Ext::value:
            if (ext_ == Ext::value_first && c == '"') {
                ext_ = Ext::quoted;
                return {};
            }
            if (!token_byte(c)) break;
            ext_ = Ext::value;
            return {};
        case Ext::quoted:
            if (c != '"' && !token_byte(c)) break;
            if (c == '"') ext_ = Ext::closed;
            return {};
        case Ext::closed:
            break;
    }
    return bad("a chunk's extension is malformed");
}

/// Trailer fields are checked and dropped.
Status ChunkDecoder::trailer_byte(char c) {
    if (++trailer_ > kTrailer) return bad("the trailer is too long");
    switch (state_) {
        case State::line_start:
            if (c == '\r') {
                state_ = State::end_lf;
                return {};
            }
            name_.clear();
            state_ = State::name;
            [[fallthrough]];
        case State::name:
            if (c == ':') {
                if (!is_token(name_) || forbidden_in_trailer(name_)) return bad("a trailer field is not allowed");
                state_ = State::value;
                return {};
            }
            if (!token_byte(c) || name_.size() >= kTrailerName) return bad("a trailer field has no valid name");
            name_ += c;
            return {};
        case State::value:
            if (c == '\r') {
                state_ = State::line_lf;
                return {};
            }
            return text_byte(c) ? Status() : bad("a trailer field holds a control byte");
        default:
            if (c != '\n') return bad("a trailer line does not end in CR LF");
            state_ = State::line_start;
            return {};
    }
}

}  // namespace aig::net::detail
