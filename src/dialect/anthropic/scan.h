// Reads one JSON text of a lossless reply (the data of an event, or a whole body) while it passes: adds to the Facts,
// and finds the few values that are patched. Full validation, no copies of values; one stream makes thousands of these.
// Not thread-safe; what it finds is valid until the next scan on the same thread.
#pragma once

#include <optional>
#include <string_view>

#include "base/json.h"
#include "canon/anthropic/shape.h"
#include "canon/dialect.h"

namespace aig::dialect::anthropic {

enum class EventType : uint8_t { other, start, block_start, block_delta, block_stop, delta, stop };

/// What one text held. Positions count from its first byte.
struct Found {
    EventType type = EventType::other;
    canon::Span model;         ///< the value of the message's `model`
    canon::Span usage;         ///< the usage object of a message_delta or a body
    canon::Span cost;          ///< the value of usage.cost in it
    bool usage_empty = false;  ///< it has no members
    canon::Span null_usage;    ///< the value of `usage: null`
    size_t insert = 0;         ///< just behind the opening brace
};

class ReplyScan {
  public:
    /// upstream_garbage for what is not a JSON object, or a block that was not begun. facts.error is set when the text
    /// is a failure.
    Result<Found> event(std::string_view json, canon::Facts& facts);
    Result<Found> body(std::string_view json, canon::Facts& facts);

    bool begun() const { return begun_; }
    /// The block that a stream stands in.
    std::optional<int64_t> open_block() const { return open_; }

  private:
    Status message_event(JsonRef root, const JsonDoc& doc, Found& found, canon::Facts& facts);
    void usage(JsonRef u, const JsonDoc& doc, Found& found, canon::Facts& facts);
    void ending(JsonRef members, canon::Facts& facts);
    canon::anthropic::Counts counts_;
    std::optional<int64_t> open_;
    bool begun_ = false;
};

}  // namespace aig::dialect::anthropic
