#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <set>

#include <fmt/format.h>

#include "base/money.h"
#include "base/nearest.h"
#include "catalogue/build.h"
#include "catalogue/detail/fingerprint.h"

namespace aig::catalogue {
namespace {
using canon::Component;

/// A price key: what it prices, the decimal places at which it is exact (1e-12 USD a unit), and how many units it is
/// the price of beyond that power of ten.
struct PriceKey {
    std::string_view name;
    Component component;
    int places;
    int64_t max;
    int64_t units = 1;
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
    {"per_image", Component::image, 12, max_per_request},
    {"per_second", Component::second, 12, max_per_request},
    {"per_minute", Component::second, 12, max_per_request, 60},
    {"per_millisecond", Component::millisecond, 12, max_per_request},
    {"per_1k_characters", Component::character, 9, max_per_million},
    {"per_page", Component::page, 12, max_per_request},
    {"per_1k_pages", Component::page, 9, max_per_million},
    {"per_tool_call", Component::tool_call, 12, max_per_request},
};
/// Groups of prices by variant: "images.1024x1024/hd", "tools.web_search".
constexpr std::pair<std::string_view, Component> variant_groups[] = {{"images", Component::image},
                                                                     {"tools", Component::tool_call}};
constexpr size_t max_variants = 64, max_variant_name = 64, max_tiers = 8;
constexpr int64_t max_tier_tokens = 100'000'000;

const PriceKey* find_key(std::string_view name) {
    for (const auto& k : keys)
        if (k.name == name) return &k;
    return nullptr;
}
bool fixed(Component c) { return static_cast<size_t>(c) < canon::fixed_components; }

Error wrong(std::string_view path, std::string_view text, std::string_view why) {
    return Error(ErrorCode::config_invalid, fmt::format("{}: '{}' {}", path, text.substr(0, 48), why))
        .param(std::string(path));
}

Error unknown_key(std::string_view path) {
    if (path == "per_megapixel")
        return Error(ErrorCode::not_in_version, fmt::format("{}: not in this version", path)).param(std::string(path));
    auto names = price_keys();
    for (const std::string_view group : {"images", "tools", "above"}) names.push_back(group);
    return Error(ErrorCode::config_invalid,
                 fmt::format("unknown price key '{}'{}", path.substr(0, 80), did_you_mean(path, names)))
        .param(std::string(path));
}

/// Pico-USD a unit. `path` names the value in the message.
Result<int64_t> pico_of(const PriceKey& key, std::string_view path, std::string_view text) {
    const auto pico = parse_decimal(text, key.places, path);
    constexpr std::string_view rule = "(a price must be exact at 10^-12 USD per unit)";
    if (!pico)
        return Error(ErrorCode::config_invalid, fmt::format("{} {}", pico.error().message(), rule))
            .param(std::string(path));
    if (*pico % key.units != 0) return wrong(path, text, fmt::format("cannot be divided by 60 exactly {}", rule));
    if (*pico < 0 || *pico > key.max)
        return wrong(path, text, fmt::format("is out of range (0 to {})", decimal(key.max, key.places)));
    return *pico / key.units;
}

/// The six token prices of a card or of one tier; what is not given follows from what is.
class TokenPrices {
  public:
    void set(Component c, int64_t pico) {
        pico_[static_cast<size_t>(c)] = pico;
        given_[static_cast<size_t>(c)] = true;
    }
    bool has(Component c) const { return given_[static_cast<size_t>(c)]; }
    /// Members that neither are given nor follow come from `base`, where there is one.
    canon::FixedPrices finish(const TokenPrices* base = nullptr) {
        if (base)
            for (const auto c : {Component::input, Component::output, Component::request})
                if (!has(c)) set(c, base->pico_[static_cast<size_t>(c)]);
        inherit(Component::cached_input, Component::input, base);
        inherit(Component::cache_write, Component::input, base);
        inherit(Component::cache_write_1h, Component::cache_write, base);
        inherit(Component::reasoning, Component::output, base);
        return pico_;
    }

  private:
    /// A price that the card gives is not dropped by a tier that does not mention it; what followed goes on following.
    void inherit(Component c, Component from, const TokenPrices* base) {
        if (has(c)) return;
        const auto at = static_cast<size_t>(c);
        pico_[at] = base && base->given_[at] ? base->pico_[at] : pico_[static_cast<size_t>(from)];
    }
    canon::FixedPrices pico_{};
    std::array<bool, canon::fixed_components> given_{};
};

class CardMaker {
  public:
    Result<canon::PriceCard> make(const PriceConfig& price) {
        for (const auto& [path, text] : price) TRYV(take(path, text));
        canon::PriceCard card;
        for (auto& [above, prices] : tiers_) card.tiers.push_back({above, prices.finish(&tokens_)});
        card.pico = tokens_.finish();
        for (const auto& [what, pico] : extra_) card.extra.push_back({what.first, what.second, pico});
        if (extra_.size() > max_variants)
            return Error(ErrorCode::config_invalid, fmt::format("has more than {} prices of variants", max_variants));
        card.id = fingerprint(card);
        return card;
    }

  private:
    Status take(std::string_view path, std::string_view text) {
        const auto dot = path.find('.');
        if (dot == std::string_view::npos) return take_plain(path, path, text, tokens_, false);
        const auto group = path.substr(0, dot), rest = path.substr(dot + 1);
        if (group == "above") return take_tier(path, rest, text);
        for (const auto& [name, component] : variant_groups)
            if (group == name) return take_variant(component, path, rest, text);
        return unknown_key(path);
    }

    Status take_plain(std::string_view path, std::string_view name, std::string_view text, TokenPrices& into,
                      bool tier) {
        const auto* key = find_key(name);
        if (!key || (tier && !fixed(key->component))) return unknown_key(path);
        TRY(const int64_t pico, pico_of(*key, path, text));
        if (fixed(key->component)) {
            into.set(key->component, pico);
            return {};
        }
        if (!extra_.emplace(std::pair(key->component, std::string()), pico).second)
            return wrong(path, text, fmt::format("prices a {} a second time", component_name(key->component)));
        return {};
    }

    Status take_variant(Component component, std::string_view path, std::string_view variant, std::string_view text) {
        if (variant.empty() || variant.size() > max_variant_name)
            return wrong(path, text, "has a variant name that is not 1 to 64 characters long");
        TRY(const int64_t pico, pico_of({"", component, 12, max_per_request}, path, text));
        extra_[{component, std::string(variant)}] = pico;
        return {};
    }

    Status take_tier(std::string_view path, std::string_view rest, std::string_view text) {
        const auto dot = rest.find('.');
        const auto tokens = rest.substr(0, dot);
        int64_t above = 0;
        const auto [end, bad] = std::from_chars(tokens.data(), tokens.data() + tokens.size(), above);
        if (dot == std::string_view::npos || bad != std::errc{} || end != tokens.data() + tokens.size() || above < 1 ||
            above > max_tier_tokens)
            return Error(ErrorCode::config_invalid, fmt::format("above.{}: a tier begins above 1 to {} input tokens",
                                                                tokens.substr(0, 40), max_tier_tokens))
                .param(std::string(path));
        TRYV(take_plain(path, rest.substr(dot + 1), text, tiers_[above], true));
        if (tiers_.size() > max_tiers)
            return Error(ErrorCode::config_invalid, fmt::format("has more than {} tiers", max_tiers)).param("above");
        return {};
    }

    TokenPrices tokens_;
    std::map<int64_t, TokenPrices> tiers_;
    std::map<std::pair<Component, std::string>, int64_t> extra_;
};
}  // namespace

int64_t fingerprint(const canon::PriceCard& card) {
    std::string text;
    for (const int64_t p : card.pico) text += std::to_string(p) + ",";
    for (const auto& t : card.tiers) {
        text += fmt::format(">{}:", t.above_input);
        for (const int64_t p : t.pico) text += std::to_string(p) + ",";
    }
    for (const auto& e : card.extra)
        text += fmt::format("+{}/{}:{},", static_cast<int>(e.component), e.variant, e.pico);
    return static_cast<int64_t>(fnv1a(text) & static_cast<uint64_t>(std::numeric_limits<int64_t>::max()));
}

std::vector<std::string_view> price_keys() {
    std::vector<std::string_view> names;
    for (const auto& k : keys) names.push_back(k.name);
    return names;
}

Result<canon::PriceCard> price_card(const PriceConfig& price) { return CardMaker().make(price); }

PriceConfig price_text(const canon::PriceCard& card) {
    PriceConfig out;
    const auto put = [&](const std::string& prefix, const canon::FixedPrices& prices) {
        for (size_t i = 0; i < canon::fixed_components; ++i)
            if (prices[i] || i == static_cast<size_t>(Component::input))
                out[prefix + std::string(keys[i].name)] = decimal(prices[i], keys[i].places);
    };
    put("", card.pico);
    for (const auto& t : card.tiers) put(fmt::format("above.{}.", t.above_input), t.pico);
    for (const auto& e : card.extra) {
        const auto key = std::find_if(std::begin(keys), std::end(keys),
                                      [&](const PriceKey& k) { return k.component == e.component; });
        std::string name(key->name);
        int places = key->places;
        for (const auto& [group, component] : variant_groups)
            if (component == e.component && !e.variant.empty())
                name = std::string(group) + "." + e.variant, places = 12;
        out[name] = decimal(e.pico, places);
    }
    return out;
}

canon::PriceCard dearest(std::span<const canon::PriceCard> cards) {
    canon::PriceCard most;
    std::set<int64_t> steps;
    std::set<std::pair<Component, std::string>> extras;
    const auto raise = [](canon::FixedPrices& to, const canon::FixedPrices& by) {
        for (size_t i = 0; i < to.size(); ++i) to[i] = std::max(to[i], by[i]);
    };
    for (const auto& card : cards) {
        raise(most.pico, card.pico);
        for (const auto& t : card.tiers) steps.insert(t.above_input);
        for (const auto& e : card.extra) extras.emplace(e.component, e.variant);
    }
    for (const int64_t step : steps) {
        auto& tier = most.tiers.emplace_back(canon::PriceTier{step, {}});
        for (const auto& card : cards) raise(tier.pico, card.at(step + 1));
    }
    for (const auto& [component, variant] : extras) {
        int64_t pico = 0;
        for (const auto& card : cards) pico = std::max(pico, card.extra_price(component, variant));
        most.extra.push_back({component, variant, pico});
    }
    most.id = fingerprint(most);
    return most;
}
}  // namespace aig::catalogue
