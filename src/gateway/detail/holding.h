// How much a call must hold, and for how many output tokens that lasts. Pure arithmetic over the price card.
//   input   the byte bound: a byte-level tokenizer never makes more tokens than bytes, so the hold cannot be too small
//   output  of a stream a slice, extended as it runs; of an unstreamed reply what the caller asked for at most, or the
//           model's maximum, clamped to what the wallet can pay. A stream with a maximum of its own starts only when
//           the wallet could pay all of it, though it holds no more than others
#pragma once

#include "canon/dialect.h"
#include "catalogue/catalogue.h"

namespace aig::gateway {

constexpr int64_t first_slice_tokens = 1'024, slice_tokens = 4'096, least_output_tokens = 16;
/// For models whose maximum nobody has written down.
constexpr int64_t assumed_max_output = 4'096;

struct Holding {
    int64_t want_nanos = 0, least_nanos = 0;
    int64_t input_nanos = 0;       ///< the input's part (with the per-request price)
    int64_t output_tokens = 0;     ///< covered by want_nanos, all choices together
    int64_t slice_nanos = 0;       ///< a small wallet is not clamped below this where it can pay it
    int64_t must_cover_nanos = 0;  ///< the wallet must have this much, though less is held
    int64_t most_tokens = 0;       ///< all output the call may make, all choices together
    bool extends = false;          ///< a stream longer than a slice: more slices while it runs
    bool clamps = false;           ///< a smaller grant becomes a maximum for the provider
    int64_t output_pico = 0;       ///< the dearer of output and reasoning, in the dearest tier that can be reached
    Ratio ratio;
    int64_t choices = 1;

    /// Price of `tokens` output tokens at the dearer of output and reasoning.
    Result<int64_t> output_nanos(int64_t tokens) const;
    /// How many output tokens `nanos` pays for, input already taken off.
    int64_t affordable_tokens(int64_t held_nanos) const;
};

/// `card` is what the call is charged by, which need not be the model's own; `ratio` its folded terms.
Result<Holding> plan_holding(const canon::Envelope& envelope, const catalogue::Model& model,
                             const canon::PriceCard& card, Ratio ratio);

/// The provider's report when it is believable, else our own count, flagged.
canon::Usage final_usage(const canon::Facts& facts, const canon::Envelope& envelope, const catalogue::Model& model);

}  // namespace aig::gateway
