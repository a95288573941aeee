#include "gateway/detail/explain.h"

#include <fmt/format.h>

#include "base/json.h"
#include "base/money.h"
#include "base/time.h"
#include "catalogue/build.h"
#include "gateway/rate_headers.h"

namespace aig::gateway {
namespace {
std::string ratio_text(Ratio r) { return r.den == 1 ? fmt::format("{}", r.num) : fmt::format("{}/{}", r.num, r.den); }

void write_plan(JsonWriter& w, const Flow& f) {
    w.key("plan").begin_array();
    for (const auto& a : f.plan.attempts) {
        const auto& t = *a.target;
        w.begin_object().field("provider", t.provider->name).field("model", t.model).field("priority", t.priority);
        w.field("lossless", a.lossless).field("resting", f.services.health->target_open(t, mono_ms())).end_object();
    }
    w.end_array().key("skipped").begin_array();
    for (const auto& s : f.plan.skipped)
        w.begin_object().field("provider", s.target->provider->name).field("why", s.why).end_object();
    w.end_array();
}

void write_price(JsonWriter& w, const Flow& f) {
    const auto& p = f.pricing;
    w.key("price").begin_object().field("source", price_source_name(p.source));
    w.field("version", fmt::format("price_{:x}", p.card->id)).field("currency", "USD");
    w.key("keys").begin_object();
    for (const auto& [key, text] : catalogue::price_text(*p.card)) w.field(key, text);
    w.end_object();
    if (p.quote)
        w.field("quote", p.quote->id).field("cap", dollars(p.quote->cap_nanos));
    else
        w.key("terms")
            .begin_object()
            .field("fee", ratio_text(p.terms.fee))
            .field("price_list", ratio_text(p.terms.price_list))
            .field("fx", ratio_text(p.terms.fx))
            .end_object();
    w.field("ratio", ratio_text(p.ratio)).end_object();
}

void write_hold(JsonWriter& w, const Flow& f, const ledger::WalletView& wallet) {
    const auto& h = f.holding;
    w.key("input").begin_object();
    w.field("tokens_estimated", canon::estimate_tokens(f.envelope.size, f.model->tokenizer));
    w.field("tokens_bound", canon::bound_tokens(f.envelope.size)).end_object();
    w.key("hold").begin_object().field("currency", wallet.currency).field("wanted", dollars(h.want_nanos));
    w.field("least", dollars(h.least_nanos)).field("output_tokens", h.output_tokens);
    w.field("extends", h.extends).field("clamps", h.clamps);
    if (f.clamped_max) w.field("max_tokens", *f.clamped_max);
    w.end_object();
    w.key("wallet").begin_object().field("currency", wallet.currency);
    w.field("available", dollars(wallet.available_nanos));
    w.field("enough", wallet.available_nanos >= h.least_nanos).end_object();
}
}  // namespace

rt::Task<Status> explain(Flow& f) {
    CO_TRY(const auto wallet, co_await f.services.book->wallet(f.call.principal->account));
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("object", "explanation").field("called", false).field("model", f.model->id);
    w.field("operation", canon::operation_name(f.envelope.operation));
    w.field("stream", f.envelope.stream);
    write_plan(w, f);
    write_price(w, f);
    write_hold(w, f, wallet);
    w.end_object();
    net::Headers headers;
    headers.add("content-type", "application/json");
    headers.add("x-request-id", f.call.correlation_id);
    headers.add("x-aig-request-id", f.call.request_id);
    const auto& p = *f.call.principal;
    if (const auto limits = rates_of(p); limits.any())  // which have got back what this asking took
        add_rate_headers(headers, f.services.limiter->state(p.line, limits, mono_ns(), now_us()), f.call.surface,
                         now_us());
    net::Pieces body{out};
    auto sent = co_await f.sink.whole(200, std::move(headers), std::move(body));
    co_return sent;
}

}  // namespace aig::gateway
