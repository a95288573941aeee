#include "canon/gemini/chunks.h"

namespace aig::canon::gemini {
namespace {

constexpr size_t longest_chunk = size_t{16} << 20;

std::string_view trim(std::string_view s) {
    while (!s.empty() && static_cast<unsigned char>(s.front()) <= ' ') s.remove_prefix(1);
    while (!s.empty() && static_cast<unsigned char>(s.back()) <= ' ') s.remove_suffix(1);
    return s;
}

}  // namespace

Status ChunkReader::feed(std::string_view bytes) {
    if (!form_) {
        bytes.remove_prefix(std::min(bytes.size(), bytes.find_first_not_of(" \t\r\n")));
        if (bytes.empty()) return {};
        form_ = bytes.front() == '[' ? Form::array : Form::events;
        if (form_ == Form::array) bytes.remove_prefix(1);
    }
    if (form_ == Form::events) return events_.feed(bytes);
    buffer_.erase(0, begin_);
    at_ -= begin_;
    begin_ = 0;
    if (buffer_.size() + (buffer_.empty() ? 0 : bytes.size()) > longest_chunk)
        return Error(ErrorCode::upstream_garbage, "a chunk of the provider's stream is longer than 16 MiB");
    buffer_ += bytes;
    return {};
}

/// The end of the element that stands at begin_: braces are counted outside of strings only.
bool ChunkReader::element(Chunk& chunk) {
    for (; at_ < buffer_.size(); ++at_) {
        const char c = buffer_[at_];
        if (in_string_) {
            if (escaped_)
                escaped_ = false;
            else if (c == '\\')
                escaped_ = true;
            else if (c == '"')
                in_string_ = false;
            continue;
        }
        if (c == '"') in_string_ = true;
        if (c == '{' || c == '[') {
            if (depth_++ == 0) begin_ = at_;
        } else if (c == ']' && depth_ == 0) {
            closed_ = true;
        } else if (c == '}' || c == ']') {
            if (--depth_ > 0) continue;
            depth_ = 0;
            chunk.json = chunk.raw = std::string_view(buffer_).substr(begin_, ++at_ - begin_);
            begin_ = at_;
            return true;
        }
    }
    if (depth_ == 0) begin_ = at_;
    return false;
}

/// A line outside of the framing that begins like JSON is JSON; other events without data are comments.
Chunk ChunkReader::chunk_of(const SseEvent& event) {
    if (event.has_data) return {trim(event.data), event.raw};
    const auto text = trim(event.raw);
    return {text.starts_with('{') || text.starts_with('[') ? text : std::string_view{}, event.raw};
}

bool ChunkReader::next(Chunk& chunk) {
    if (form_ == Form::array) return element(chunk);
    SseEvent event;
    if (!form_ || !events_.next(event)) return false;
    chunk = chunk_of(event);
    return true;
}

bool ChunkReader::last(Chunk& chunk) {
    if (form_ == Form::array) return element(chunk);
    SseEvent event;
    if (!form_ || !events_.last(event)) return false;
    chunk = chunk_of(event);
    return true;
}

}  // namespace aig::canon::gemini
