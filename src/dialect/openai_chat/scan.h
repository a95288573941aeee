// Reads one JSON text of a lossless reply (a chunk, or a whole body) while it passes: adds to the Facts, and finds the
// few values that are patched. Full validation, no copies of values, no allocation in the steady state: one stream
// makes thousands of these. Not thread-safe; the views it gives are valid until the next scan on the same thread.
#pragma once

#include <bitset>
#include <string>
#include <string_view>
#include <vector>

#include "canon/dialect.h"

namespace aig::dialect::openai {

/// What one text held.
struct Scanned {
    std::vector<canon::Span> models;  ///< values of the top-level `model` (one, unless the provider repeats it)
    canon::Span usage;                ///< the top-level usage object
    canon::Span cost;                 ///< the value of usage.cost in it
    canon::Span null_usage;           ///< the value of a top-level `usage: null`
    bool usage_empty = false;         ///< it has no members
    bool has_choices = false, no_choices = true;
    bool delta = false;  ///< some choice had content or a finish reason
};

class ReplyScan {
  public:
    /// upstream_garbage for what is not a JSON object. facts.error is set when the text is a failure.
    Result<const Scanned*> chat(std::string_view json, canon::Facts& facts);
    Result<const Scanned*> embedding(std::string_view json, canon::Facts& facts);

    /// Every choice that has begun has its finish reason.
    bool all_finished() const { return begun_.any() && begun_ == ended_; }
    /// Choices that have begun, or 0 alone: what a cut stream must still finish.
    std::vector<int> open_choices() const;
    const std::string& id() const { return id_; }
    int64_t created() const { return created_; }

  private:
    struct Reading;
    struct VectorReading;
    void begin();
    static constexpr size_t most_choices = 128;
    std::bitset<most_choices> begun_, ended_;
    bool plain_reasoning_ = false;  ///< came as text of its own: entries of reasoning_details repeat it
    std::string id_;
    int64_t created_ = 0;
    Scanned found_;
};

}  // namespace aig::dialect::openai
