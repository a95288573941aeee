// Finds the end of an HTTP head in bytes that arrive piece by piece, and refuses what no later step may see: line ends
// other than CR LF, folded lines, control bytes, heads beyond their limits. Garbage is refused as soon as it shows, not
// when the head would be complete. Pure; one scanner per connection.
#pragma once

#include <cstddef>
#include <string_view>

#include "base/result.h"

namespace aig::net::detail {

struct HeadLimits {
    size_t first_line = 8 * 1024;
    size_t head = 32 * 1024;
    size_t fields = 100;
};

class HeadScanner {
  public:
    explicit HeadScanner(HeadLimits limits = {}) : limits_(limits) {}

    /// `bytes`: all that has arrived of this head, from its first byte. 0 = more is needed, else the head's length with
    /// its blank line. Errors: bad_request, uri_too_long, headers_too_large.
    Result<size_t> scan(std::string_view bytes);
    /// Lines of the finished head, without the first and the blank one.
    size_t field_lines() const { return lines_ - 2; }
    void reset() { lines_ = line_start_ = scanned_ = counted_ = counted_lines_ = 0; }

  private:
    Status check_line(std::string_view line) const;
    Status count_new_lines(std::string_view bytes);
    Status check_partial(std::string_view bytes) const;
    Status check_size(size_t end) const;

    HeadLimits limits_;
    size_t lines_ = 0, line_start_ = 0, scanned_ = 0;
    size_t counted_ = 0, counted_lines_ = 0;  ///< up to where control bytes were counted, and the lines till there
};

}  // namespace aig::net::detail
