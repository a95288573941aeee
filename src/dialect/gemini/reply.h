// What a translated reply has said so far, candidate by candidate: the part that the streaming and the whole renderer
// share. Function calls go out whole, at their candidate's finish, whatever order their pieces came in. Internal to
// this dialect.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "canon/dialect.h"

namespace aig::dialect::google {

struct Call {
    std::string id, name, arguments, signature;
    bool custom = false;
};
struct Citation {
    int64_t start = 0, end = 0;  ///< characters
    std::string url, title;
};

struct Candidate {
    bool begun = false, finished = false, refused = false, thinking = false, said = false;
    canon::StopReason stop = canon::StopReason::none;
    std::vector<Call> calls;
    std::map<int, size_t> ordinal_of;  ///< the event's index -> position in calls
    std::string text;                  ///< for citations: their offsets count its bytes
    std::vector<Citation> citations;
    std::string logprobs;  ///< insides of a chat completion's logprobs.content lists
};

class ReplyState {
  public:
    /// Null for an index out of range.
    Candidate* candidate(const canon::Event& event);
    /// Those that said something, for the end of the reply; one that says nothing where there is none.
    std::map<int, Candidate>& candidates();
    /// Takes what both renderers only gather: calls, their signatures, citations, log probabilities, finish, losses.
    /// True when the event is dealt with.
    bool gather(const canon::Event& event);
    const canon::Losses& losses() const { return losses_; }

  private:
    static void call(Candidate& c, const canon::Event& event);
    bool signature(const canon::Event& event);
    std::map<int, Candidate> candidates_;
    canon::Losses losses_;
};

std::string text_part(std::string_view text, std::string_view signature, bool thought);
std::string media_part(const canon::Event& event, std::string_view signature);
std::string call_part(const Call& call);

/// "finishReason", and what else stands beside a candidate's content at its end.
void write_ending(JsonWriter& w, const Candidate& c, canon::StopReason unfinished);

std::unique_ptr<canon::Renderer> stream_renderer(const canon::ReplyTerms& terms);
std::unique_ptr<canon::Renderer> body_renderer(const canon::ReplyTerms& terms);
std::unique_ptr<canon::Renderer> embedding_renderer(const canon::ReplyTerms& terms);

}  // namespace aig::dialect::google
