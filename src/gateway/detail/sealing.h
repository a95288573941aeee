// State on its way to the caller, in the translated lane. State of another family than the caller's dialect becomes a
// capsule; state of its own family passes as it is. Either way this node remembers which route made it, and a turn's
// capsules are kept by the ids of its tool calls before the first byte of such a call goes out. One attempt long, one
// loop.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "canon/event.h"
#include "gateway/detail/capsule.h"
#include "gateway/detail/state_memory.h"

namespace aig::gateway {

/// Where state is sealed and remembered; one for the whole gateway.
struct Vault {
    Capsules capsules;
    StateMemory memory;
};

/// The texts of a state by which it is known again: itself, or the strings within OpenRouter's object.
void each_state_text(std::string_view kind, std::string_view data, const std::function<void(std::string_view)>& use);

struct SealingTerms {
    Vault* vault = nullptr;
    AccountId account;
    std::function<uint64_t()> origin;  ///< of this attempt; asked for where there is state, as in few replies
    bool native = false;               ///< the wire's family is the caller's dialect's
    std::string_view request_id;  ///< ids of tool calls that came without one are made from it; outlives the Sealing
    int64_t now_ms = 0, now_s = 0;
};

class Sealing {
  public:
    explicit Sealing(SealingTerms terms) : terms_(std::move(terms)) {}
    /// Follows the reply, and rewrites the event where it holds state. False: it must not go on. Views it puts into the
    /// event live until forget_views().
    bool take(canon::Event& event);
    void forget_views() { owned_.clear(); }
    /// "reasoning_state" when a state could not be sealed.
    const canon::Losses& losses() const { return losses_; }

  private:
    std::string_view keep(std::string text) {
        return *owned_.emplace_back(std::make_unique<std::string>(std::move(text)));
    }
    void reasoning(const canon::Event& event);
    void tool_begin(canon::Event& event);
    bool state(canon::Event& event);
    SealedState describe(const canon::Event& event);
    void add_to_turn(const std::string& capsule);
    void remember(uint64_t print) {
        terms_.vault->memory.remember(terms_.account, print, terms_.origin(), terms_.now_ms);
    }

    static constexpr size_t most_reasoning = Capsules::most_plain;
    const SealingTerms terms_;
    std::vector<std::unique_ptr<std::string>> owned_;
    canon::Losses losses_;
    /// The reasoning since the last state: what a signature belongs to.
    std::string reasoning_;
    size_t part_at_ = 0;  ///< where its latest part begins: a signature is for one part, an encrypted item for all
    int reasoning_index_ = 0, choice_ = 0, ids_made_ = 0;
    bool summary_ = false;
    StatePlace place_ = StatePlace::reasoning;
    StateMemory::Turn turn_;
    std::vector<std::string> calls_;  ///< of this turn
};

}  // namespace aig::gateway
