// Reading replies: the one state machine behind whole and streamed replies. Internal to these wires.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "canon/gemini/shape.h"
#include "canon/wire.h"
#include "provider/gemini/partial_args.h"

namespace aig::provider::gemini {

using Events = std::vector<canon::Event>;

/// One reply being read chunk by chunk (a whole reply is one chunk), turned into events. Views in events point into the
/// chunk's document and into this object, where they live until forget_views().
class Reply {
  public:
    /// upstream_garbage for what is no reply.
    Status chunk(JsonRef root, Events& out);
    /// The end of the reply: finish reasons are told here, because providers go on behind them.
    Status end(Events& out);
    void forget_views() { owned_.clear(); }

    bool begun() const { return begun_; }
    bool finished() const { return blocked_ || any_finished(); }
    bool any_output() const;

  private:
    struct Call {
        std::string id, name;
        PartialArgs args;
    };
    struct Candidate {
        bool finished = false, output = false;
        canon::StopReason stop = canon::StopReason::none;
        std::string word;
        int calls = 0;
        std::optional<Call> open;  ///< a call whose arguments come in pieces
        std::string text;          ///< all text so far: citations count its bytes
        std::set<std::string, std::less<>> cited;
    };

    Status candidate(JsonRef c, int index, Events& out);
    void part(JsonRef p, int index, Candidate& c, Events& out);
    void content(JsonRef p, int index, Candidate& c, Events& out);
    void call(JsonRef f, int index, Candidate& c, Events& out);
    void call_piece(JsonRef f, int index, Candidate& c, Events& out);
    void close_call(int index, Candidate& c, Events& out);
    void begin_call(int index, Candidate& c, std::string_view id, std::string_view name, Events& out);
    void annotations(JsonRef candidate, int index, Candidate& c, Events& out);
    void cite(std::string annotation, int index, Candidate& c, Events& out);
    void blocked(JsonRef root, Events& out);
    bool any_finished() const;
    std::string_view own(std::string text) { return owned_.emplace_back(std::move(text)); }

    std::map<int, Candidate> candidates_;
    std::deque<std::string> owned_;
    std::string id_, last_call_;  ///< of the reply; of the call a signature may follow
    bool begun_ = false, blocked_ = false;
    int calls_ = 0;
};

/// url_citation annotations of one candidate, in the form of OpenAI's Responses; offsets count characters where the
/// provider counts bytes.
std::vector<std::string> url_citations(JsonRef candidate, std::string_view text);
/// logprobsResult as the value of a chat completion's `logprobs`.
std::string logprobs_of(JsonRef result);

std::unique_ptr<canon::Decoder> stream_decoder();
std::unique_ptr<canon::Decoder> whole_decoder();
std::unique_ptr<canon::Decoder> embedding_decoder();

}  // namespace aig::provider::gemini
