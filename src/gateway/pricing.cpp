#include "gateway/pricing.h"

#include <fmt/format.h>

#include "gateway/detail/holding.h"
#include "gateway/gateway.h"

namespace aig::gateway {
namespace {

/// The account's own price of this model, where it has a list.
void use_list(Pricing& p, catalogue::PriceListPtr list, std::string_view model) {
    const auto* row = list->find(model);
    if (row && row->card) {
        p.card = row->card.get();
        p.source = PriceSource::list_card;
    } else {
        p.terms.price_list = row ? row->factor : list->factor;
        p.source = PriceSource::list;
    }
    p.list = std::move(list);
}

Result<int64_t> media_nanos(const Pricing& pricing, const std::vector<canon::ExtraUnits>& units, Ratio ratio) {
    canon::Usage usage;
    usage.extra = units;
    for (const auto& u : units)
        if (!pricing.card->extra_price(u.component, u.variant) && !(*pricing.card)[canon::Component::request])
            return Error(ErrorCode::price_missing,
                         fmt::format("this model has no price per {}", canon::component_name(u.component)));
    return canon::price(*pricing.card, usage, ratio);
}

Status token_bounds(Preview& p, const Asked& asked) {
    auto e = asked.envelope;
    e.stream = false;  // a stream is held in slices; it costs the same
    if (e.operation != canon::Operation::embedding) {
        const int64_t most = p.model->max_output > 0 ? p.model->max_output : assumed_max_output;
        e.max_output = std::min(e.max_output.value_or(most), most);
        p.output_most = *e.max_output * e.n;
    }
    p.input_estimate = canon::estimate_tokens(e.size, p.model->tokenizer);
    p.input_bound = canon::bound_tokens(e.size);
    TRY(const auto held, plan_holding(e, *p.model, *p.pricing.card, p.pricing.ratio));
    p.most_nanos = held.want_nanos;
    canon::Usage least;
    least[canon::Component::input] = p.input_estimate;
    TRY(p.least_nanos, canon::price(*p.pricing.card, least, p.pricing.ratio));
    return {};
}

/// What the same would cost at most with other terms: the discount is the difference.
Result<int64_t> most_at(const Preview& p, const Asked& asked, Ratio ratio) {
    if (!asked.units.empty()) return media_nanos(p.pricing, asked.units, ratio);
    auto e = asked.envelope;
    e.stream = false;
    if (p.output_most) e.max_output = p.output_most / e.n;
    TRY(const auto held, plan_holding(e, *p.model, *p.pricing.card, ratio));
    return held.want_nanos;
}
}  // namespace

std::string_view price_source_name(PriceSource source) {
    static constexpr std::string_view names[] = {"model", "price_list", "price_list_card", "quote"};
    return names[static_cast<size_t>(source)];
}

Result<Pricing> price_for(const Services& services, const identity::Principal& principal, const catalogue::Model& model,
                          Ratio fee, const ledger::Coupon* coupon) {
    Pricing p;
    p.card = &model.price;
    p.terms.fee = fee;
    if (services.price_lists)
        if (auto list = services.price_lists->of(principal.account)) use_list(p, std::move(list), model.id);
    if (coupon && coupon->good_for(model.id)) {
        TRY(p.terms.coupon, coupon->ratio());
    }
    if (principal.currency != "USD") {
        const auto rate = services.book->rates()->of(principal.currency);
        if (!rate)
            return Error(ErrorCode::price_missing, fmt::format("there is no exchange rate for {}", principal.currency));
        p.fx = *rate;
        p.terms.fx = p.fx.per_usd;
    }
    TRY(p.ratio, p.terms.fold());
    return p;
}

bool cap(const Pricing& p, int64_t& cost_nanos) {
    if (!p.quote || cost_nanos <= p.quote->cap_nanos) return false;
    cost_nanos = p.quote->cap_nanos;
    return true;
}

Result<Preview> preview(const Services& services, const identity::Principal& principal, const Asked& asked,
                        const ledger::Coupon* coupon) {
    const auto snapshot = services.catalogue->get();
    Preview p;
    TRY(p.model, snapshot->resolve(asked.envelope.model));
    if (!principal.allows(p.model->id))
        return Error(ErrorCode::model_forbidden, fmt::format("this key may not use '{}'", p.model->id)).param("model");
    TRY(p.pricing, price_for(services, principal, *p.model, snapshot->fee, coupon));
    if (asked.units.empty()) {
        TRYV(token_bounds(p, asked));
    } else {
        TRY(p.most_nanos, media_nanos(p.pricing, asked.units, p.pricing.ratio));
        p.least_nanos = p.most_nanos;
    }
    p.list_nanos = p.most_nanos;
    if (p.pricing.terms.coupon != Ratio{}) {
        auto without = p.pricing.terms;
        without.coupon = {};
        TRY(const Ratio ratio, without.fold());
        TRY(p.list_nanos, most_at(p, asked, ratio));
    }
    return p;
}

}  // namespace aig::gateway
