#include "api/portal/money.h"

#include "api/money_view.h"
#include "base/money.h"

namespace aig::api {
using canon::Component;
namespace {
void write_price(JsonWriter& w, std::string_view name, int64_t pico, Ratio ratio, int64_t units) {
    pico ? w.field(name, shown_price(pico, ratio, units)) : w.field_null(name);
}
/// What this account pays: the model's card or its own, the fee inside, less its percentage.
struct OwnPrice {
    const canon::PriceCard* card;
    Ratio ratio;
};
OwnPrice own_price(const catalogue::Model& model, Ratio fee, const catalogue::PriceList* list) {
    if (!list) return {&model.price, fee};
    const auto* row = list->find(model.id);
    if (row && row->card) return {row->card.get(), fee};
    return {&model.price, multiply(fee, row ? row->factor : list->factor).value_or(fee)};
}
}  // namespace

/// What a page has to know before anybody logs in.
Result<PortalReply> portal_config(Call& c) {
    TRYV(Query::parse(c.query, {}));
    const auto& o = c.portal.options();
    PortalReply reply;
    JsonWriter(reply.json)
        .begin_object()
        .field("sign_up", o.sign_up)
        .field("verification", o.verification ? "email" : "none")
        .field("currency", o.currency)
        .end_object();
    return reply;
}

Result<PortalReply> portal_balance(Call& c) {
    TRYV(Query::parse(c.query, {}));
    TRY(const auto view, c.portal.services().book->wallet_now(c.account()));
    PortalReply reply;
    JsonWriter(reply.json)
        .begin_object()
        .field("currency", view.currency)
        .field("balance", dollars(view.balance_nanos))
        .field("reserved", dollars(view.held_nanos))
        .field("available", dollars(view.available_nanos))
        .end_object();
    return reply;
}

Result<PortalReply> portal_models(Call& c) {
    TRYV(Query::parse(c.query, {}));
    const auto snapshot = c.portal.services().catalogue->get();
    const auto* lists = c.portal.services().price_lists;
    const auto list = lists ? lists->of(c.account()) : nullptr;
    PortalReply reply;
    JsonWriter w(reply.json);
    w.begin_object().field("currency", "USD").key("data").begin_array();
    for (const auto& [id, model] : snapshot->models) {
        if (!model->listed) continue;
        w.begin_object().field("id", id).field("name", model->name.empty() ? id : model->name);
        w.field("type", model->modality).field("context_window", model->context);
        const auto price = own_price(*model, snapshot->fee, list.get());
        write_price(w, "input_price", (*price.card)[Component::input], price.ratio, 1'000'000);
        write_price(w, "output_price", (*price.card)[Component::output], price.ratio, 1'000'000);
        write_price(w, "request_price", (*price.card)[Component::request], price.ratio, 1);
        w.end_object();
    }
    w.end_array().end_object();
    return reply;
}

}  // namespace aig::api
