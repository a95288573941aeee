// Reads one JSON text of a lossless reply (an event, or a whole body) while it passes: adds to the Facts, finds the
// values that are patched, and remembers what is needed to end a stream early. One object a reply; one thread.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "canon/dialect.h"
#include "dialect/openai_responses/frame.h"
#include "dialect/openai_responses/items.h"

namespace aig::dialect::responses {

/// Where a response object lies in its text, and what is patched in it.
struct ResponsePlaces {
    canon::Span object;
    std::vector<std::pair<canon::Span, std::string>> cuts;  ///< id, model and what the caller asked the gateway itself
    canon::Span usage, cost;                                ///< the usage object; the value of usage.cost in it
    canon::Span null_usage;
    bool usage_empty = false;
};

/// Something that arrived and is to be forwarded.
struct Seen {
    bool has_response = false, terminal = false;
    ResponsePlaces places;
};

class ReplyScan {
  public:
    explicit ReplyScan(const canon::ReplyTerms& terms) : frame_(terms), model_json_(json_string(terms.public_model)) {}
    /// upstream_garbage for what is no JSON object. facts.error is set when the text is a failure.
    Result<const Seen*> event(std::string_view json, std::string_view name, canon::Facts& facts);
    Result<const Seen*> body(std::string_view json, canon::Facts& facts);

    const Frame& frame() const { return frame_; }
    /// What the next event's number would be.
    int64_t next_number() const { return next_; }
    bool begun() const { return begun_; }
    /// Items that have begun and not ended, by their output_index, as far as they came; and the finished ones, raw.
    std::map<int64_t, OutputItem>& open_items() { return open_; }
    const std::map<int64_t, std::string>& done_items() const { return done_; }
    /// The last event has no output although items were told (ChatGPT's own backend does so).
    bool output_withheld() const { return withheld_; }

  private:
    void response(JsonRef object, canon::Facts& facts);
    void conclude(JsonRef object, canon::Facts& facts);
    void item_added(JsonRef e, canon::Facts& facts);
    void item_done(JsonRef e, canon::Facts& facts);
    void part_added(JsonRef e);
    void part_done(JsonRef e);
    void delta(JsonRef e, std::string_view type, canon::Facts& facts);
    void item_facts(JsonRef item, canon::Facts& facts);
    canon::Span span(JsonRef v) const;
    ItemPart* part_of(JsonRef e);

    const Frame frame_;
    const std::string model_json_;
    JsonDoc doc_;
    Seen seen_;
    int64_t next_ = 0;
    bool begun_ = false, withheld_ = false;
    std::map<int64_t, OutputItem> open_;
    std::map<int64_t, std::string> done_;
    size_t kept_ = 0;  ///< bytes in done_
};

/// `text` with its places patched; `usage` = a finished object, or "" to leave it (and put `cost` into it).
std::string patched(std::string_view text, const ResponsePlaces& places, const canon::Bill* bill);

}  // namespace aig::dialect::responses
