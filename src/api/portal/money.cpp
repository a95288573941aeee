#include "api/portal/money.h"

#include "api/money_view.h"
#include "base/money.h"

namespace aig::api {
using canon::Component;
namespace {
void write_price(JsonWriter& w, std::string_view name, int64_t pico, Ratio ratio, int64_t units) {
    pico ? w.field(name, shown_price(pico, ratio, units)) : w.field_null(name);
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
    PortalReply reply;
    JsonWriter w(reply.json);
    w.begin_object().field("currency", "USD").key("data").begin_array();
    for (const auto& [id, model] : snapshot->models) {
        if (!model->listed) continue;
        w.begin_object().field("id", id).field("name", model->name.empty() ? id : model->name);
        w.field("type", model->modality).field("context_window", model->context);
        write_price(w, "input_price", model->price[Component::input], snapshot->fee, 1'000'000);
        write_price(w, "output_price", model->price[Component::output], snapshot->fee, 1'000'000);
        write_price(w, "request_price", model->price[Component::request], snapshot->fee, 1);
        w.end_object();
    }
    w.end_array().end_object();
    return reply;
}

}  // namespace aig::api
