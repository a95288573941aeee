// What a translated reply has said so far, choice by choice: the part that the streaming and the whole renderer share.
// Brings any order of events into the order OpenAI's clients rely on: a tool call begins before its arguments, has an
// id, a dense index and arguments that are JSON; nothing follows a finish.
#pragma once

#include <memory>

#include <map>
#include <string>
#include <vector>

#include "canon/dialect.h"

namespace aig::dialect::openai {

struct CallState {
    std::string id, name, arguments;  ///< arguments are gathered by the whole renderer only
    bool has_arguments = false;
    bool custom = false;
    std::string signature;  ///< gathered by the whole renderer only
};

struct ChoiceState {
    bool begun = false, finished = false;
    canon::StopReason stop = canon::StopReason::none;
    std::vector<CallState> calls;
    std::map<int, size_t> ordinal_of;  ///< the event's index -> position in calls
    std::string text, reasoning, refusal, logprobs;
    bool has_text = false;
    size_t details_made = 0, images_made = 0;
    /// Of the whole renderer: insides of the arrays, and the values, that stand beside the content.
    std::string details, annotations, images, audio, signature;

    /// "tool_calls" also where the provider said a plain end (Gemini).
    std::string_view finish_reason() const;
};

class ReplyState {
  public:
    explicit ReplyState(const canon::ReplyTerms& terms) : terms_(terms) {}
    /// Null for an index out of range. Some providers go on behind a finish reason; the finish chunk comes last all the
    /// same.
    ChoiceState* choice(const canon::Event& event);
    /// The call an event means; `begun` tells that it is new.
    size_t call(ChoiceState& choice, const canon::Event& event, bool& begun);
    std::map<int, ChoiceState>& choices() { return choices_; }
    std::string reply_id() const { return "chatcmpl-" + terms_.request_id; }
    /// The call that a state belongs to, by its id.
    static CallState* call_of(ChoiceState& choice, std::string_view id);
    /// A member of the reply that this dialect has no place for.
    void lose(std::string_view name);
    const canon::Losses& losses() const { return losses_; }

  private:
    const canon::ReplyTerms& terms_;
    std::map<int, ChoiceState> choices_;
    size_t ids_made_ = 0;
    canon::Losses losses_;
};

/// Members of a reply that have no event of their own here and say nothing to a caller.
bool is_decoration(std::string_view extra);

std::unique_ptr<canon::Renderer> stream_renderer(const canon::ReplyTerms& terms);
std::unique_ptr<canon::Renderer> body_renderer(const canon::ReplyTerms& terms);
std::unique_ptr<canon::Renderer> embedding_renderer(const canon::ReplyTerms& terms);

}  // namespace aig::dialect::openai
