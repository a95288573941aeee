// Reads one chunk of a lossless reply (or a whole reply, which is one chunk) while it passes: adds to the Facts, and
// finds the few values that are patched. Internal to this dialect.
#pragma once

#include <bitset>

#include "base/json.h"
#include "canon/dialect.h"

namespace aig::dialect::google {

/// Places in one chunk's text.
struct Scanned {
    canon::Span model;  ///< the value of modelVersion
    canon::Span usage;  ///< usageMetadata
    canon::Span cost;   ///< the value of a `cost` in it
    bool usage_empty = false;
    bool candidates = false;  ///< has at least one
    bool is_reply = false;    ///< has what a reply has
    size_t inside = 0;        ///< just behind the opening brace
};

class ReplyScan {
  public:
    /// upstream_garbage for what is not a JSON object. facts.error is set when the chunk is a failure.
    Result<Scanned> chunk(std::string_view json, canon::Facts& facts);
    /// Every candidate that has begun has its finish reason, or the prompt was blocked.
    bool all_finished() const { return blocked_ || (begun_.any() && begun_ == ended_); }
    std::vector<int> open_candidates() const;

  private:
    static constexpr int most_candidates = 128;
    Status candidate(JsonRef c, int place, canon::Facts& facts);
    void part(JsonRef p, canon::Facts& facts);
    void places(JsonRef root, Scanned& found);
    std::bitset<most_candidates> begun_, ended_;
    bool blocked_ = false, called_ = false;
    JsonDoc doc_;
};

/// The chunk with its public model and, where `bill` is given, with the cost: what the tap and nobody else changes.
/// A chunk without usage gets one only when `add_usage` says so.
std::string patched(std::string_view json, const Scanned& found, std::string_view model_json, const canon::Bill* bill,
                    bool add_usage);

}  // namespace aig::dialect::google
