// Amazon's event stream (application/vnd.amazon.eventstream): binary messages of headers and a payload, each with two
// CRC-32. Cut into messages however the bytes arrive; the same bytes give the same messages. Keeps only an unfinished
// message. upstream_garbage for a wrong checksum, a header that is none, headers above 128 KiB and messages above 16
// MiB. Pure; one reader belongs to one reply.
//
// Source: smithy.io/2.0/aws/amazon-eventstream.html (message format and limits, read 2026-11).
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace aig::provider::aws {

/// Views are valid until the reader's next call.
struct EventMessage {
    std::string_view message_type;  ///< ":message-type": event, exception, error
    std::string_view type;          ///< ":event-type" or ":exception-type", or ":error-code" of an error
    std::string_view error_text;    ///< ":error-message"
    std::string_view payload;
    bool is_event() const { return message_type == "event"; }
};

class EventStreamReader {
  public:
    void feed(std::string_view bytes);
    /// The next whole message; false when more bytes are needed.
    Result<bool> next(EventMessage& message);
    /// Nothing of an unfinished message is left.
    bool empty() const { return read_ == buffer_.size(); }

  private:
    Status read_headers(std::string_view headers, EventMessage& message);
    std::string buffer_;
    size_t read_ = 0;
};

}  // namespace aig::provider::aws
