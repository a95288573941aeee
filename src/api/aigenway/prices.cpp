#include "api/aigenway/prices.h"

#include <algorithm>
#include <charconv>

#include "api/aigenway/price_view.h"
#include "catalogue/build.h"

namespace aig::api {
using canon::Component;
namespace {
constexpr int64_t default_size = 50, max_size = 200, max_page = 1'000'000;

/// A number out of its range is taken to the nearest one, as this service does.
int64_t clamped(std::string_view query, std::string_view name, int64_t otherwise, int64_t least, int64_t most) {
    const auto text = net::query_value(query, name);
    int64_t n = 0;
    const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (text.empty() || (bad != std::errc{} && bad != std::errc::result_out_of_range)) return otherwise;
    if (bad == std::errc::result_out_of_range) n = text.starts_with('-') ? least : most;
    return std::clamp(n, least, most);
}

/// One price: a model by one of its units, and of images by one variant.
struct Item {
    catalogue::ModelPtr model;
    const Method* method;
    PriceType type;
    std::string variant;
    gateway::Pricing pricing;
};

void append_items(std::vector<Item>& items, const catalogue::ModelPtr& model, const gateway::Pricing& pricing) {
    const Method* method = nullptr;
    for (const auto& m : methods())
        if (m.modality == model->modality && !method) method = &m;
    if (!method) return;
    const auto& card = *pricing.card;
    const auto add = [&](PriceType type, std::string variant = {}) {
        items.push_back({model, method, type, std::move(variant), pricing});
    };
    if (card[Component::input]) add(PriceType::per_token_input);
    if (card[Component::output]) add(PriceType::per_token_output);
    if (card[Component::request]) add(PriceType::per_request);
    for (const auto& e : card.extra) {
        if (e.component == Component::image) add(PriceType::per_image, e.variant);
        if (e.component == Component::second) add(PriceType::per_second);
    }
    if (card.per_request_only() || card.pico != canon::FixedPrices{} || !card.extra.empty()) return;
    add(PriceType::per_request);  // a free model: its price is nothing
}

std::string_view source_name(gateway::PriceSource source) {
    if (source == gateway::PriceSource::list_card) return "USER_BUNDLE_OVERRIDE";
    return source == gateway::PriceSource::list ? "USER_TARIFF" : "DEFAULT_TARIFF";
}

void write_item(JsonWriter& w, const Item& item) {
    const Service service{item.model, item.method};
    w.begin_object().field("provider", service_provider(*item.model)).field("model", service_model(*item.model));
    w.field("method", item.method->price_method);
    w.field("bundle_key", bundle_key(service, {"", item.variant, "", ""})).field_null("mode");
    item.variant.empty() ? w.field_null("resolution") : w.field("resolution", item.variant);
    w.field_null("duration_seconds").field_null("aspect_ratio").field("unit", price_unit(item.type));
    w.field("currency", "USD").field("source", source_name(item.pricing.source));
    w.field("pricing_rule_id", rule_id(item.pricing));
    write_components(w, item.pricing, item.variant);
    w.key("price_keys").begin_object();
    for (const auto& [key, text] : catalogue::price_text(*item.pricing.card)) w.field(key, text);
    w.end_object().end_object();
}

bool is_method(const Item& item, std::string_view name) {
    return name.empty() || name == item.method->price_method || name == item.method->code;
}
}  // namespace

rt::Task<Status> list_prices(Request& request) {
    const auto snapshot = request.services.catalogue->get();
    const auto& query = request.http.head().query;
    const auto provider = net::query_value(query, "provider"), name = net::query_value(query, "model"),
               method = net::query_value(query, "method");
    const int64_t page = clamped(query, "page", 1, 1, max_page);
    const int64_t size = clamped(query, "pageSize", default_size, 1, max_size);
    std::vector<Item> items;
    for (const auto& [id, model] : snapshot->models) {
        if (!on_offer(request, *model) || !is_provider(*model, provider) || !is_model(*model, name)) continue;
        CO_TRY(const auto pricing, request.services.gateway->pricing(*request.principal, *model));
        append_items(items, model, pricing);
    }
    std::erase_if(items, [&](const Item& i) { return !is_method(i, method); });
    const auto total = static_cast<int64_t>(items.size());
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("success", true).key("items").begin_array();
    for (int64_t i = (page - 1) * size; i < std::min(total, page * size); ++i)
        write_item(w, items[static_cast<size_t>(i)]);
    w.end_array().field("page", page).field("pageSize", size).field("total", total).end_object();
    auto sent = co_await reply_json(request, 200, std::move(out));
    co_return sent;
}

}  // namespace aig::api
