#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "base/money.h"
#include "base/nearest.h"
#include "catalogue/build.h"
#include "catalogue/detail/fingerprint.h"

namespace aig::catalogue {
namespace {
using canon::Component;

/// A price key, what it prices, and how many decimal places of USD are one pico-USD a unit: 1e-12 for one request, 1e-6
/// for a million tokens.
struct PriceKey {
    std::string_view name;
    Component component;
    int places;
    int64_t max;
};
constexpr int64_t max_per_million = 1'000'000'000'000;      // 1,000,000 USD
constexpr int64_t max_per_request = 1'000'000'000'000'000;  // 1,000 USD
constexpr PriceKey keys[] = {
    {"input_per_million", Component::input, 6, max_per_million},
    {"cached_input_per_million", Component::cached_input, 6, max_per_million},
    {"cache_write_per_million", Component::cache_write, 6, max_per_million},
    {"cache_write_1h_per_million", Component::cache_write_1h, 6, max_per_million},
    {"output_per_million", Component::output, 6, max_per_million},
    {"reasoning_per_million", Component::reasoning, 6, max_per_million},
    {"per_request", Component::request, 12, max_per_request},
};

const PriceKey* find_key(std::string_view name) {
    for (const auto& k : keys)
        if (k.name == name) return &k;
    return nullptr;
}

Error unknown_key(std::string_view name) {
    for (const std::string_view media :
         {"per_image", "per_second", "per_minute", "per_character", "per_1k_characters", "per_megapixel"})
        if (name == media)
            return Error(ErrorCode::not_in_version, fmt::format("{}: not in this version", name))
                .param(std::string(name));
    return Error(ErrorCode::config_invalid,
                 fmt::format("unknown price key '{}'{}", name, did_you_mean(name, price_keys())))
        .param(std::string(name));
}

int64_t fingerprint(const canon::PriceCard& card) {
    std::string text;
    for (const int64_t p : card.pico) text += std::to_string(p) + ",";
    return static_cast<int64_t>(fnv1a(text) & static_cast<uint64_t>(std::numeric_limits<int64_t>::max()));
}
}  // namespace

std::vector<std::string_view> price_keys() {
    std::vector<std::string_view> names;
    for (const auto& k : keys) names.push_back(k.name);
    return names;
}

Result<canon::PriceCard> price_card(const PriceConfig& price) {
    canon::PriceCard card;
    std::array<bool, canon::fixed_components> given{};
    for (const auto& [name, text] : price) {
        const auto* key = find_key(name);
        if (!key) return unknown_key(name);
        auto pico = parse_decimal(text, key->places, name);
        if (!pico)
            return Error(ErrorCode::config_invalid,
                         fmt::format("{} (a price must be exact at 10^-12 USD per unit)", pico.error().message()))
                .param(name);
        if (*pico < 0 || *pico > key->max)
            return Error(ErrorCode::config_invalid,
                         fmt::format("{}: '{}' is out of range (0 to {})", name, text, decimal(key->max, key->places)))
                .param(name);
        card[key->component] = *pico;
        given[static_cast<size_t>(key->component)] = true;
    }
    const auto inherit = [&](Component c, Component from) {
        if (!given[static_cast<size_t>(c)]) card[c] = card[from];
    };
    inherit(Component::cached_input, Component::input);
    inherit(Component::cache_write, Component::input);
    inherit(Component::cache_write_1h, Component::cache_write);
    inherit(Component::reasoning, Component::output);
    card.id = fingerprint(card);
    return card;
}

canon::PriceCard dearest(std::span<const canon::PriceCard> cards) {
    canon::PriceCard most;
    for (const auto& card : cards)
        for (size_t i = 0; i < most.pico.size(); ++i) most.pico[i] = std::max(most.pico[i], card.pico[i]);
    most.id = fingerprint(most);
    return most;
}
}  // namespace aig::catalogue
