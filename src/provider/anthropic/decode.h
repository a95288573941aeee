// Reading replies: the one state machine behind whole and streamed replies. Internal to this wire.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "canon/anthropic/shape.h"
#include "canon/wire.h"

namespace aig::provider::anthropic {

using Events = std::vector<canon::Event>;

/// One reply being read, whole or block by block, turned into events. Views in events live until forget_views().
class Reply {
  public:
    void start(JsonRef message, Events& out);
    Status block_start(int64_t index, JsonRef block, Events& out);
    Status block_delta(int64_t index, JsonRef delta, Events& out);
    void block_stop(int64_t index, Events& out);
    /// The end's members: stop_reason, stop_sequence, stop_details in `ending`; usage.
    void finish(JsonRef ending, JsonRef usage, Events& out);
    /// Closes what a stream without a stop reason left open.
    void close(Events& out);
    void forget_views() { owned_.clear(); }
    /// A text that outlives the call that made it, until forget_views().
    std::string_view own(std::string text) { return owned_.emplace_back(std::move(text)); }

  private:
    enum class BlockKind : uint8_t { text, thinking, tool, answer, other };
    struct Block {
        int64_t index;
        BlockKind kind;
        int ordinal = 0;       ///< of a tool call
        bool written = false;  ///< arguments have come in pieces
        std::string start,
            pieces;  ///< raw start block and collected JSON of blocks we do not know; a tool's first input
    };
    Block* find(int64_t index);
    void tool_start(Block& block, JsonRef json, Events& out);
    void keep_other(const Block& block);
    void citations(JsonRef list);
    void end_block(const Block& block, Events& out);
    void flush_extras(Events& out);

    std::deque<std::string> owned_;
    std::vector<Block> open_;
    canon::anthropic::Counts counts_;
    int tools_ = 0;
    bool answered_ = false;  ///< the reserved tool was called
    bool closed_ = false;
    std::string citations_, blocks_;  ///< JSON array insides, given out as extras at the end
};

std::unique_ptr<canon::Decoder> stream_decoder();
std::unique_ptr<canon::Decoder> whole_decoder();

}  // namespace aig::provider::anthropic
