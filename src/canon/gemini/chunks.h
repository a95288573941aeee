// A streamed reply of Gemini's, cut into its JSON chunks however the bytes arrive and in whichever of its two forms:
// server-sent events (alt=sse) or one JSON array. The first byte tells. A bare JSON object in either place is a chunk
// too: that is how a stream that fails says so. Keeps only an unfinished chunk; one longer than 16 MiB is
// upstream_garbage. Pure; one object a stream.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "canon/sse.h"

namespace aig::canon::gemini {

struct Chunk {
    std::string_view json;  ///< "" for what carries none: comments, empty events
    std::string_view raw;   ///< of an event: its bytes with its blank line; of an array's element: the element
};

class ChunkReader {
  public:
    /// Adds bytes. Views of chunks handed out before become invalid.
    Status feed(std::string_view bytes);
    /// The next whole chunk; false when more bytes are needed.
    bool next(Chunk& chunk);
    /// At the end of the stream: a whole event whose blank line is missing; false when nothing is left.
    bool last(Chunk& chunk);
    /// Nothing but white space has come.
    bool empty() const { return !form_; }
    bool is_array() const { return form_ == Form::array; }
    /// The array's closing bracket has come; events need none.
    bool closed() const { return form_ != Form::array || closed_; }
    /// Bytes are left that are no chunk: the stream broke off within one.
    bool broken_off() const { return form_ == Form::array && at_ < buffer_.size() && depth_ > 0; }

  private:
    enum class Form : uint8_t { events, array };
    bool element(Chunk& chunk);
    static Chunk chunk_of(const SseEvent& event);

    std::optional<Form> form_;
    SseReader events_;
    std::string buffer_;  ///< of an array: from its unfinished element on
    size_t begin_ = 0, at_ = 0;
    int depth_ = 0;
    bool in_string_ = false, escaped_ = false, closed_ = false;
};

}  // namespace aig::canon::gemini
