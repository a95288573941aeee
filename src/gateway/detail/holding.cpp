#include "gateway/detail/holding.h"

#include <algorithm>

namespace aig::gateway {
using canon::Component;
namespace {

/// One card with only what output can cost, at its dearest.
int64_t dearest_output(const canon::PriceCard& card) {
    return std::max(card[Component::output], card[Component::reasoning]);
}
int64_t dearest_input(const canon::PriceCard& card) {
    return std::max({card[Component::input], card[Component::cached_input], card[Component::cache_write],
                     card[Component::cache_write_1h]});
}

Result<int64_t> input_price(const Holding& h, int64_t tokens) {
    const PriceLine lines[] = {{0, tokens, dearest_input(h.card)}, {0, 1, h.card[Component::request]}};
    return charge_nanos(lines, h.terms);
}

/// All output tokens the call may make: its own maximum, or the model's, for every choice.
int64_t most_output(const canon::Envelope& e, const catalogue::Model& m) {
    const int64_t most = m.max_output > 0 ? m.max_output : assumed_max_output;
    return (e.max_output ? *e.max_output : most) * e.n;
}
}  // namespace

Result<int64_t> Holding::output_nanos(int64_t tokens) const {
    const PriceLine line{0, tokens, dearest_output(card)};
    return charge_nanos({&line, 1}, terms);
}

int64_t Holding::affordable_tokens(int64_t held_nanos) const {
    const int64_t left = held_nanos - input_nanos;
    const int64_t price = dearest_output(card);
    if (left <= 0) return 0;
    if (price == 0) return output_tokens;
    // Rounding down twice is on the safe side: tokens * price * num / den <= left.
    const auto picos = static_cast<__int128>(left) * 1000 * terms.den / terms.num;
    return static_cast<int64_t>(std::min<__int128>(picos / price, output_tokens));
}

Result<Holding> plan_holding(const canon::Envelope& envelope, const catalogue::Model& model, Ratio terms) {
    Holding h;
    h.card = model.price;
    h.terms = terms;
    h.choices = envelope.n;
    if (model.price.per_request_only()) {
        TRY(h.want_nanos, canon::price(model.price, {}, terms));
        h.least_nanos = h.input_nanos = h.want_nanos;
        return h;
    }
    TRY(h.input_nanos, input_price(h, canon::bound_tokens(envelope.size)));
    if (envelope.operation == canon::Operation::embedding) {
        h.want_nanos = h.least_nanos = h.input_nanos;
        return h;
    }
    h.output_tokens = most_output(envelope, model);
    h.extends = envelope.stream && !envelope.max_output && h.output_tokens > first_slice_tokens * envelope.n;
    h.clamps = !envelope.stream && !envelope.max_output;
    if (h.extends) h.output_tokens = first_slice_tokens * envelope.n;
    TRY(const int64_t want, h.output_nanos(h.output_tokens));
    TRY(const int64_t least, h.output_nanos(std::min(h.output_tokens, least_output_tokens * envelope.n)));
    h.want_nanos = h.input_nanos + want;
    h.least_nanos = h.extends || h.clamps ? h.input_nanos + least : h.want_nanos;
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
