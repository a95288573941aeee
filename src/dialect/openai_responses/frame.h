// A response object of our own: what repeats the request, and around it what changes (status, output, usage, error).
// Every member that the Open Responses schema demands is there. Made once a reply; reads the caller's body.
#pragma once

#include <string>
#include <string_view>

#include "canon/dialect.h"

namespace aig::dialect::responses {

/// The part of it that the ids of its items share.
std::string_view id_stem(std::string_view response_id);

/// What changes from object to object of one reply.
struct Standing {
    std::string_view status = "in_progress";
    std::string_view incomplete_reason{};  ///< "" = null
    const Error* error = nullptr;
    std::string_view output{};  ///< the inside of the array
    std::string_view usage{};   ///< a JSON object; "" = null
    const std::string* output_text = nullptr;
};

class Frame {
  public:
    explicit Frame(const canon::ReplyTerms& terms);
    const std::string& id() const { return id_; }
    /// One line, so that it may stand in an event.
    std::string object(const Standing& standing) const;
    /// What the caller's body asks the gateway itself.
    const std::string& previous_json() const { return previous_; }
    bool background() const { return background_; }

  private:
    std::string id_, head_, tail_, previous_ = "null";
    bool background_ = false;
};

/// A usage object with `cost` in whole currency units; `estimated` only when the count is ours.
std::string usage_object(const canon::Bill& bill);
std::string cost_number(const canon::Bill& bill);
/// The word in a response's error.code, and the members of an `error` event behind its sequence number.
std::string_view error_word(const Error& error);
/// Line ends between tokens of raw JSON would end an event's line.
std::string on_one_line(std::string_view json);

}  // namespace aig::dialect::responses
