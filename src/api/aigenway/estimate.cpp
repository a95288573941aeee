#include "api/aigenway/estimate.h"

#include <algorithm>

#include <fmt/format.h>

#include "api/aigenway/price_view.h"
#include "api/idempotent.h"
#include "api/money_view.h"
#include "base/money.h"
#include "base/time.h"
#include "dialect/registry.h"

namespace aig::api {
using canon::Component;
namespace {
constexpr size_t max_word = 64;
constexpr int64_t max_text_output = 8'192, max_units = 10'000;

/// What the caller wants to know the price of.
struct Wanted {
    Service service;
    gateway::Asked asked;
    std::string resolution, coupon;
};

Result<std::string> word(JsonRef root, std::string_view name) {
    const auto v = root[name];
    if (v && !v.is_null() && !v.is_string())
        return Error(ErrorCode::bad_param, fmt::format("'{}' must be a string", name)).param(std::string(name));
    if (v.text().size() > max_word)
        return Error(ErrorCode::bad_param, fmt::format("'{}' may have {} characters", name, max_word))
            .param(std::string(name));
    return std::string(v.text());
}

/// The first of several spellings that is there, within [1, max_units]; else `otherwise`.
Result<int64_t> count_of(JsonRef params, std::initializer_list<std::string_view> names, int64_t otherwise) {
    for (const auto name : names) {
        const auto v = params[name];
        if (!v || v.is_null()) continue;
        const auto n = v.integer();
        if (!n || *n < 1 || *n > max_units)
            return Error(ErrorCode::bad_param, fmt::format("'{}' must be a whole number from 1 to {}", name, max_units))
                .param(std::string(name));
        return *n;
    }
    return otherwise;
}

void add_text(canon::InputSize& size, JsonRef v) {
    if (v && !v.is_null()) size.text.add(v.is_string() ? v.text() : v.raw());
}

Status ask_text(Wanted& w, JsonRef params) {
    auto& e = w.asked.envelope;
    for (const std::string_view name :
         {"prompt", "messages", "system_instruction", "tools", "response_schema", "response_format"})
        add_text(e.size, params[name]);
    e.size.messages = 1 + static_cast<int64_t>(params["messages"].size());
    e.size.tools = static_cast<int64_t>(params["tools"].size());
    const int64_t most =
        w.service.model->max_output > 0 ? std::min(w.service.model->max_output, max_text_output) : max_text_output;
    TRY(e.max_output, count_of(params, {"max_output_tokens", "maxOutputTokens", "max_tokens"}, most));
    return {};
}

Status ask_vectors(Wanted& w, JsonRef params) {
    auto& e = w.asked.envelope;
    e.operation = canon::Operation::embedding;
    for (const std::string_view name : {"inputs", "input", "title"}) {
        const auto v = params[name];
        e.size.messages += v.is_array() ? static_cast<int64_t>(v.size()) : 1;
        add_text(e.size, v);
    }
    return {};
}

Status ask_media(Wanted& w, JsonRef params) {
    TRY(w.resolution, word(params, "resolution"));
    const bool video = w.service.model->modality == "video";
    TRY(const int64_t clips, count_of(params, {"videos_count", "videosCount"}, 1));
    TRY(const int64_t images, count_of(params, {"images_count", "imagesCount", "n"}, 1));
    TRY(const int64_t seconds, count_of(params, {"duration_seconds", "durationSeconds", "duration"}, 10));
    if (video)
        w.asked.units = {{Component::second, w.resolution, seconds * clips}};
    else
        w.asked.units = {{Component::image, w.resolution, images * clips}};
    return {};
}

Result<Wanted> service_request(JsonRef root, const catalogue::Snapshot& snapshot) {
    Wanted w;
    TRY(const auto provider, word(root, "provider"));
    TRY(const auto model, word(root, "model"));
    TRY(const auto method, word(root, "method"));
    TRYV(word(root, "mode"));
    for (const auto& [name, text] :
         {std::pair<std::string_view, const std::string&>{"model", model}, {"method", method}})
        if (text.empty())
            return Error(ErrorCode::bad_param, fmt::format("'{}' is missing", name)).param(std::string(name));
    TRY(w.service, find_service(snapshot, provider, model, method));
    w.asked.envelope.model = w.service.model->id;
    const auto params = root["params"];
    if (params && !params.is_object() && !params.is_null())
        return Error(ErrorCode::bad_param, "'params' must be an object").param("params");
    const auto& modality = w.service.model->modality;
    TRYV(modality == "text"        ? ask_text(w, params)
         : modality == "embedding" ? ask_vectors(w, params)
                                   : ask_media(w, params));
    return w;
}

/// A body of chat completions or embeddings, as it would be sent.
Result<Wanted> call_request(JsonRef root, std::string_view body, const catalogue::Snapshot& snapshot) {
    Wanted w;
    const auto operation = root["messages"] ? canon::Operation::chat : canon::Operation::embedding;
    TRY(w.asked.envelope, dialect::openai_chat().peek({operation, body}));
    TRY(w.service.model, snapshot.resolve(w.asked.envelope.model));
    for (const auto& m : methods())
        if (m.modality == (operation == canon::Operation::chat ? "text" : "embedding")) w.service.method = &m;
    return w;
}

Result<Wanted> read_wanted(std::string_view body, const catalogue::Snapshot& snapshot) {
    TRY(const auto doc, JsonDoc::parse(body));
    const auto root = doc.root();
    if (!root.is_object()) return Error(ErrorCode::bad_json, "the body must be a JSON object");
    const bool call = !root["method"] && (root["messages"] || root["input"]);
    auto w = call ? call_request(root, body, snapshot) : service_request(root, snapshot);
    if (!w) return w;
    TRY(w->coupon, word(root, "coupon"));
    return w;
}

rt::Task<Result<std::shared_ptr<ledger::Coupon>>> offered(Request& request, const std::string& code) {
    if (code.empty()) co_return std::shared_ptr<ledger::Coupon>();
    auto coupon = std::make_shared<ledger::Coupon>();  // the reader's thread may outlive this task
    const AccountId account = request.principal->account;
    const int64_t now = request.started_us;
    std::function<Status(store::Db&)> read = [coupon, account, code, now](store::Db& db) -> Status {
        TRY(*coupon, ledger::offered_coupon(db, account, code, now));
        if (coupon->kind == ledger::CouponKind::discount) return {};
        return Error(ErrorCode::coupon_invalid, "this coupon is money: redeem it into the wallet").param("coupon");
    };
    CO_TRYV(co_await request.services.store->read(std::move(read)));
    co_return coupon;
}

catalogue::Quote quote_of(const Request& request, const Wanted& w, const gateway::Preview& p,
                          const std::string& coupon) {
    catalogue::Quote q;
    q.id = new_ulid("quo_");
    q.account = request.principal->account;
    q.model = p.model->id;
    q.operation = !w.asked.units.empty()                                 ? p.model->modality
                  : w.asked.envelope.operation == canon::Operation::chat ? "chat"
                                                                         : "embedding";
    q.card = *p.pricing.card;
    q.ratio = p.pricing.ratio;
    q.fx_id = p.pricing.fx.id;
    q.fx = p.pricing.fx.per_usd;
    q.currency = request.principal->currency;
    if (p.pricing.terms.coupon != Ratio{}) q.coupon = coupon;
    q.input_tokens = p.input_bound;
    q.output_tokens = p.output_most;
    q.cap_nanos = p.most_nanos;
    q.created_us = request.started_us;
    q.expires_us = request.started_us + catalogue::quote_life_us;
    return q;
}

void write_pricing(JsonWriter& w, const Wanted& wanted, const gateway::Preview& p, const std::string& currency) {
    w.key("pricing").begin_object();
    w.field("price_type", price_type_name(chief_price(*p.pricing.card, p.model->modality)));
    w.field("final_price", tenth_nanos_up(p.most_nanos))
        .field("discount", tenth_nanos_down(p.list_nanos - p.most_nanos));
    w.field("reserved_amount", tenth_nanos_up(p.most_nanos)).field("currency", currency);
    w.field("pricing_rule_id", rule_id(p.pricing))
        .field("bundle_key", bundle_key(wanted.service, {"", wanted.resolution, "", ""}));
    write_components(w, p.pricing, wanted.resolution);
    w.end_object();
}

std::string reply_of(const Wanted& wanted, const gateway::Preview& p, const catalogue::Quote& q,
                     const ledger::WalletView& wallet) {
    std::string out;
    JsonWriter w(out);
    w.begin_object().field("success", true).field("provider", service_provider(*p.model));
    w.field("model", service_model(*p.model)).field("method", wanted.service.method->code);
    write_pricing(w, wanted, p, q.currency);
    w.key("balance").begin_object().field("available", tenth_nanos_down(wallet.available_nanos));
    w.field("reserved", tenth_nanos_down(wallet.held_nanos));
    w.field("enough_balance", wallet.available_nanos >= p.most_nanos).field("currency", wallet.currency).end_object();
    w.key("estimate").begin_object().field("min", dollars(p.least_nanos)).field("max", dollars(p.most_nanos));
    w.field("currency", q.currency).field("input_tokens", p.input_estimate);
    w.field("input_tokens_max", p.input_bound).field("output_tokens_max", p.output_most).end_object();
    w.field("quote_id", q.id);
    w.key("quote").begin_object().field("id", q.id).field("header", "x-aig-quote").field("model", q.model);
    w.field("cap", dollars(q.cap_nanos)).field("currency", q.currency).field("expires_at", iso_utc(q.expires_us));
    q.coupon.empty() ? w.field_null("coupon") : w.field("coupon", q.coupon);
    w.end_object().end_object();
    return out;
}
}  // namespace

rt::Task<Status> estimate(Request& request) {
    CO_TRY(const auto body, co_await take_body(request, request.services.max_json_body));
    const auto snapshot = request.services.catalogue->get();
    CO_TRY(const auto wanted, read_wanted(body.bytes, *snapshot));
    CO_TRY(const auto coupon, co_await offered(request, wanted.coupon));
    CO_TRY(const auto p, request.services.gateway->preview(*request.principal, wanted.asked, coupon.get()));
    CO_TRY(const auto wallet, co_await request.services.book->wallet(request.principal->account));
    const auto quote = quote_of(request, wanted, p, coupon ? coupon->code : "");
    std::string reply = reply_of(wanted, p, quote, wallet);
    store::Batch batch;
    batch.ops = keep_reply(request, 200, reply);
    batch.ops.push_back(catalogue::issue(quote));
    CO_TRYV(co_await request.services.store->commit(std::move(batch)));
    auto sent = co_await reply_json(request, 200, std::move(reply));
    co_return sent;
}

}  // namespace aig::api
