#include "gateway/detail/holding.h"

#include <algorithm>

namespace aig::gateway {
using canon::Component;
namespace {

int64_t dearest_output(const canon::FixedPrices& p) {
    return std::max(p[static_cast<size_t>(Component::output)], p[static_cast<size_t>(Component::reasoning)]);
}
int64_t dearest_input(const canon::FixedPrices& p) {
    return std::max({p[static_cast<size_t>(Component::input)], p[static_cast<size_t>(Component::cached_input)],
                     p[static_cast<size_t>(Component::cache_write)],
                     p[static_cast<size_t>(Component::cache_write_1h)]});
}

Result<int64_t> input_price(const canon::FixedPrices& p, int64_t tokens, Ratio ratio) {
    const PriceLine lines[] = {{0, tokens, dearest_input(p)}, {0, 1, p[static_cast<size_t>(Component::request)]}};
    return charge_nanos(lines, ratio);
}

/// All output tokens the call may make: its own maximum, or the model's, for every choice.
int64_t most_output(const canon::Envelope& e, const catalogue::Model& m) {
    const int64_t most = m.max_output > 0 ? m.max_output : assumed_max_output;
    return (e.max_output ? *e.max_output : most) * e.n;
}
}  // namespace

Result<int64_t> Holding::output_nanos(int64_t tokens) const {
    const PriceLine line{0, tokens, output_pico};
    return charge_nanos({&line, 1}, ratio);
}

int64_t Holding::affordable_tokens(int64_t held_nanos) const {
    const int64_t left = held_nanos - input_nanos;
    if (left <= 0) return 0;
    if (output_pico == 0) return output_tokens;
    // Rounding down twice is on the safe side: tokens * pico * num / den <= left.
    const auto picos = static_cast<__int128>(left) * 1000 * ratio.den / ratio.num;
    return static_cast<int64_t>(std::min<__int128>(picos / output_pico, output_tokens));
}

Result<Holding> plan_holding(const canon::Envelope& envelope, const catalogue::Model& model,
                             const canon::PriceCard& card, Ratio ratio) {
    Holding h;
    h.ratio = ratio;
    h.choices = envelope.n;
    if (card.per_request_only()) {
        TRY(h.want_nanos, canon::price(card, {}, ratio));
        h.least_nanos = h.input_nanos = h.want_nanos;
        return h;
    }
    const int64_t most_in = canon::bound_tokens(envelope.size);
    const auto prices = card.dearest_up_to(most_in);
    h.output_pico = dearest_output(prices);
    TRY(h.input_nanos, input_price(prices, most_in, ratio));
    if (envelope.operation == canon::Operation::embedding) {
        h.want_nanos = h.least_nanos = h.input_nanos;
        return h;
    }
    h.most_tokens = most_output(envelope, model);
    const int64_t first = std::min(h.most_tokens, first_slice_tokens * envelope.n);
    h.extends = envelope.stream && h.most_tokens > first;
    h.clamps = !envelope.stream && !envelope.max_output;
    h.output_tokens = h.extends ? first : h.most_tokens;
    TRY(const int64_t want, h.output_nanos(h.output_tokens));
    TRY(const int64_t slice, h.output_nanos(first));
    TRY(const int64_t least, h.output_nanos(std::min(first, least_output_tokens * envelope.n)));
    h.want_nanos = h.least_nanos = h.input_nanos + want;
    if (!h.extends && !h.clamps) return h;
    h.slice_nanos = h.input_nanos + slice;
    h.least_nanos = h.input_nanos + least;
    if (!envelope.max_output) return h;
    TRY(const int64_t all, h.output_nanos(h.most_tokens));
    h.must_cover_nanos = h.input_nanos + all;
    return h;
}

canon::Usage final_usage(const canon::Facts& facts, const canon::Envelope& envelope, const catalogue::Model& model) {
    if (facts.usage && facts.usage->sane()) {
        const int64_t most_in = std::max(model.context, canon::bound_tokens(envelope.size)) * 2;
        const int64_t most_out = std::max<int64_t>(most_output(envelope, model), 64) * 2;
        if (facts.usage->input_total() <= most_in &&
            (envelope.operation == canon::Operation::embedding || facts.usage->output_total() <= most_out))
            return *facts.usage;
    }
    canon::Usage own;
    own.estimated = true;
    own[Component::input] = canon::estimate_tokens(envelope.size, model.tokenizer);
    own[Component::output] = canon::estimate_tokens(facts.delivered, model.tokenizer);
    return own;
}

}  // namespace aig::gateway
