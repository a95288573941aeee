#include "gateway/detail/sealing.h"

#include <fmt/format.h>

#include "base/json.h"

namespace aig::gateway {
using canon::Event;
using Kind = Event::Kind;

void each_state_text(std::string_view kind, std::string_view data, const std::function<void(std::string_view)>& use) {
    if (kind != canon::state_kind::details) return use(data);
    const auto doc = JsonDoc::parse(data);
    if (!doc) return;
    for (const auto* member : {"data", "signature"})
        if (const auto text = doc->root()[member].text(); !text.empty()) use(text);
}

bool Sealing::take(Event& e) {
    if (e.choice != choice_ && e.choice >= 0) {
        choice_ = e.choice;
        reasoning_.clear();
    }
    switch (e.kind) {
        case Kind::reasoning:
            reasoning(e);
            return true;
        case Kind::text:
        case Kind::refusal:
        case Kind::media:
            reasoning_.clear();
            place_ = e.kind == Kind::media ? StatePlace::media : StatePlace::text;
            return true;
        case Kind::tool_begin:
            tool_begin(e);
            return true;
        case Kind::state:
            return state(e);
        default:
            return true;
    }
}

/// Deltas of one part add up; another part begins anew.
void Sealing::reasoning(const Event& e) {
    if (place_ != StatePlace::reasoning) reasoning_.clear();
    if (e.index != reasoning_index_ || reasoning_.empty()) part_at_ = reasoning_.size();
    reasoning_index_ = e.index;
    place_ = StatePlace::reasoning;
    summary_ = e.name == "summary";
    if (reasoning_.size() + e.text.size() <= most_reasoning) reasoning_ += e.text;
}

void Sealing::tool_begin(Event& e) {
    reasoning_.clear();
    if (e.id.empty()) e.id = keep(fmt::format("call_{}_{}", terms_.request_id, ids_made_++));
    calls_.emplace_back(e.id);
    if (!turn_) return;
    remember(canon::state_print(e.id));
    terms_.vault->memory.keep_turn(terms_.account, e.id, turn_, terms_.now_ms);
}

bool Sealing::state(Event& e) {
    each_state_text(e.name, e.text, [&](std::string_view text) { remember(canon::state_print(text)); });
    if (terms_.native) {
        reasoning_.clear();
        return true;
    }
    auto capsule = terms_.vault->capsules.seal(describe(e), terms_.account);
    reasoning_.clear();
    if (!capsule) {
        if (losses_.empty()) losses_.emplace_back("reasoning_state");
        return false;
    }
    add_to_turn(*capsule);
    e.text = keep(std::move(*capsule));
    e.name = canon::state_kind::capsule;
    return true;
}

SealedState Sealing::describe(const Event& e) {
    SealedState s;
    s.origin = terms_.origin();
    s.expires_s = terms_.now_s + Capsules::lifetime_s;
    s.state = {std::string(e.name), std::string(e.text)};
    s.call_id = e.id;
    s.item_id = e.raw;
    s.place = !e.id.empty()                          ? StatePlace::tool_call
              : e.name == canon::state_kind::thought ? place_
                                                     : StatePlace::reasoning;
    // Blocks that are sealed as a whole have no text of their own.
    const bool has_text = s.place == StatePlace::reasoning && e.name != canon::state_kind::redacted;
    if (has_text) {
        s.text = std::exchange(reasoning_, {});
        if (e.name == canon::state_kind::signature) s.text.erase(0, std::min(part_at_, s.text.size()));
        s.summary = summary_;
    }
    return s;
}

void Sealing::add_to_turn(const std::string& capsule) {
    auto more =
        turn_ ? std::make_shared<std::vector<std::string>>(*turn_) : std::make_shared<std::vector<std::string>>();
    more->push_back(capsule);
    turn_ = std::move(more);
    // State may come behind its call, in the same piece of the reply.
    for (const auto& id : calls_) {
        remember(canon::state_print(id));
        terms_.vault->memory.keep_turn(terms_.account, id, turn_, terms_.now_ms);
    }
}

}  // namespace aig::gateway
