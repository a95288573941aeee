// Undoes gzip, in pieces, with a bound: beyond 1 MiB the output may be at most 100 times the input. Any thread, one at
// a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace aig::net::detail {

class Inflater {
  public:
    Inflater();
    ~Inflater();
    Inflater(const Inflater&) = delete;

    /// Appends at most `room` bytes to `out` and returns how much of `in` was used; less than all means that `room` was
    /// used up, call again. Errors: bad_request (not gzip, bytes behind the end), too_large (a bomb).
    Result<size_t> feed(std::string_view in, std::string& out, size_t room);
    /// The end of a gzip member was reached and nothing of a next one was seen.
    bool finished() const { return finished_; }

  private:
    struct Inside;
    std::unique_ptr<Inside> in_;
    bool finished_ = false;
};

}  // namespace aig::net::detail
