// What a translated reply has said so far, as the blocks of a Messages reply: the part that the streaming and the whole
// renderer share. Brings any order of events into the one order there is here: blocks one after another. A call whose
// arguments come between those of another waits, with all that follows it, until that one is complete.
//
// Opaque state goes where clients send it back from: into the signature of the thinking block it belongs to, else into
// a redacted_thinking block of its own, behind the block it belongs to. One object a reply, one thread.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "canon/dialect.h"

namespace aig::dialect::anthropic {

/// Sees where a JSON object ends that comes in pieces. Does not judge what is inside.
class ObjectEnd {
  public:
    void add(std::string_view json);
    bool complete() const { return begun_ && depth_ == 0; }

  private:
    int64_t depth_ = 0;
    bool begun_ = false, in_string_ = false, escaped_ = false;
};

enum class BlockKind : uint8_t { text, thinking, redacted, tool, raw };

struct Block {
    BlockKind kind = BlockKind::text;
    std::string id, name;   ///< of a call
    std::string text;       ///< text, thinking, arguments; of a raw block its JSON, of a redacted one its data
    std::string signature;  ///< of thinking
    std::string citations;  ///< JSON objects with commas between
    ObjectEnd arguments;
    bool has_arguments = false;
    bool custom = false;        ///< text is a custom tool's free input
    bool sealed = false;        ///< nothing can be added any more
    std::optional<int> part{};  ///< of reasoning: the latest part's ordinal
    // The streaming renderer's own:
    bool begun = false;

    /// It has all that will come for it, if `last` says whether anything follows it.
    bool finished(bool last) const {
        if (sealed) return true;
        return !last && (kind != BlockKind::tool || arguments.complete());
    }
};

class ReplyBlocks {
  public:
    explicit ReplyBlocks(const canon::ReplyTerms& terms) : terms_(terms) {}

    void event(const canon::Event& event);
    std::deque<Block>& list() { return list_; }
    /// The first block is written; its place is never looked up again.
    void pop_front();

    /// After the last event: what the caller is told of the end. `unfinished`: the word when the provider said none.
    std::string_view stop_reason(canon::StopReason unfinished) const;
    const std::string& stop_sequence() const { return stop_sequence_; }
    /// Members of the ending beside those: stop_details.
    const std::string& ending_members() const { return ending_members_; }
    canon::Losses losses() const;

  private:
    Block& append(BlockKind kind);
    Block& last_of(BlockKind kind);
    Block* call(const canon::Event& event);
    std::string distinct(const std::string& id);
    void reasoning(const canon::Event& event);
    void arguments(const canon::Event& event);
    void state(const canon::Event& event);
    void annotation(std::string_view raw);
    void raw_block(const canon::Event& event);
    void add_redacted(std::string_view data, const canon::Event& event);
    void lose(std::string_view name);

    const canon::ReplyTerms& terms_;
    std::deque<Block> list_;
    std::deque<std::string> waiting_;      ///< state behind a text, until another block follows
    size_t popped_ = 0;                    ///< blocks that were in front of list_
    std::map<int, size_t> place_of_call_;  ///< the event's index -> how many blocks stood before it, ever
    std::set<std::string> call_ids_;
    size_t ids_made_ = 0;
    bool finished_ = false, refused_ = false;
    canon::StopReason stop_ = canon::StopReason::none;
    std::string stop_sequence_, ending_members_;
    canon::Losses losses_;
};

/// The arguments of a call as the object that `input` has to be.
std::string input_object(const Block& call);
/// An id in the charset that Messages have, the same for equal ids.
std::string call_id(std::string_view id);

std::unique_ptr<canon::Renderer> stream_renderer(const canon::ReplyTerms& terms);
std::unique_ptr<canon::Renderer> body_renderer(const canon::ReplyTerms& terms);

}  // namespace aig::dialect::anthropic
