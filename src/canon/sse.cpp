#include "canon/sse.h"

#include <algorithm>

namespace aig::canon {
namespace {

constexpr size_t max_event = size_t{16} << 20;
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// The first LF or CR from there on, or the end. (find_first_of() looks at each byte by itself.)
size_t find_line_end(std::string_view s, size_t from) {
    const size_t lf = std::min(s.find('\n', from), s.size());
    // CR is rare: looked for only up to the LF that was found.
    return std::min(s.substr(0, lf).find('\r', from), lf);
}

/// Takes one line with its end off the front of `rest`.
std::string_view take_line(std::string_view& rest) {
    const size_t end = find_line_end(rest, 0);
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end);
    rest.remove_prefix(std::min<size_t>(rest.starts_with("\r\n") ? 2 : 1, rest.size()));
    return line;
}
}  // namespace

Status SseReader::feed(std::string_view bytes) {
    if (read_ == buffer_.size()) {
        buffer_.clear();
        read_ = line_ = scanned_ = 0;
    } else if (read_) {
        buffer_.erase(0, read_);
        line_ -= read_;
        scanned_ -= read_;
        read_ = 0;
    }
    if (buffer_.size() + (buffer_.empty() ? 0 : bytes.size()) > max_event)
        return Error(ErrorCode::upstream_garbage, "an event of the provider's stream is longer than 16 MiB");
    buffer_ += bytes;
    return {};
}

bool SseReader::next(SseEvent& event) {
    for (;;) {
        const size_t end = find_line_end(buffer_, scanned_);
        scanned_ = end;
        if (end == buffer_.size()) return false;
        if (buffer_[end] == '\r' && end + 1 == buffer_.size()) return false;
        const size_t after = end + (buffer_[end] == '\r' && buffer_[end + 1] == '\n' ? 2 : 1);
        const bool blank = end == line_;
        line_ = scanned_ = after;
        if (!blank) continue;
        fields(std::string_view(buffer_).substr(read_, after - read_), event);
        read_ = after;
        return true;
    }
}

bool SseReader::last(SseEvent& event) {
    if (next(event)) return true;
    if (read_ == buffer_.size()) return false;
    fields(std::string_view(buffer_).substr(read_), event);
    read_ = line_ = scanned_ = buffer_.size();
    return true;
}

void SseReader::fields(std::string_view raw, SseEvent& event) {
    event = SseEvent{};
    event.raw = raw;
    if (first_ && raw.starts_with(byte_order_mark)) raw.remove_prefix(byte_order_mark.size());
    first_ = false;
    size_t data_lines = 0;
    while (!raw.empty()) {
        const std::string_view line = take_line(raw);
        const size_t colon = line.find(':');
        const std::string_view name = line.substr(0, colon);
        std::string_view value = colon == std::string_view::npos ? std::string_view{} : line.substr(colon + 1);
        if (value.starts_with(' ')) value.remove_prefix(1);
        if (name == "event") event.event = value;
        if (name != "data") continue;
        ++data_lines;
        if (data_lines == 1) {
            event.data = value;
        } else {
            if (data_lines == 2) joined_.assign(event.data);
            joined_ += '\n';
            joined_ += value;
        }
    }
    if (data_lines > 1) event.data = joined_;
    event.has_data = data_lines > 0;
}

}  // namespace aig::canon
