// Reading replies: the one state machine behind whole and streamed replies. Internal to this wire.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "canon/wire.h"

namespace aig::provider::openai_responses {

using Events = std::vector<canon::Event>;

/// One response being read, item by item. What a stream's pieces left out is taken from the finished item, and what no
/// item event gave from the final response: servers differ in how much they send of either. Items are told apart by
/// their place, not by their id (some servers give another id with every event). Views in events live until
/// forget_views().
class Reply {
  public:
    /// The first time only.
    void start(JsonRef response, Events& out);
    Status item_added(JsonRef event, Events& out);
    Status item_done(JsonRef event, Events& out);
    /// Any other event of an item; unknown ones say nothing.
    Status piece(std::string_view type, JsonRef event, Events& out);
    /// The end: everything still missing, why it stopped, usage.
    Status finish(JsonRef response, Events& out);
    void forget_views() { owned_.clear(); }

  private:
    static constexpr size_t most_items = 4'096, most_parts = 4'096;
    enum class Kind : uint8_t { message, reasoning, call, other };
    /// A part of an item's text: of a message, of its reasoning, or of its summary.
    struct Part {
        int ordinal = 0;  ///< of reasoning
        bool written = false, odds = false;
        size_t annotations = 0;
    };
    struct Item {
        Kind kind = Kind::other;
        int ordinal = 0;  ///< of a call
        bool custom = false, written = false, summarised = false, reasoned = false, done = false;
        std::map<int64_t, Part> parts, summary;
        void set_kind(std::string_view type);
    };

    Result<Item*> item_at(JsonRef event, std::string_view type);
    Result<Part*> part_at(std::map<int64_t, Part>& parts, JsonRef index, bool reasoning);
    void begin(Item& item, JsonRef json, Events& out);
    Status complete(Item& item, JsonRef json, Events& out);
    Status text(JsonRef event, JsonRef words, canon::Event::Kind kind, Events& out);
    Status thought(JsonRef event, bool summary, Events& out);
    Status arguments(JsonRef event, Events& out);
    Status annotation(JsonRef event, Events& out);
    Status message(Item& item, JsonRef json, Events& out);
    Status reasoning(Item& item, JsonRef json, Events& out);
    Status thoughts(Item& item, JsonRef list, bool summary, Events& out);
    void call(Item& item, JsonRef json, Events& out);
    void other(JsonRef json, Events& out);
    void odds(Part& part, JsonRef list, Events& out);
    std::string_view own(std::string text) { return owned_.emplace_back(std::move(text)); }

    std::deque<std::string> owned_;
    std::map<int64_t, Item> items_;
    int calls_ = 0, thoughts_ = 0;
    bool started_ = false, hands_over_ = false;
};

std::unique_ptr<canon::Decoder> stream_decoder();
std::unique_ptr<canon::Decoder> whole_decoder();

}  // namespace aig::provider::openai_responses
