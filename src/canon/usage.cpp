#include "canon/usage.h"

namespace aig::canon {

std::string_view component_name(Component c) {
    static constexpr std::string_view names[] = {"input",  "cached_input", "cache_write", "cache_write_1h",
                                                 "output", "reasoning",    "request"};
    return names[static_cast<size_t>(c)];
}

int64_t Usage::input_total() const {
    return (*this)[Component::input] + (*this)[Component::cached_input] + (*this)[Component::cache_write] +
           (*this)[Component::cache_write_1h];
}
int64_t Usage::output_total() const { return (*this)[Component::output] + (*this)[Component::reasoning]; }
bool Usage::sane() const {
    for (const int64_t u : units)
        if (u < 0 || u > 1'000'000'000) return false;
    return true;
}

bool PriceCard::per_request_only() const {
    for (size_t i = 0; i < component_count; ++i)
        if (pico[i] && i != static_cast<size_t>(Component::request)) return false;
    return (*this)[Component::request] != 0;
}

std::vector<PriceLine> price_lines(const PriceCard& card, const Usage& usage) {
    std::vector<PriceLine> lines;
    for (size_t i = 0; i < component_count; ++i) {
        const int64_t units = i == static_cast<size_t>(Component::request) ? 1 : usage.units[i];
        if (units && card.pico[i]) lines.push_back({static_cast<uint16_t>(i), units, card.pico[i]});
    }
    return lines;
}
Result<int64_t> price(const PriceCard& card, const Usage& usage, Ratio terms) {
    return charge_nanos(price_lines(card, usage), terms);
}

}  // namespace aig::canon
