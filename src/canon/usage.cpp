#include "canon/usage.h"

#include <algorithm>

#include "base/money.h"

namespace aig::canon {
namespace {
constexpr std::string_view names[all_components] = {
    "input", "cached_input", "cache_write", "cache_write_1h", "output", "reasoning", "request",
    "image", "second",       "millisecond", "character",      "page",   "tool_call", "quote"};
constexpr int64_t most_units = 1'000'000'000;
constexpr auto request_place = static_cast<size_t>(Component::request);

int64_t units_of(const Usage& usage, size_t place) { return place == request_place ? 1 : usage.units[place]; }

/// Most cards have no tiers; then nothing is added up.
const FixedPrices& prices_for(const PriceCard& card, const Usage& usage) {
    return card.tiers.empty() ? card.pico : card.at(usage.input_total());
}

/// The rarer lines; most calls have none.
void append_extra(const PriceCard& card, const Usage& usage, std::vector<PriceLine>& lines) {
    for (const auto& e : usage.extra)
        if (const int64_t pico = card.extra_price(e.component, e.variant); e.units && pico)
            lines.push_back({static_cast<uint16_t>(e.component), e.units, pico});
}
}  // namespace

std::string_view component_name(Component c) { return names[static_cast<size_t>(c)]; }
std::optional<Component> component_named(std::string_view name) {
    const auto at = std::find(std::begin(names), std::end(names), name);
    if (at == std::end(names)) return std::nullopt;
    return static_cast<Component>(at - std::begin(names));
}

int64_t Usage::input_total() const {
    return (*this)[Component::input] + (*this)[Component::cached_input] + (*this)[Component::cache_write] +
           (*this)[Component::cache_write_1h];
}
int64_t Usage::output_total() const { return (*this)[Component::output] + (*this)[Component::reasoning]; }
bool Usage::sane() const {
    const auto believable = [](int64_t n) { return n >= 0 && n <= most_units; };
    return std::all_of(units.begin(), units.end(), believable) &&
           std::all_of(extra.begin(), extra.end(), [&](const ExtraUnits& e) { return believable(e.units); });
}

const FixedPrices& PriceCard::at(int64_t input_total) const {
    const FixedPrices* prices = &pico;
    for (const auto& t : tiers)
        if (input_total > t.above_input) prices = &t.pico;
    return *prices;
}

FixedPrices PriceCard::dearest_up_to(int64_t input_total) const {
    FixedPrices most = pico;
    for (const auto& t : tiers)
        if (input_total > t.above_input)
            for (size_t i = 0; i < most.size(); ++i) most[i] = std::max(most[i], t.pico[i]);
    return most;
}

int64_t PriceCard::extra_price(Component component, std::string_view variant) const {
    const auto size = variant.substr(0, variant.find('/'));
    int rank = 0;  // how well the price found so far fits
    int64_t found = 0;
    for (const auto& e : extra) {
        if (e.component != component) continue;
        const int fit = e.variant == variant ? 4 : e.variant == size ? 3 : e.variant.empty() ? 2 : 1;
        if (fit > rank || (fit == 1 && rank == 1 && e.pico > found)) found = e.pico;
        rank = std::max(rank, fit);
    }
    return found;
}

bool PriceCard::per_request_only() const {
    const auto only = [](const FixedPrices& p) {
        for (size_t i = 0; i < p.size(); ++i)
            if (p[i] && i != request_place) return false;
        return true;
    };
    return (*this)[Component::request] != 0 && extra.empty() && only(pico) &&
           std::all_of(tiers.begin(), tiers.end(), [&](const PriceTier& t) { return only(t.pico); });
}

Result<Ratio> Terms::fold() const {
    const Ratio terms[] = {fee, price_list, cache, batch, coupon, fx};
    // Nearly always there is a fee and nothing else.
    if (std::all_of(std::begin(terms) + 1, std::end(terms), [](const Ratio& t) { return t == Ratio{}; })) return fee;
    return product(terms);
}

std::vector<PriceLine> price_lines(const PriceCard& card, const Usage& usage) {
    std::vector<PriceLine> lines;
    lines.reserve(4);  // few calls have more
    const auto& pico = prices_for(card, usage);
    for (size_t i = 0; i < fixed_components; ++i)
        if (const int64_t units = units_of(usage, i); units && pico[i])
            lines.push_back({static_cast<uint16_t>(i), units, pico[i]});
    append_extra(card, usage, lines);
    return lines;
}

Result<int64_t> price(const PriceCard& card, const Usage& usage, Ratio ratio) {
    if (!usage.extra.empty()) return charge_nanos(price_lines(card, usage), ratio);
    const auto& pico = prices_for(card, usage);
    std::array<PriceLine, fixed_components> lines;
    for (size_t i = 0; i < fixed_components; ++i) lines[i] = {static_cast<uint16_t>(i), units_of(usage, i), pico[i]};
    return charge_nanos(lines, ratio);
}

PriceLine capped_line(int64_t nanos) { return {static_cast<uint16_t>(Component::quote), nanos, picos_per_nano}; }

}  // namespace aig::canon
