// Writes the events of a stream, numbered. The one place that knows how each event is spelled; which event may come
// when is its caller's matter. A muted writer writes nothing: an unstreamed reply grows by the same steps.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "dialect/openai_responses/items.h"

namespace aig::dialect::responses {

class EventWriter {
  public:
    explicit EventWriter(bool muted, int64_t next = 0) : muted_(muted), next_(next) {}
    /// response.created, response.completed and the like.
    void response(std::string& out, std::string_view type, std::string_view object);
    void item_added(std::string& out, size_t index, const OutputItem& item);
    void item_done(std::string& out, size_t index, const OutputItem& item, std::string_view status);
    void part_added(std::string& out, size_t index, const OutputItem& item, size_t part);
    /// The part's own done event and content_part.done (reasoning_summary_part.done).
    void part_done(std::string& out, size_t index, const OutputItem& item, size_t part);
    void part_delta(std::string& out, size_t index, const OutputItem& item, size_t part, std::string_view text);
    void call_delta(std::string& out, size_t index, const OutputItem& item, std::string_view text);
    void call_done(std::string& out, size_t index, const OutputItem& item);
    void annotation(std::string& out, size_t index, const OutputItem& item, size_t part, std::string_view raw);
    void error(std::string& out, const Error& error);
    /// The number of the next event.
    void number_from(int64_t next) { next_ = next; }

  private:
    template <class Members>
    void event(std::string& out, std::string_view type, Members members);
    template <class Members>
    void of_part(std::string& out, std::string_view type, size_t index, const OutputItem& item, size_t part,
                 Members members);
    const bool muted_;
    int64_t next_;
};

}  // namespace aig::dialect::responses
