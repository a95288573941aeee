// Server-sent events, cut into events however the bytes arrive. Keeps only an unfinished event. An event longer than 16
// MiB is upstream_garbage. Comments and unknown fields are kept in `raw` (a lossless relay forwards raw bytes). The
// same bytes give the same events however they are cut: a CR at the end of what has come waits for the byte that tells
// whether it is CR LF.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace aig::canon {

struct SseEvent {
    std::string_view raw;    ///< the event's bytes with its blank line, exactly as received
    std::string_view event;  ///< "event:" field, "" when none
    std::string_view data;   ///< joined "data:" fields; has_data tells "none" from "empty"
    bool has_data = false;
};

class SseReader {
  public:
    /// Adds bytes. Views of events handed out before become invalid.
    Status feed(std::string_view bytes);
    /// The next complete event (ends with a blank line: LF LF, CR LF CR LF or CR CR); false when more bytes are needed.
    bool next(SseEvent& event);
    /// At the end of the stream: what is left as one event without its blank line ("" when nothing).
    bool last(SseEvent& event);

  private:
    void fields(std::string_view raw, SseEvent& event);
    std::string buffer_, joined_;
    size_t read_ = 0;     ///< begin of the unfinished event
    size_t line_ = 0;     ///< begin of its unfinished line
    size_t scanned_ = 0;  ///< no line end before this position of that line
    bool first_ = true;   ///< a byte order mark may still stand at the very beginning
};

}  // namespace aig::canon
