#include "api/aigenway/price_view.h"

#include <openssl/sha.h>

#include <fmt/format.h>

#include "base/money.h"

namespace aig::api {
using canon::Component;
namespace {

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return out;
}

/// pico-USD times the terms, in 10^-8 USD: as exact as six further places say, rounded up.
std::string units(int64_t pico, Ratio ratio) {
    const auto scaled = static_cast<unsigned __int128>(pico) * static_cast<unsigned __int128>(ratio.num) * 100;
    const auto den = static_cast<unsigned __int128>(ratio.den);
    const auto rounded = scaled / den + (scaled % den != 0);
    return decimal(rounded > INT64_MAX ? INT64_MAX : static_cast<int64_t>(rounded), 6);
}

/// Prices are shown in USD; the wallet's rate comes in when money moves.
Ratio shown_ratio(const gateway::Pricing& p) {
    auto terms = p.terms;
    terms.fx = {};
    return terms.fold().value_or(p.ratio);
}

void field(JsonWriter& w, std::string_view name, int64_t pico, Ratio ratio) {
    if (pico)
        w.field(name, units(pico, ratio));
    else
        w.field_null(name);
}
}  // namespace

std::string bundle_key(const Service& service, const Bundle& b) {
    std::string json;
    JsonWriter w(json);
    const auto member = [&](std::string_view name, std::string_view value) {
        value.empty() ? w.field_null(name) : w.field(name, value);
    };
    w.begin_object();
    member("aspectRatio", b.aspect_ratio);
    member("durationSeconds", b.duration);
    member("method", service.method->code);
    member("mode", b.mode);
    member("model", lower(service_model(*service.model)));
    member("provider", lower(service_provider(*service.model)));
    member("resolution", b.resolution);
    w.end_object();
    unsigned char digest[SHA256_DIGEST_LENGTH];
    SHA256(reinterpret_cast<const unsigned char*>(json.data()), json.size(), digest);
    std::string hex;
    for (const unsigned char c : digest) hex += fmt::format("{:02x}", c);
    return hex;
}

std::string_view price_type_name(PriceType type) {
    static constexpr std::string_view names[] = {"per_request", "per_token_input", "per_token_output", "per_image",
                                                 "per_second"};
    return names[static_cast<size_t>(type)];
}
std::string_view price_unit(PriceType type) {
    static constexpr std::string_view names[] = {"PER_REQUEST", "PER_TOKEN_INPUT", "PER_TOKEN_OUTPUT", "PER_IMAGE",
                                                 "PER_SECOND"};
    return names[static_cast<size_t>(type)];
}

PriceType chief_price(const canon::PriceCard& card, std::string_view modality) {
    if (card.per_request_only()) return PriceType::per_request;
    if (card.extra_price(Component::image, "")) return PriceType::per_image;
    if (card.extra_price(Component::second, "")) return PriceType::per_second;
    return modality == "embedding" ? PriceType::per_token_input : PriceType::per_token_output;
}

void write_components(JsonWriter& w, const gateway::Pricing& pricing, std::string_view image_variant) {
    const auto& card = *pricing.card;
    const Ratio ratio = shown_ratio(pricing);
    w.key("components").begin_object();
    field(w, "basePriceUnits", card[Component::request], ratio);
    field(w, "inputPerTokenUnits", card[Component::input], ratio);
    field(w, "outputPerTokenUnits", card[Component::output], ratio);
    field(w, "perSecondUnits", card.extra_price(Component::second, ""), ratio);
    field(w, "perImageUnits", card.extra_price(Component::image, image_variant), ratio);
    w.end_object();
}

std::string rule_id(const gateway::Pricing& pricing) { return fmt::format("price_{:x}", pricing.card->id); }

}  // namespace aig::api
