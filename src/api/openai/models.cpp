#include "api/openai/models.h"

#include <algorithm>

#include "api/anthropic/models.h"
#include "api/money_view.h"
#include "base/json.h"

namespace aig::api {
using canon::Component;
namespace {

/// What prices are multiplied with for this caller: sk-aig- keys see the base price and the fee beside it, all others
/// the price with the fee inside; then the display currency.
struct PriceView {
    Ratio ratio;
    std::string currency;
};

PriceView price_view(const Request& request, const catalogue::Snapshot& snapshot) {
    const Display& display = display_for(request.services, request.key_prefix);
    const Ratio fee = request.surface == canon::Surface::aigateway ? Ratio{} : snapshot.fee;
    return {multiply(fee, display.rate).value_or(fee), display.currency};
}

void write_per_million(JsonWriter& w, std::string_view name, int64_t pico, const PriceView& view) {
    if (pico)
        w.field_raw(name, shown_price(pico, view.ratio, 1'000'000));
    else
        w.field_null(name);
}

void write_pricing(JsonWriter& w, const catalogue::Model& m, const Request& request,
                   const catalogue::Snapshot& snapshot) {
    const auto view = price_view(request, snapshot);
    const auto& p = m.price;
    const bool by_request = p.per_request_only();
    w.key("pricing").begin_object();
    w.field("billing_unit", by_request ? "request" : "token");
    write_per_million(w, "input_per_million", p[Component::input], view);
    write_per_million(w, "output_per_million", p[Component::output], view);
    write_per_million(w, "cached_input_per_million", p[Component::cached_input], view);
    write_per_million(w, "cache_write_per_million", p[Component::cache_write], view);
    w.field("prompt", shown_price(p[Component::input], view.ratio, 1));
    w.field("completion", shown_price(p[Component::output], view.ratio, 1));
    w.field_null("image");
    if (p[Component::request])
        w.field("request", shown_price(p[Component::request], view.ratio, 1));
    else
        w.field_null("request");
    if (by_request) w.field_raw("per_unit", shown_price(p[Component::request], view.ratio, 1));
    if (request.surface == canon::Surface::aigateway)
        w.field_raw("fee_multiplier", shown_price(1'000'000'000'000, snapshot.fee, 1));
    w.field("currency", view.currency).end_object();
}

bool can(const catalogue::Model& m, std::string_view capability) {
    return std::find(m.capabilities.begin(), m.capabilities.end(), capability) != m.capabilities.end();
}

void write_model(JsonWriter& w, const catalogue::Model& m, const Request& request,
                 const catalogue::Snapshot& snapshot) {
    const bool embedding = m.modality == "embedding";
    w.begin_object();
    w.field("id", m.id).field("object", "model").field("created", m.created_s).field("owned_by", m.owned_by);
    w.field("name", m.name.empty() ? m.id : m.name).field("provider", m.owned_by).field("modality", m.modality);
    w.key("capabilities").begin_array();
    for (const auto& c : m.capabilities) w.string(c);
    w.end_array();
    w.field("context_window", m.context).field("context_length", m.context).field("max_output_tokens", m.max_output);
    write_pricing(w, m, request, snapshot);
    w.key("architecture").begin_object().key("input_modalities").begin_array().string("text");
    if (can(m, "vision")) w.string("image");
    w.end_array()
        .key("output_modalities")
        .begin_array()
        .string(embedding ? "embedding" : "text")
        .end_array()
        .end_object();
    w.key("supported_endpoints").begin_array().string(embedding ? "/v1/embeddings" : "/v1/chat/completions");
    if (!embedding) w.string("/v1/responses");
    w.end_array();
    w.field("status", "active").field("tier", "paid").end_object();
}

bool visible(const Request& request, const catalogue::Model& m) {
    return m.listed && (!request.principal || request.principal->allows(m.id));
}
}  // namespace

rt::Task<Status> list_models(Request& request) {
    if (request.surface == canon::Surface::anthropic) {
        auto listed = co_await list_anthropic_models(request);
        co_return listed;
    }
    const auto snapshot = request.services.catalogue->get();
    const auto modality = net::query_value(request.http.head().query, "modality");
    const auto provider = net::query_value(request.http.head().query, "provider");
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("object", "list").key("data").begin_array();
    for (const auto& [id, model] : snapshot->models) {
        if (!visible(request, *model)) continue;
        if (!modality.empty() && model->modality != modality) continue;
        if (!provider.empty() && model->owned_by != provider) continue;
        write_model(w, *model, request, *snapshot);
    }
    w.end_array().end_object();
    auto sent = co_await reply_json(request, 200, std::move(out));
    co_return sent;
}

rt::Task<Status> get_model(Request& request) {
    const auto snapshot = request.services.catalogue->get();
    CO_TRY(const auto model, snapshot->resolve(request.arg));
    if (request.principal && !request.principal->allows(model->id))
        co_return Error(ErrorCode::model_not_found, "this key may not use '" + model->id + "'");
    if (request.surface == canon::Surface::anthropic) {
        auto shown = co_await get_anthropic_model(request, model);
        co_return shown;
    }
    std::string out;
    JsonWriter w(out);
    write_model(w, *model, request, *snapshot);
    auto sent = co_await reply_json(request, 200, std::move(out));
    co_return sent;
}

}  // namespace aig::api
