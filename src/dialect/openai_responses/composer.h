// Grows a translated reply from canonical events, in the order clients rely on: an item is added before its parts, a
// part before its deltas, everything is done once and in full. Text, refusals and reasoning come one after the other;
// calls stay open until the end, because their fragments may interleave. Streams and whole replies grow alike: a whole
// one writes no events.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "canon/dialect.h"
#include "dialect/openai_responses/events.h"
#include "dialect/openai_responses/tools.h"

namespace aig::dialect::responses {

class Composer {
  public:
    Composer(std::string_view stem, ToolNames names, bool streams);
    void add(const canon::Event& event, std::string& out);
    /// Ends every item that is open; `cut_off` = the last one is not whole.
    void close(bool cut_off, std::string& out);

    EventWriter& events() { return events_; }
    canon::StopReason stop() const { return stop_; }
    /// The inside of `output`, and the text of its messages.
    std::string output() const;
    std::string output_text() const;
    canon::Losses losses() const { return losses_; }

  private:
    using Kind = OutputItem::Kind;
    size_t open_item(Kind kind);
    size_t current(Kind kind, std::string& out);
    size_t text_part(size_t item, ItemPart::Kind kind, int ordinal, std::string& out);
    void speak(const canon::Event& e, Kind kind, ItemPart::Kind part, std::string& out);
    void reason(const canon::Event& e, std::string& out);
    void keep_state(const canon::Event& e, std::string& out);
    void begin_call(const canon::Event& e, std::string& out);
    void arguments(const canon::Event& e, std::string& out);
    void annotate(const canon::Event& e, std::string& out);
    void add_logprobs(const canon::Event& e);
    void picture(const canon::Event& e, std::string& out);
    void end_current(std::string& out);
    void end_part(size_t item, std::string& out);
    void end_call(size_t item, bool cut_off, std::string& out);
    void end_item(size_t item, std::string_view status, std::string& out);
    void flush_states(std::string& out);
    void lose(std::string_view what);

    const std::string stem_;
    const ToolNames names_;
    EventWriter events_;
    std::vector<OutputItem> items_;
    std::vector<std::string_view> endings_;  ///< status of each item
    std::map<int, size_t> calls_;            ///< the event's index -> position in items_
    std::vector<std::string> states_;        ///< of text and calls, waiting for an item of their own
    static constexpr size_t nowhere = SIZE_MAX;
    size_t current_ = nowhere;  ///< the message or reasoning that is open
    canon::StopReason stop_ = canon::StopReason::none;
    canon::Losses losses_;
};

}  // namespace aig::dialect::responses
