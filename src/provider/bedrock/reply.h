// Reading Converse replies: the one state machine behind whole and streamed ones. Internal to this wire.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "canon/wire.h"

namespace aig::provider::bedrock {

using Events = std::vector<canon::Event>;

/// Views in events live until forget_views(), and as long as the documents read.
class Reply {
  public:
    void start(Events& out);
    /// A block of a whole reply, at once.
    Status whole_block(JsonRef block, Events& out);
    Status block_start(int64_t index, JsonRef start, Events& out);
    Status block_delta(int64_t index, JsonRef delta, Events& out);
    void block_stop(int64_t index, Events& out);
    void finish(std::string_view stop_reason, JsonRef fields, Events& out);
    /// usage, trace; `from` is the reply or its metadata event.
    void metadata(JsonRef from, Events& out);
    bool finished() const { return finished_; }
    void forget_views() { owned_.clear(); }

  private:
    enum class Kind : uint8_t { text, reasoning, tool, answer, server, image };
    struct Block {
        int64_t index;
        Kind kind = Kind::text;
        int ordinal = 0;       ///< of a tool call
        bool written = false;  ///< arguments have come
        std::string start;     ///< a server block's raw start; an image's format
        std::string pieces;    ///< a server block's, an image's, redacted reasoning's data
        std::string signature;
    };
    Block* find(int64_t index);
    Status server_delta(Block& block, JsonRef delta);
    void reasoning_delta(Block& block, JsonRef delta, Events& out);
    void end_block(Block& block, Events& out);
    void tool_begin(Block& block, JsonRef tool, Events& out);
    void state(Block& block, Events& out);
    void media(std::string_view format, std::string_view data, Events& out);
    void server_block(std::string_view json, Events& out);
    std::string_view own(std::string text) { return owned_.emplace_back(std::move(text)); }

    std::deque<std::string> owned_;
    std::vector<Block> open_;
    std::string citations_;  ///< inside of a JSON array
    size_t kept_ = 0;
    int tools_ = 0;
    bool answered_ = false, finished_ = false;
};

std::unique_ptr<canon::Decoder> whole_decoder();
std::unique_ptr<canon::Decoder> stream_decoder();

}  // namespace aig::provider::bedrock
