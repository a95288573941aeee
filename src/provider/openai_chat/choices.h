// One chunk or one whole body -> canonical events. Remembers, per choice, which tool calls have begun: their ordinals
// are ours and stable, whatever indexes the provider uses.
#pragma once

#include <deque>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"
#include "canon/event.h"

namespace aig::provider::openai {

class Choices {
  public:
    /// Appends events; their views point into `root`'s document and into this object. A failure object gives one error
    /// event.
    Status read(JsonRef root, std::vector<canon::Event>& out);

    const std::optional<Error>& error() const { return error_; }
    bool content() const { return content_; }
    bool usage_seen() const { return usage_seen_; }
    /// Frees what the events of earlier chunks showed.
    void forget_views() { owned_.clear(); }
    bool any_finished() const;
    bool all_finished() const;

  private:
    static constexpr int64_t most_choices = 128;
    static constexpr size_t most_tool_calls = 1'024;
    struct ToolCall {
        int64_t wire_index;  ///< -1: the provider gave none
        std::string id, name;
        bool begun = false, custom = false;
    };
    /// An entry of OpenRouter's reasoning_details, put together from its pieces.
    struct Detail {
        int64_t index = -1;
        std::string type, text_member, text;
        std::vector<std::pair<std::string, std::string>> members;  ///< the others, raw; the last word counts
        std::string whole;                                         ///< as it came, while it came in one piece
    };
    struct Choice {
        bool begun = false, finished = false, reasoned = false;
        bool plain_reasoning = false;  ///< came as text of its own: entries of reasoning_details repeat it
        std::vector<Detail> details;
        std::deque<ToolCall> calls;  // events show their ids and names: addresses must stay
    };

    void emit(std::vector<canon::Event>& out, canon::Event event);
    void started(JsonRef root, std::vector<canon::Event>& out);
    Status choice(JsonRef c, std::vector<canon::Event>& out);
    Status message(int index, JsonRef m, std::vector<canon::Event>& out);
    void content_parts(int index, JsonRef content, std::vector<canon::Event>& out);
    void text(canon::Event::Kind kind, int choice, JsonRef value, std::vector<canon::Event>& out);
    Status tool_calls(int index, JsonRef calls, std::vector<canon::Event>& out);
    Status tool_call(int index, JsonRef call, JsonRef function, std::vector<canon::Event>& out);
    void reasoning_details(Choice& choice, JsonRef list);
    void give_details(int index, std::vector<canon::Event>& out);
    void signature(int index, JsonRef holder, std::string_view call, std::vector<canon::Event>& out);
    void annotations(int index, JsonRef list, std::vector<canon::Event>& out);
    void images(int index, JsonRef list, std::vector<canon::Event>& out);
    std::string_view own(std::string text) { return owned_.emplace_back(std::move(text)); }
    Result<size_t> ordinal(Choice& choice, JsonRef call) const;
    void usage(JsonRef root, std::vector<canon::Event>& out);
    void fail(Error error, std::vector<canon::Event>& out);

    std::deque<Choice> choices_;
    std::deque<std::string> owned_;  ///< what events of this chunk show and its text does not hold
    std::set<std::string, std::less<>> extras_given_;
    std::optional<Error> error_;
    bool started_ = false, content_ = false, usage_seen_ = false;
};

}  // namespace aig::provider::openai
