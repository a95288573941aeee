#include "dialect/openai_chat/reply.h"

#include <fmt/format.h>

#include <algorithm>

#include "canon/openai/shape.h"
#include "dialect/openai_chat/openai_chat.h"

namespace aig::dialect::openai {
using namespace canon;

namespace {
constexpr int most_choices = 128;
constexpr size_t most_calls = 1'024, most_losses = 64;
}  // namespace

std::string_view ChoiceState::finish_reason() const {
    const bool plain = stop == StopReason::end || stop == StopReason::none || stop == StopReason::other;
    return plain && !calls.empty() ? "tool_calls" : canon::openai::finish_reason(stop);
}

ChoiceState* ReplyState::choice(const Event& event) {
    if (event.choice < 0 || event.choice >= most_choices) return nullptr;
    return &choices_[event.choice];
}

size_t ReplyState::call(ChoiceState& choice, const Event& event, bool& begun) {
    const auto known = choice.ordinal_of.find(event.index);
    begun = known == choice.ordinal_of.end() && choice.calls.size() < most_calls;
    if (known != choice.ordinal_of.end()) return known->second;
    if (!begun) return choice.calls.size() - 1;
    CallState call{std::string(event.id), std::string(event.name), {}, false, event.custom, {}};
    if (call.id.empty()) call.id = fmt::format("call_{}_{}", terms_.request_id, ids_made_++);
    choice.calls.push_back(std::move(call));
    choice.ordinal_of.emplace(event.index, choice.calls.size() - 1);
    return choice.calls.size() - 1;
}

CallState* ReplyState::call_of(ChoiceState& choice, std::string_view id) {
    for (CallState& call : choice.calls)
        if (call.id == id) return &call;
    return nullptr;
}

void ReplyState::lose(std::string_view name) {
    if (losses_.size() >= most_losses || std::find(losses_.begin(), losses_.end(), name) != losses_.end()) return;
    losses_.emplace_back(name);
}

bool is_decoration(std::string_view extra) {
    for (const std::string_view name :
         {"system_fingerprint", "service_tier", "object", "created", "native_finish_reason", "x_groq", "obfuscation",
          "stop_details", "nvext", "time_info", "provider"})
        if (extra == name) return true;
    return false;
}

std::unique_ptr<Renderer> OpenAiChat::renderer(const ReplyTerms& terms) const {
    if (terms.envelope && terms.envelope->operation == Operation::embedding) return embedding_renderer(terms);
    return terms.envelope && terms.envelope->stream ? stream_renderer(terms) : body_renderer(terms);
}

}  // namespace aig::dialect::openai
