// A caller's body as a document. parse() comes behind peek(), mostly before another body was read on the thread: the
// last one is kept, and not read twice. Any thread.
#pragma once

#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace aig::dialect {

class BodyDoc {
  public:
    /// The body must be a JSON object; else bad_json.
    static Result<BodyDoc> read(std::string_view body);
    BodyDoc(BodyDoc&&) noexcept = default;

    /// Valid until the thread reads a body again.
    const JsonDoc& doc() const { return kept_ ? *kept_ : own_; }
    JsonRef root() const { return doc().root(); }

  private:
    BodyDoc() = default;
    const JsonDoc* kept_ = nullptr;
    JsonDoc own_;  ///< of a body that is too large to be kept
};

}  // namespace aig::dialect
