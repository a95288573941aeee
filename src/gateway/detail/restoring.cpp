#include "gateway/detail/restoring.h"

#include <algorithm>

#include <fmt/format.h>

#include "base/json.h"

namespace aig::gateway {
namespace {
using namespace canon;

State* state_of(Part& p) {
    if (auto* r = std::get_if<Reasoning>(&p)) return &r->state;
    if (auto* t = std::get_if<ToolCall>(&p)) return &t->state;
    if (auto* t = std::get_if<Text>(&p)) return &t->state;
    if (auto* i = std::get_if<Image>(&p)) return &i->state;
    return nullptr;
}
bool has_state(Part& p) {
    const State* s = state_of(p);
    return s && *s;
}

/// One turn being restored: its parts are rebuilt in order.
class TurnRestorer {
  public:
    TurnRestorer(Message& message, const RestoringTerms& terms) : message_(message), terms_(terms) {}

    void restore() {
        for (Part& p : std::exchange(message_.parts, {})) {
            State* const s = state_of(p);
            if (!s || !*s) {
                message_.parts.push_back(std::move(p));
                continue;
            }
            const State was = std::exchange(*s, {});
            was.kind == state_kind::capsule ? open(std::move(p), was) : native(std::move(p), was);
        }
        for (const SealedState& s : elsewhere_) place_elsewhere(s);
        if (summarised_) drop_summaries();
    }
    size_t changed() const { return changed_; }
    bool lost() const { return lost_; }

  private:
    void open(Part part, const State& capsule) {
        ++changed_;
        auto held = terms_.vault->capsules.open(capsule.data, terms_.account, terms_.now_s);
        if (!held || held->origin != terms_.origin) return leave_out(std::move(part));
        summarised_ |= held->state.kind == state_kind::thought;
        if (held->place == StatePlace::reasoning) return reasoning(std::move(part), *held);
        if (fits(part, *held)) {
            *state_of(part) = held->state;
            message_.parts.push_back(std::move(part));
            return;
        }
        keep_what_it_says(std::move(part));
        elsewhere_.push_back(*std::move(held));
    }

    /// Google's signatures hold the thought; the text beside them is a summary for people, which nobody wants back.
    void drop_summaries() {
        std::erase_if(message_.parts, [](const Part& p) {
            const auto* r = std::get_if<Reasoning>(&p);
            return r && !r->state;
        });
    }

    static bool fits(const Part& part, const SealedState& held) {
        if (held.place == StatePlace::tool_call) {
            const auto* call = std::get_if<ToolCall>(&part);
            return call && (call->id == held.call_id || call->id.empty());
        }
        return held.place == StatePlace::text ? std::holds_alternative<Text>(part)
                                              : std::holds_alternative<Image>(part);
    }

    /// The reasoning is what it was, whatever the caller's dialect made of it.
    void reasoning(Part part, const SealedState& held) {
        Reasoning r;
        r.text = held.text;
        r.state = held.state;
        r.id = held.item_id;
        r.summary = held.summary;
        message_.parts.push_back(std::move(r));
        if (!std::holds_alternative<Reasoning>(part)) message_.parts.push_back(std::move(part));
    }

    void native(Part part, const State& state) {
        if (foreign(state)) {
            ++changed_;
            return leave_out(std::move(part));
        }
        *state_of(part) = state;
        message_.parts.push_back(std::move(part));
    }

    bool foreign(const State& state) const {
        bool found = false;
        each_state_text(state.kind, state.data, [&](std::string_view text) {
            const auto origin = terms_.vault->memory.origin_of(terms_.account, state_print(text), terms_.now_ms);
            found |= origin && *origin != terms_.origin;
        });
        return found;
    }

    void leave_out(Part part) {
        lost_ = true;
        keep_what_it_says(std::move(part));
    }
    void keep_what_it_says(Part part) {
        const auto* r = std::get_if<Reasoning>(&part);
        const auto* t = std::get_if<Text>(&part);
        if ((r && r->text.empty()) || (t && t->text.empty())) return;
        message_.parts.push_back(std::move(part));
    }

    /// The caller's dialect had no slot where the state belongs, and gave it back in another one.
    void place_elsewhere(const SealedState& held) {
        for (size_t i = message_.parts.size(); i-- > 0;) {
            Part& p = message_.parts[i];
            const auto* call = std::get_if<ToolCall>(&p);
            if (!fits(p, held) || has_state(p) || (call && call->id != held.call_id)) continue;
            *state_of(p) = held.state;
            return;
        }
        lost_ = true;
    }

    Message& message_;
    const RestoringTerms& terms_;
    std::vector<SealedState> elsewhere_;
    size_t changed_ = 0;
    bool lost_ = false;
    bool summarised_ = false;
};

/// The capsules of a turn whose caller gave none back, in front of what it says. A reasoning text that came back
/// without its state takes the first one.
bool fetch_kept(Message& m, const RestoringTerms& terms) {
    if (std::any_of(m.parts.begin(), m.parts.end(), has_state)) return false;
    StateMemory::Turn turn;
    for (const Part& p : m.parts)
        if (const auto* call = std::get_if<ToolCall>(&p); call && !turn)
            turn = terms.vault->memory.turn_of(terms.account, call->id, terms.now_ms);
    if (!turn) return false;
    size_t at = 0;
    for (const auto& capsule : *turn) {
        const State state{std::string(state_kind::capsule), capsule};
        auto* said = at < m.parts.size() ? std::get_if<Reasoning>(&m.parts[at]) : nullptr;
        if (said) {
            said->state = state;
        } else {
            Reasoning r;
            r.state = state;
            m.parts.insert(m.parts.begin() + static_cast<std::ptrdiff_t>(at), std::move(r));
        }
        ++at;
    }
    return true;
}

/// A JSON string's text; `owned` holds it where it had escapes.
std::string_view string_value(std::string_view json, std::optional<JsonDoc>& owned) {
    if (json.size() < 2) return {};
    if (json.find('\\') == std::string_view::npos) return json.substr(1, json.size() - 2);
    auto doc = JsonDoc::parse(json);
    if (!doc) return {};
    owned.emplace(*std::move(doc));
    return owned->root().text();
}
}  // namespace

bool holds_state(const Chat& chat, const Vault& vault, AccountId account, int64_t now_ms) {
    for (const Message& m : chat.messages) {
        if (m.role != Role::assistant) continue;
        for (const Part& p : m.parts) {
            if (has_state(const_cast<Part&>(p))) return true;
            const auto* call = std::get_if<ToolCall>(&p);
            if (call && vault.memory.turn_of(account, call->id, now_ms)) return true;
        }
    }
    return false;
}

CallersState find_state(const Envelope& envelope, std::string_view body, const Vault& vault, AccountId account,
                        int64_t now_ms, int64_t now_s) {
    CallersState found;
    for (auto at = envelope.state.rbegin(); at != envelope.state.rend(); ++at) {
        std::optional<JsonDoc> owned;
        const auto text = string_value(body.substr(at->begin, at->end - at->begin), owned);
        std::optional<uint64_t> origin;
        if (is_capsule(text)) {
            // The latest decides where the call would best go; the others are opened when an attempt needs them.
            if (!found.capsules && found.origins.empty())
                if (const auto held = vault.capsules.open(text, account, now_s)) origin = held->origin;
            found.capsules = true;
        } else {
            origin = vault.memory.origin_of(account, state_print(text), now_ms);
        }
        if (origin && std::find(found.origins.begin(), found.origins.end(), *origin) == found.origins.end())
            found.origins.push_back(*origin);
    }
    return found;
}

size_t restore_state(Chat& chat, const RestoringTerms& terms, Losses& losses) {
    size_t changed = 0;
    for (size_t i = 0; i < chat.messages.size(); ++i) {
        Message& m = chat.messages[i];
        if (m.role != Role::assistant) continue;
        const bool fetched = fetch_kept(m, terms);
        TurnRestorer turn(m, terms);
        turn.restore();
        if (!fetched) changed += turn.changed();
        if (turn.lost()) losses.push_back(fmt::format("messages[{}].reasoning_state", i));
    }
    return changed;
}

}  // namespace aig::gateway
