// The pieces of Gemini replies that we write ourselves: usage, the frame of a chunk. Internal to this dialect.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "canon/dialect.h"

namespace aig::dialect::google {

/// usageMetadata with `cost` in whole currency units; `estimated` only when the count is ours.
void append_usage(std::string& out, const canon::Bill& bill);
/// The decimal number behind "cost":.
std::string cost_number(const canon::Bill& bill);
/// {"error":{code, message, status}} of one line.
std::string error_object(const Error& error, std::string_view request_id);

/// Puts chunks into the form the caller reads: events, or the elements of one array.
class Framer {
  public:
    explicit Framer(bool sse) : sse_(sse) {}
    bool sse() const { return sse_; }
    /// One chunk; its line ends stand between tokens only.
    void chunk(std::string_view json, std::string& out);
    /// What stands before the next element of an array, and behind the last one.
    std::string_view before_next();
    void end(std::string& out) const;

  private:
    const bool sse_;
    bool begun_ = false;
};

}  // namespace aig::dialect::google
